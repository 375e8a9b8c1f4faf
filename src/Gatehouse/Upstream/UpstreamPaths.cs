using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Upstream;

/// <summary>Where a provider takes a model call, by the dialect it is spoken to in.</summary>
internal static class UpstreamPaths
{
    private const string BedrockRuntime = "https://bedrock-runtime.";

    /// <summary>The address of a call that goes as it is.</summary>
    public static Uri Of(Target target, Operation operation, ModelRequest request) =>
        operation.IsChat ? OfChat(target, operation.Dialect, request.IsStream, request.Query)
        : operation == Operation.CountMessageTokens ? BelowHost(target, operation.Path + request.Query)
        : operation == Operation.CountContentTokens ? OfGemini(target, ":countTokens")
        : target.Provider.UriOf(operation.Path, target.Model);

    /// <summary>The address of a conversation.</summary>
    /// <param name="target">Where it goes.</param>
    /// <param name="dialect">The dialect it is written in.</param>
    /// <param name="isStream">Some dialects say it in the path.</param>
    /// <param name="query">Of the caller, with its question mark; for a target that is spoken to in the caller's dialect.</param>
    public static Uri OfChat(Target target, Dialect dialect, bool isStream, string query)
    {
        var (provider, model) = (target.Provider, target.Model);
        switch (dialect)
        {
            case Dialect.OpenAiResponses:
                return provider.UriOf(Operation.Responses.Path, model);
            case Dialect.Anthropic when provider.Dialect == ProviderDialect.Vertex:
                return OfVertex(target, isStream ? ":streamRawPredict" : ":rawPredict");
            case Dialect.Anthropic:
                return new Uri(WithoutVersion(provider.BaseUrl) + Operation.Messages.Path + query);
            case Dialect.Gemini:
                return OfGemini(target, isStream ? ":streamGenerateContent?alt=sse" : ":generateContent");
            case Dialect.Bedrock:
                return OfBedrock(target, isStream ? "/converse-stream" : "/converse");
            case Dialect.Cohere:
                return new Uri($"{provider.BaseUrl}/v2/chat");
            case Dialect.Ollama:
                return new Uri($"{provider.BaseUrl}/api/chat");
            default:
                return provider.UriOf(Operation.Chat.Path, model);
        }
    }

    /// <summary>A verb on a model of Gemini's format.</summary>
    public static Uri OfGemini(Target target, string verb) => target.Provider.Dialect == ProviderDialect.Vertex
        ? OfVertex(target, verb)
        : new Uri($"{WithoutVersion(target.Provider.BaseUrl)}/v1beta/models/{Segment(target.Model)}{verb}");

    /// <summary>
    /// The list of the provider's models, or the first page of it: what every provider has, and none charges for. Null where the base URL does
    /// not tell where it is.
    /// </summary>
    public static Uri? OfModelList(ProviderModel provider) => provider.Dialect switch
    {
        ProviderDialect.Anthropic => new Uri(WithoutVersion(provider.BaseUrl) + "/v1/models?limit=1"),
        ProviderDialect.Gemini => new Uri(WithoutVersion(provider.BaseUrl) + "/v1beta/models?pageSize=1"),
        ProviderDialect.Vertex => new Uri($"{provider.BaseUrl}/v1beta1/publishers/google/models?pageSize=1"),
        ProviderDialect.Cohere => new Uri($"{provider.BaseUrl}/v1/models?page_size=1"),
        ProviderDialect.Ollama => new Uri($"{provider.BaseUrl}/api/tags"),
        // ListFoundationModels is an operation of bedrock, which is another host than bedrock-runtime.
        ProviderDialect.Bedrock => provider.BaseUrl.StartsWith(BedrockRuntime, StringComparison.Ordinal)
            ? new Uri($"https://bedrock.{provider.BaseUrl[BedrockRuntime.Length..]}/foundation-models")
            : null,
        _ => provider.UriOfModelList,
    };

    /// <summary>The model's id is one segment of the path: an ARN has slashes and colons in it.</summary>
    public static Uri OfBedrock(Target target, string verb) => new($"{target.Provider.BaseUrl}/model/{Uri.EscapeDataString(target.Model)}{verb}");

    /// <summary>For the formats whose base URL is the bare host.</summary>
    public static Uri BelowHost(Target target, string path) => new(WithoutVersion(target.Provider.BaseUrl) + path);

    /// <summary>Counts tokens of Claude's on Vertex AI: a model of its own, as it were; the model that is meant stands in the body.</summary>
    public static Uri OfVertexCount(Target target) => OfVertex(target, ":rawPredict", "count-tokens");

    private static Uri OfVertex(Target target, string verb, string? model = null)
    {
        var provider = target.Provider;
        var publisher = target.Model.StartsWith("claude", StringComparison.OrdinalIgnoreCase) ? "anthropic" : "google";
        var version = publisher == "google" ? "v1beta1" : "v1";
        return new Uri($"{provider.BaseUrl}/{version}/projects/{Segment(provider.Project ?? "")}/locations/{Segment(provider.Location ?? "")}"
            + $"/publishers/{publisher}/models/{Segment(model ?? target.Model)}{verb}");
    }

    /// <summary>Escapes what could leave the segment; <c>@</c> and <c>:</c> stand as Google writes them.</summary>
    private static string Segment(string text) => Uri.EscapeDataString(text).Replace("%40", "@", StringComparison.Ordinal);

    /// <summary>The bare host is what these SDKs call their base URL; many people write the version with it.</summary>
    private static string WithoutVersion(string baseUrl) => baseUrl.EndsWith("/v1", StringComparison.Ordinal) ? baseUrl[..^3]
        : baseUrl.EndsWith("/v1beta", StringComparison.Ordinal) ? baseUrl[..^7]
        : baseUrl;
}
