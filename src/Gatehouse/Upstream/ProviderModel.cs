using System.Collections.Concurrent;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Upstream.Credentials;

namespace Gatehouse.Upstream;

/// <summary>A provider compiled for the hot path, with its own connections.</summary>
internal sealed record ProviderModel
{
    /// <summary>By the path of the operation, of which there are a few.</summary>
    private readonly ConcurrentDictionary<string, Uri> _uris = new(StringComparer.Ordinal);

    /// <summary>What is special about its models, by their names: looked up when a model is first called.</summary>
    public ConcurrentDictionary<string, TargetRules> Rules { get; } = new(StringComparer.Ordinal);

    public required string Name { get; init; }

    public required ProviderEntry Entry { get; init; }

    /// <summary>The format that is spoken at <see cref="BaseUrl"/>; the entry's, but where the base URL selects another.</summary>
    public required ProviderDialect Dialect { get; init; }

    /// <summary>With the path of every request appended to it: no slash at its end.</summary>
    public required string BaseUrl { get; init; }

    /// <summary>The credential and other headers that the gateway adds.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    /// <summary>Headers that the provider needs and a caller may set differently.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> DefaultHeaders { get; init; }

    public required bool HasKey { get; init; }

    /// <summary>Authenticates each request, where <see cref="Headers"/> cannot.</summary>
    public required IRequestSigner? Signer { get; init; }

    /// <summary>What the signer was made for; an unchanged one keeps its tokens over a reload.</summary>
    public required SignerKey? SignerKey { get; init; }

    /// <summary>Google Cloud's project, for the paths of Vertex AI.</summary>
    public required string? Project { get; init; }

    /// <summary>Google Cloud's location, for the paths of Vertex AI.</summary>
    public required string? Location { get; init; }

    /// <summary>Null when the provider's models are not listed.</summary>
    public required IReadOnlyList<string>? Models { get; init; }

    /// <summary>Ask for usage in streams, as the provider does not report it otherwise.</summary>
    public required bool RequestStreamUsage { get; init; }

    public required string? ApiVersion { get; init; }

    public required TimeoutModel Timeouts { get; init; }

    public required HttpMessageInvoker Transport { get; init; }

    /// <summary>What the transport was made for; an unchanged provider keeps its connections over a reload.</summary>
    public required TransportKey TransportKey { get; init; }

    /// <summary>The address of an operation on a model.</summary>
    public Uri UriOf(string operationPath, string model) => IsModelInPath
        ? new Uri(AddressOf(operationPath, model))
        : _uris.GetOrAdd(operationPath, static (path, provider) => new Uri(provider.AddressOf(path, model: "")), this);

    /// <summary>
    /// The address of a relayed path, given below <c>/v1</c> and escaped as the caller escaped it: <c>%41</c> is not always the same as
    /// <c>A</c> to the other side. The path has been checked; it cannot lead out of the base URL.
    /// </summary>
    public Uri UriOfRelay(string path) => new(
        AddressOf(Entry.Dialect == ProviderDialect.Anthropic ? "/v1" + path : path, model: ""),
        new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    /// <summary>
    /// The address of a realtime session; http(s), as its handshake is an HTTP request. Azure's dated API versions name the deployment
    /// in the query (learn.microsoft.com, "How to use the GPT Realtime API via WebSockets", 2025).
    /// </summary>
    /// <param name="model">Empty for a session that has its model already.</param>
    /// <param name="query">Further parameters as the caller wrote them.</param>
    public Uri UriOfRealtime(string model, string query)
    {
        var path = IsModelInPath ? $"{BaseUrl}/openai/realtime" : AddressOf(Operation.Realtime.Path, model: "");
        string[] parameters =
        [
            IsModelInPath ? $"api-version={Uri.EscapeDataString(ApiVersion!)}" : "",
            model.Length == 0 ? "" : $"{(IsModelInPath ? "deployment" : "model")}={Uri.EscapeDataString(model)}",
            query,
        ];
        return new Uri($"{path}?{string.Join('&', parameters.Where(parameter => parameter.Length > 0))}");
    }

    /// <summary>The list of models in OpenAI's format.</summary>
    public Uri UriOfModelList => new(IsModelInPath ? $"{BaseUrl}/openai/models?api-version={Uri.EscapeDataString(ApiVersion!)}" : AddressOf("/models", model: ""));

    private bool IsModelInPath => ApiVersion is not null && Entry.HasQuirk(ProviderEntry.AzurePaths);

    private string AddressOf(string operationPath, string model) => !Entry.HasQuirk(ProviderEntry.AzurePaths) ? BaseUrl + operationPath
        : ApiVersion is null ? $"{BaseUrl}/openai/v1{operationPath}"
        : $"{BaseUrl}/openai/deployments/{Uri.EscapeDataString(model)}{operationPath}?api-version={Uri.EscapeDataString(ApiVersion)}";
}

/// <param name="AllowedHosts">Hosts that may be connected to in spite of their address.</param>
internal sealed record TransportKey(string Kind, string BaseUrl, TimeSpan ConnectTimeout, string AllowedHosts);
