using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>Reads a whole message, and error envelopes.</summary>
internal static class AnthropicResponseReader
{
    /// <summary>Beside these, <c>container</c>, <c>stop_details</c>, <c>context_management</c> and the like are kept as they are.</summary>
    public static readonly FrozenSet<string> Known = ["type", "id", "role", "model", "content", "stop_reason", "stop_sequence", "usage"];

    /// <param name="body">The answer's body.</param>
    /// <param name="fallbackId">Makes ids for tool calls that have none.</param>
    /// <exception cref="MalformedException">It is not a message.</exception>
    public static ChatResponse Read(JsonElement body, string fallbackId)
    {
        if (body.Array("content") is not { } content)
        {
            throw new MalformedException("content", "the answer has no 'content': it is not a message of Anthropic's");
        }

        var usage = body.Object("usage");
        var extensions = body.ExtensionsBeside(Dialect.Anthropic, Known);
        if (usage is { } raw)
        {
            // Anthropic's own clients get it as it came: it tells more than is counted here (iterations, geography, speed).
            extensions = new Extensions(Dialect.Anthropic, [.. extensions?.Members ?? [], new Extension("usage", raw)]);
        }

        return new ChatResponse
        {
            Dialect = Dialect.Anthropic,
            Id = body.Text("id"),
            Model = body.Text("model"),
            ServiceTier = usage?.Text("service_tier"),
            Usage = usage is { } counts ? AnthropicUsageReader.Read(counts) : null,
            Choices = [new ChatChoice(0, AnthropicBlockReader.ReadAll(content, "content", fallbackId), ReadStop(body))],
            Extensions = extensions,
        };
    }

    /// <param name="owner">A message, or the <c>delta</c> of a stream's <c>message_delta</c>.</param>
    public static Stop? ReadStop(JsonElement owner) => owner.Text("stop_reason") is { } reason
        ? new Stop(AnthropicStopReason.Read(reason), reason) { Sequence = owner.Text("stop_sequence") }
        : null;

    /// <summary>
    /// Reads <c>{"type": "error", "error": {"type", "message", "details"?}, "request_id"}</c>, and what Bedrock (<c>{"message"}</c>) and
    /// Vertex (<c>{"error": {"code", "message", "status"}}</c>, also in an array) answer for Claude.
    /// </summary>
    /// <param name="status">HTTP status; that of a stream which has begun (200) is replaced by the one that the type stands for.</param>
    /// <param name="body">Null when it was not JSON.</param>
    public static ChatError ReadError(int status, JsonElement? body)
    {
        var envelope = body is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0 ? list[0] : body ?? default;
        var error = envelope.Object("error") ?? envelope;
        var type = error.Text("type") ?? error.Text("status");
        var known = type is null ? null : AnthropicErrorType.Read(type);
        var told = status >= 400 ? status : known?.Status ?? Status(error) ?? 500;
        var message = error.Text("message") ?? error.Text("Message") ?? envelope.Text("error") ?? envelope.Text("message");
        return new ChatError(known?.Kind ?? ChatError.KindOf(told), told, message ?? "")
        {
            Code = error.Object("details")?.Text("error_code") ?? error.Text("code"),
            ProviderType = type,
            RequestId = envelope.Text("request_id"),
        };
    }

    private static int? Status(JsonElement error) => error.Integer("code") is { } code and >= 400 and < 600 ? (int)code : null;
}
