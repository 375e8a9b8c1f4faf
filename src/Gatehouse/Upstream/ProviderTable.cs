using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gatehouse.Upstream;

/// <summary>The wire format that a provider speaks.</summary>
internal enum ProviderDialect
{
    Openai,
    Anthropic,

    /// <summary>generateContent of the Gemini API.</summary>
    Gemini,

    /// <summary>Converse and InvokeModel of AWS.</summary>
    Bedrock,

    /// <summary>Version 2 of Cohere's API.</summary>
    Cohere,

    /// <summary>Ollama's own format, below <c>/api</c>.</summary>
    Ollama,

    /// <summary>Google Cloud: Gemini's format, or the maker's own with a model of somebody else.</summary>
    Vertex,
}

internal enum ProviderAuth
{
    /// <summary><c>Authorization: Bearer KEY</c></summary>
    [JsonStringEnumMemberName("bearer")]
    Bearer,

    /// <summary><c>api-key: KEY</c></summary>
    [JsonStringEnumMemberName("api-key")]
    ApiKey,

    /// <summary><c>x-api-key: KEY</c></summary>
    [JsonStringEnumMemberName("x-api-key")]
    XApiKey,

    /// <summary><c>x-goog-api-key: KEY</c></summary>
    [JsonStringEnumMemberName("x-goog-api-key")]
    XGoogApiKey,

    /// <summary>AWS Signature Version 4, or a Bedrock API key as bearer.</summary>
    [JsonStringEnumMemberName("aws")]
    Aws,

    /// <summary>An access token of Google Cloud as bearer.</summary>
    [JsonStringEnumMemberName("google")]
    Google,

    /// <summary>No key is needed; one that is configured is sent as bearer.</summary>
    [JsonStringEnumMemberName("none")]
    None,
}

internal enum StreamUsage
{
    /// <summary>Only with <c>stream_options.include_usage</c>.</summary>
    [JsonStringEnumMemberName("on_request")]
    OnRequest,

    /// <summary>Without asking.</summary>
    [JsonStringEnumMemberName("always")]
    Always,

    /// <summary>Never, and <c>stream_options</c> may be refused.</summary>
    [JsonStringEnumMemberName("unsupported")]
    Unsupported,
}

/// <summary>One entry of providers.json: what is known of a kind of provider, with the source of it.</summary>
internal sealed record ProviderEntry
{
    public const string AzurePaths = "azure_paths";

    /// <summary>The OpenAI format with Mistral's deviations.</summary>
    public const string MistralFormat = "mistral_format";

    /// <summary>A base URL that does not end in /v1 is that of the provider's own format.</summary>
    public const string NativeWithoutV1 = "native_without_v1";

    public required string Kind { get; init; }

    public required string Title { get; init; }

    /// <summary>With <c>{region}</c> or <c>{location}</c> where the key of that name stands in it. Null when the user must give it.</summary>
    public string? BaseUrl { get; init; }

    public string? BaseUrlHint { get; init; }

    public ProviderAuth Auth { get; init; }

    public string? ApiKeyEnv { get; init; }

    public ProviderDialect Dialect { get; init; }

    public IReadOnlyList<string> Endpoints { get; init; } = [];

    public StreamUsage StreamUsage { get; init; }

    public IReadOnlyList<string> UsageFields { get; init; } = [];

    public IReadOnlyList<string> RateLimitHeaders { get; init; } = [];

    public string? RequestIdHeader { get; init; }

    public IReadOnlyList<string> Quirks { get; init; } = [];

    public string? Notes { get; init; }

    public IReadOnlyList<string> Source { get; init; } = [];

    public string? Checked { get; init; }

    public bool HasQuirk(string quirk) => Quirks.Contains(quirk, StringComparer.Ordinal);
}

/// <summary>The built-in table of providers (providers.json), with the two kinds that are not somebody's service.</summary>
internal static class ProviderTable
{
    public const string Sandbox = "sandbox";
    public const string OpenAiCompatible = "openai-compatible";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public static FrozenDictionary<string, ProviderEntry> Entries { get; } = Load();

    private static FrozenDictionary<string, ProviderEntry> Load()
    {
        using var stream = typeof(ProviderTable).Assembly.GetManifestResourceStream("providers.json")!;
        var file = JsonSerializer.Deserialize<ProviderFile>(stream, Json)!;
        var sandbox = new ProviderEntry { Kind = Sandbox, Title = "Sandbox, inside the gateway", BaseUrl = "http://sandbox.invalid/v1", Auth = ProviderAuth.None };
        var compatible = new ProviderEntry { Kind = OpenAiCompatible, Title = "Any server of the OpenAI format", Auth = ProviderAuth.None };
        return file.Providers.Append(sandbox).Append(compatible).ToFrozenDictionary(entry => entry.Kind, StringComparer.Ordinal);
    }

    private sealed record ProviderFile(int Schema, IReadOnlyList<ProviderEntry> Providers);
}
