using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>
/// Writes a whole message, and errors. Anthropic gives one answer to a request, so only the first choice is written. Its content may be empty.
/// </summary>
internal static class AnthropicResponseWriter
{
    public static void Write(ChatResponse response, AnswerContext context, Utf8JsonWriter writer)
    {
        var isOwn = response.Dialect == Dialect.Anthropic;
        var choice = response.Choices.Count > 0 ? response.Choices[0] : null;
        writer.WriteStartObject();
        writer.WriteString("id"u8, isOwn && response.Id is { } id ? id : $"msg_{context.Id}");
        writer.WriteString("type"u8, "message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("model"u8, response.Model ?? context.Model);
        var hasCalls = WriteContent(choice?.Parts ?? [], isOwn, writer);
        // An answer without a choice is a prompt that was blocked.
        var stop = choice is null ? new Stop(StopReason.ContentFilter, null) : choice.Stop?.WithRefusal(choice.Parts.Any(part => part is RefusalPart));
        WriteStop(stop, isOwn, hasCalls, writer);
        if (isOwn && response.Extensions?.Members.Any(m => m.Name == "usage") == true)
        {
            // Among the extensions, as it came.
        }
        else
        {
            AnthropicUsageWriter.Write(writer, response.Usage, response.ServiceTier);
        }

        writer.WriteExtensions(response.Extensions, Dialect.Anthropic);
        writer.WriteEndObject();
    }

    public static void WriteStop(Stop? stop, bool isOwn, bool hasCalls, Utf8JsonWriter writer)
    {
        writer.WriteString("stop_reason"u8, stop is null ? null : isOwn && stop.Raw is { } raw ? raw : AnthropicStopReason.Write(stop, hasCalls));
        writer.WriteString("stop_sequence"u8, stop?.Sequence);
    }

    public static void WriteError(ChatError error, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "error"u8);
        writer.WriteStartObject("error"u8);
        writer.WriteString("type"u8, AnthropicErrorType.Of(error.Kind));
        writer.WriteString("message"u8, error.Message);
        writer.WriteOptional("code", error.Code);
        if (error is { Kind: ChatErrorKind.InvalidRequest, Param: "thread" })
        {
            // SDK 1.11.0, ThreadUnsupportedRequestErrorDetails: "On a value you do not recognize, send the full conversation without
            // `thread`". Its tool runner does so by itself.
            writer.WriteStartObject("details"u8);
            writer.WriteString("error_code"u8, "thread_unsupported_request"u8);
            writer.WriteStartArray("unsupported"u8);
            writer.WriteStringValue("model"u8);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteOptional("request_id", error.RequestId);
        writer.WriteEndObject();
    }

    /// <summary>The answer to <c>POST /v1/messages/count_tokens</c>.</summary>
    public static void WriteTokenCount(long inputTokens, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("input_tokens"u8, inputTokens);
        writer.WriteEndObject();
    }

    private static bool WriteContent(IReadOnlyList<Part> parts, bool isOwn, Utf8JsonWriter writer)
    {
        var hasCalls = false;
        writer.WriteStartArray("content"u8);
        foreach (var part in parts)
        {
            if ((isOwn ? part : AnthropicAnswerPart.Of(part)) is { } block)
            {
                if (SignatureCarrier.Of(part) is { } signature)
                {
                    AnthropicBlockWriter.Write(SignatureCarrier.Block(signature), isRequest: false, writer);
                }

                AnthropicBlockWriter.Write(block, isRequest: false, writer);
            }

            hasCalls |= part is ToolCallPart;
        }

        writer.WriteEndArray();
        return hasCalls;
    }
}
