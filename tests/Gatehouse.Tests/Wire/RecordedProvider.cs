using Gatehouse.Upstream;

namespace Gatehouse.Tests.Wire;

/// <summary>
/// The provider of a recording as a user would configure it: of its own kind in the provider table where it has one, so that what the
/// table says of it is in force, and with the base URL that leads to the recorded address.
/// </summary>
internal sealed record RecordedProvider(string Kind, string BasePath, string? ApiVersion)
{
    public const string ApiKey = "upstream-secret";

    private const string Deployments = "/openai/deployments/";

    public string Name => (Kind + BasePath + (ApiVersion is null ? "" : $"-{ApiVersion}")).Replace('/', '-');

    /// <summary>Usage in streams must be asked for, says the provider table.</summary>
    public bool NeedsAskingForUsage => ProviderTable.Entries[Kind].StreamUsage == StreamUsage.OnRequest;

    public string Yaml(Uri upstream) =>
        $"  \"{Name}\": {{ kind: {Kind}, api_key: {ApiKey}, base_url: \"{upstream.GetLeftPart(UriPartial.Authority)}{BasePath}\""
        + (ApiVersion is null ? " }\n" : $", api_version: \"{ApiVersion}\" }}\n");

    public static RecordedProvider Of(Recording recording)
    {
        var url = recording.Url;
        var path = PathOf(recording);
        if (recording.Provider == "azure" && url.Host.EndsWith(".openai.azure.com", StringComparison.Ordinal)
            && path.StartsWith("/openai/", StringComparison.Ordinal))
        {
            // The bare resource host: the gateway adds the path of the deployment, or /openai/v1 where there is no API version.
            return new RecordedProvider("azure-openai", "", url.Query.Length == 0 ? null : url.Query["?api-version=".Length..]);
        }

        return new RecordedProvider(KindOf(recording), path[..^recording.Endpoint.Length], null);
    }

    /// <summary>
    /// The model's name in a request to this provider; Azure's API version chooses the form of the address in which the deployment is
    /// the model, whatever the recorded body said.
    /// </summary>
    public string ModelOf(Recording recording, string? named) => ApiVersion is null
        ? named ?? recording.Model ?? "unnamed"
        : PathOf(recording)[Deployments.Length..^recording.Endpoint.Length];

    /// <summary>
    /// The address that must be called. A query is part of a base URL nowhere but at Azure OpenAI (<c>api_version</c>), so that of Azure AI's
    /// older /models path is not sent; a fragment (some recordings are marked <c>#stream</c>) never goes over the wire.
    /// </summary>
    public string TargetOf(Recording recording) => PathOf(recording) + (ApiVersion is null ? "" : recording.Url.Query);

    /// <summary>One recorded client wrote two slashes after the host.</summary>
    private static string PathOf(Recording recording) => recording.Url.AbsolutePath.Replace("//", "/", StringComparison.Ordinal);

    private static string KindOf(Recording recording) => recording.Provider switch
    {
        "azure" => "azure-ai",
        "alibaba" => "dashscope",
        "ollama" when recording.Url.Host == "ollama.com" => "ollama-cloud",
        "zai" when recording.Url.AbsolutePath.Contains("/coding/", StringComparison.Ordinal) => "zai-coding",
        // Not in the table: other gateways, and servers without a place of their own.
        "compatible" or "copilot" or "gateway" or "mistralrs" or "portkey" => ProviderTable.OpenAiCompatible,
        var own => own,
    };
}
