using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>Writes <c>system</c> and <c>messages</c>.</summary>
internal static class AnthropicMessageWriter
{
    public static void WriteSystem(IReadOnlyList<ChatMessage> system, Utf8JsonWriter writer)
    {
        if (system.Sum(m => m.Parts.Count) == 0)
        {
            return;
        }

        writer.WritePropertyName("system"u8);
        if (system.Count == 1 && PlainText(system[0]) is { } text)
        {
            writer.WriteStringValue(text);
            return;
        }

        writer.WriteStartArray();
        foreach (var message in system)
        {
            foreach (var part in message.Parts)
            {
                AnthropicBlockWriter.Write(part, isRequest: true, writer);
            }
        }

        writer.WriteEndArray();
    }

    /// <param name="isOwn">The caller speaks this dialect: ids of tool calls are Anthropic's own.</param>
    public static void WriteMessages(IReadOnlyList<ChatMessage> turns, bool isOwn, Utf8JsonWriter writer)
    {
        writer.WriteStartArray("messages"u8);
        foreach (var turn in turns)
        {
            writer.WriteStartObject();
            writer.WriteString("role"u8, turn.Role switch
            {
                Role.Assistant => "assistant"u8,
                Role.User => "user"u8,
                _ => "system"u8,
            });
            writer.WritePropertyName("content"u8);
            if (PlainText(turn) is { } text)
            {
                writer.WriteStringValue(text);
            }
            else
            {
                writer.WriteStartArray();
                foreach (var part in turn.Parts)
                {
                    AnthropicBlockWriter.Write(isOwn ? part : AnthropicBlockWriter.WithFittingId(part), isRequest: true, writer);
                }

                writer.WriteEndArray();
            }

            writer.WriteExtensions(turn.Extensions, Dialect.Anthropic);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static string? PlainText(ChatMessage message) =>
        message.IsPlainText && message.Parts is [TextPart { CacheControl: null } text] ? text.Text : null;
}
