namespace Gatehouse.Upstream.Credentials;

/// <summary>An access key of AWS. Secrets do not print.</summary>
/// <param name="SessionToken">With temporary credentials only.</param>
internal sealed record AwsCredentials(string AccessKeyId, string SecretAccessKey, string? SessionToken)
{
    public override string ToString() => AccessKeyId;
}
