namespace Gatehouse.Upstream.Credentials;

/// <summary>How the requests to a provider are authenticated, and the places that belong to it.</summary>
/// <param name="Signer">Null where headers that never change are enough.</param>
internal sealed record CredentialModel(
    IRequestSigner? Signer = null, SignerKey? Key = null, string? Region = null, string? Project = null, string? Location = null)
{
    /// <summary>A base URL of the provider table with the region or location in it; null where that is not known.</summary>
    public string? Endpoint(string? template)
    {
        if (template?.Contains("{region}", StringComparison.Ordinal) == true)
        {
            return Region is null ? null : template.Replace("{region}", Region, StringComparison.Ordinal);
        }

        // Google Cloud's hosts: global has no prefix, and the two multi-regions have hosts of their own.
        return template?.Contains("{location}", StringComparison.Ordinal) != true ? template : Location switch
        {
            null => null,
            "global" => template.Replace("{location}-", "", StringComparison.Ordinal),
            "us" or "eu" => template.Replace("{location}-aiplatform.", $"aiplatform.{Location}.rep.", StringComparison.Ordinal),
            _ => template.Replace("{location}", Location, StringComparison.Ordinal),
        };
    }
}
