using System.Text.Json;
using Gatehouse.Pipeline;

namespace Gatehouse.Routing.Explain;

/// <summary>Finds out what a body is, for somebody who shows one without saying where it would be sent.</summary>
internal static class RequestShape
{
    private static readonly (string Path, Operation Operation)[] Paths =
    [
        ("/v1/chat/completions", Operation.Chat),
        ("/v1/responses", Operation.Responses),
        ("/v1/messages", Operation.Messages),
        ("/v1/messages/count_tokens", Operation.CountMessageTokens),
        ("/v1/responses/input_tokens", Operation.CountResponseTokens),
        ("/v1/embeddings", Operation.Embeddings),
        ("/v1/rerank", Operation.Rerank),
        ("/v2/rerank", Operation.Rerank),
        ("/v1/completions", Operation.Completion),
        ("/v1/moderations", Operation.Moderation),
        ("/v1/images/generations", Operation.ImageGeneration),
        ("/v1/audio/speech", Operation.Speech),
    ];

    private static readonly string[] AnthropicParts = ["image", "document", "tool_use", "tool_result", "thinking"];

    // Google's paths have the model in them.
    private static readonly (string Verb, Operation Operation)[] Verbs =
    [
        (":generateContent", Operation.GenerateContent),
        (":streamGenerateContent", Operation.GenerateContent),
        (":countTokens", Operation.CountContentTokens),
        (":embedContent", Operation.EmbedContent),
        (":batchEmbedContents", Operation.BatchEmbedContents),
    ];

    /// <param name="body">Null for none: a conversation, of which nothing is known.</param>
    /// <param name="path">Where it would be sent; null to go by its shape.</param>
    public static (Operation? Operation, string Path, GatewayError? Error) Of(JsonElement? body, string? path)
    {
        path ??= body is { } shown ? Guess(shown) : Paths[0].Path;
        var operation = Paths.FirstOrDefault(known => string.Equals(known.Path, path, StringComparison.Ordinal)).Operation
            ?? Verbs.FirstOrDefault(known => path.EndsWith(known.Verb, StringComparison.Ordinal)).Operation;
        return operation is not null ? (operation, path, null) : (null, path, new GatewayError(
            GatewayErrorCode.InvalidRequest,
            $"'{path}' is not a path for requests to a route. Those are: {string.Join(", ", Paths.Select(known => known.Path))}, and Google's paths that end with {string.Join(", ", Verbs.Select(known => known.Verb))}.")
        { Field = "path" });
    }

    private static string Guess(JsonElement body)
    {
        try
        {
            return PathOf(body);
        }
        catch (InvalidOperationException)
        {
            // A name with half a surrogate pair is JSON (RFC 8259, 8.2), but no text.
            return PathOf(Operation.Chat);
        }
    }

    private static string PathOf(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            return PathOf(Operation.Chat);
        }

        return Has(body, "contents") ? "/v1beta/models/MODEL:generateContent"
            : Has(body, "messages") ? PathOf(IsAnthropic(body) ? Operation.Messages : Operation.Chat)
            : Has(body, "query") && Has(body, "documents") ? PathOf(Operation.Rerank)
            : Has(body, "input") ? PathOf(Has(body, "voice") ? Operation.Speech : Has(body, "encoding_format") || Has(body, "dimensions") || IsListOfTexts(body) ? Operation.Embeddings : Operation.Responses)
            : Has(body, "prompt") ? PathOf(Has(body, "size") || Has(body, "quality") ? Operation.ImageGeneration : Operation.Completion)
            : PathOf(Operation.Chat);
    }

    /// <summary>Members, tools and parts that OpenAI's format does not have.</summary>
    private static bool IsAnthropic(JsonElement body) =>
        Has(body, "system") || Has(body, "stop_sequences") || Has(body, "thinking")
        || Items(body, "tools").Any(tool => Has(tool, "input_schema"))
        || Items(body, "messages").SelectMany(message => Items(message, "content")).Any(part =>
            part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
            && Array.Exists(AnthropicParts, name => type.ValueEquals(name)));

    private static bool IsListOfTexts(JsonElement body) => Items(body, "input").FirstOrDefault().ValueKind == JsonValueKind.String;

    private static bool Has(JsonElement value, string member) => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(member, out _);

    private static IEnumerable<JsonElement> Items(JsonElement value, string member)
    {
        if (Has(value, member) && value.GetProperty(member) is { ValueKind: JsonValueKind.Array } list)
        {
            foreach (var item in list.EnumerateArray())
            {
                yield return item;
            }
        }
    }

    private static string PathOf(Operation operation) => Array.Find(Paths, known => known.Operation == operation).Path;
}
