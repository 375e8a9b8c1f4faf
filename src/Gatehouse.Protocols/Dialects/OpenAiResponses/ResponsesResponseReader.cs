using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Reads a <c>response</c> object, and errors.</summary>
internal static class ResponsesResponseReader
{
    /// <summary>What is read into the middle without loss; everything else is kept beside it as written, usage too.</summary>
    private static readonly FrozenSet<string> Known = FrozenSet.Create(
        StringComparer.Ordinal, "id", "model", "status", "output", "service_tier", "incomplete_details");

    /// <exception cref="MalformedException">It is not an answer of this dialect.</exception>
    public static ChatResponse Read(JsonElement body, string fallbackId)
    {
        if (body.ValueKind != JsonValueKind.Object || body.Array("output") is not { } output)
        {
            throw new MalformedException("output", "the answer has no 'output', a list of items");
        }

        var parts = new List<Part>();
        foreach (var item in output.EnumerateArray())
        {
            ReadItem(item, parts, fallbackId);
        }

        ResponsesSignatures.Attach(parts);
        return new ChatResponse
        {
            Dialect = Dialect.OpenAiResponses,
            Id = body.Text("id"),
            Model = body.Text("model"),
            Created = body.Integer("created_at"),
            ServiceTier = body.Text("service_tier"),
            Usage = UsageOf(body),
            Choices = [new ChatChoice(0, parts, StopOf(body, parts)) { Logprobs = LogprobsOf(parts) }],
            Extensions = body.ExtensionsBeside(Dialect.OpenAiResponses, Known),
        };
    }

    /// <summary>Reads one item of an output.</summary>
    public static void ReadItem(JsonElement item, List<Part> parts, string fallbackId)
    {
        var place = $"output[{parts.Count.ToString(CultureInfo.InvariantCulture)}]";
        if (item.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(place, "an item of the answer is not an object");
        }

        if (ResponsesItemReader.IsMessage(item) && item.Member("role") is null)
        {
            ResponsesItemReader.ReadMessage(item, Role.Assistant, place, parts);
        }
        else
        {
            ResponsesItemReader.Read(item, place, parts, $"call_{fallbackId}{parts.Count.ToString(CultureInfo.InvariantCulture)}");
        }
    }

    public static Usage? UsageOf(JsonElement response) => response.Object("usage") is { } usage ? OpenAiUsageReader.Read(usage) : null;

    /// <summary>Why the answer ended. Null for an answer that tells no status.</summary>
    public static Stop? StopOf(JsonElement response, IReadOnlyList<Part> parts) => StopOf(response, parts.Any(p => p is ToolCallPart));

    /// <inheritdoc cref="StopOf(JsonElement, IReadOnlyList{Part})"/>
    public static Stop? StopOf(JsonElement response, bool hasCalls)
    {
        switch (response.Text("status"))
        {
            case null:
                return null;
            case "completed":
                return new Stop(hasCalls ? StopReason.ToolUse : StopReason.EndTurn, "completed");
            case "incomplete":
                var reason = response.Object("incomplete_details")?.Text("reason");
                return new Stop(
                    reason switch
                    {
                        "max_output_tokens" or "max_tokens" => StopReason.MaxTokens,
                        "content_filter" => StopReason.ContentFilter,
                        _ => StopReason.Other,
                    },
                    reason ?? "incomplete");
            case "failed":
                return new Stop(StopReason.Error, "failed");
            case { } other:
                return new Stop(StopReason.Other, other);
        }
    }

    /// <summary>
    /// Reads <c>{error: {message, type, code, param}}</c>, xAI's <c>{code, error: "text"}</c>, <c>{detail}</c>, <c>{message}</c>, and an
    /// <c>error</c> event.
    /// </summary>
    public static ChatError ReadError(int status, JsonElement? body)
    {
        if (body is not { ValueKind: JsonValueKind.Object } root)
        {
            return ChatError.Of(status, null);
        }

        var error = root.Object("error") ?? root;
        var type = error.Text("type");
        return ChatError.Of(status, MessageOf(root, error)) with
        {
            Code = CodeOf(error) ?? CodeOf(root),
            Param = error.Text("param"),
            ProviderType = type == "error" ? null : type,
            RequestId = root.Text("request_id"),
        };
    }

    /// <summary>The status that a failure in a stream would have had: the codes of OpenAI's ResponseErrorCode, and those of its HTTP errors.</summary>
    public static int StatusOf(JsonElement error)
    {
        var word = CodeOf(error) ?? error.Text("type");
        return word switch
        {
            "rate_limit_exceeded" or "insufficient_quota" or "rate_limit_error" or "tokens" or "requests" => 429,
            "invalid_request_error" or "invalid_prompt" or "context_length_exceeded" or "bio_policy" => 400,
            "authentication_error" or "invalid_api_key" => 401,
            "permission_error" => 403,
            "not_found_error" or "model_not_found" => 404,
            "server_is_overloaded" or "overloaded_error" or "slow_down" => 503,
            "vector_store_timeout" or "timeout" => 504,
            not null when word.StartsWith("image", StringComparison.Ordinal) || word.StartsWith("invalid_", StringComparison.Ordinal) => 400,
            _ => 500,
        };
    }

    private static string? MessageOf(JsonElement root, JsonElement error) =>
        error.Text("message") ?? root.Text("error") ?? root.Text("message") ?? root.Text("detail") ?? root.Member("detail")?.GetRawText();

    private static string? CodeOf(JsonElement error) => error.Member("code") switch
    {
        { ValueKind: JsonValueKind.String } code => code.TextOrFail("code"),
        { ValueKind: JsonValueKind.Number } code => code.GetRawText(),
        _ => null,
    };

    private static JsonElement? LogprobsOf(List<Part> parts)
    {
        foreach (var part in parts)
        {
            if (part is TextPart { Logprobs: { } list } && ResponsesLogprobs.ObjectOf(list) is { } logprobs)
            {
                return logprobs;
            }
        }

        return null;
    }
}
