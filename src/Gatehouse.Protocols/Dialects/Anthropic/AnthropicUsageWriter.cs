using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>
/// Writes a "usage" object: the buckets of <see cref="Usage"/> are Anthropic's own. Input and output are always there, as every client
/// expects them; the rest where it is known.
/// </summary>
internal static class AnthropicUsageWriter
{
    public static void Write(Utf8JsonWriter writer, Usage? usage, string? serviceTier = null)
    {
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("input_tokens"u8, usage?.InputTokens ?? 0);
        writer.WriteOptional("cache_creation_input_tokens", usage?.CacheWriteTokens);
        writer.WriteOptional("cache_read_input_tokens", usage?.CacheReadTokens);
        if (usage?.CacheWriteOneHourTokens is { } oneHour)
        {
            writer.WriteStartObject("cache_creation"u8);
            writer.WriteNumber("ephemeral_5m_input_tokens"u8, Math.Max(0, (usage.CacheWriteTokens ?? oneHour) - oneHour));
            writer.WriteNumber("ephemeral_1h_input_tokens"u8, oneHour);
            writer.WriteEndObject();
        }

        writer.WriteNumber("output_tokens"u8, usage?.OutputTokens ?? 0);
        if (usage?.ReasoningTokens is { } reasoning)
        {
            writer.WriteStartObject("output_tokens_details"u8);
            writer.WriteNumber("thinking_tokens"u8, reasoning);
            writer.WriteEndObject();
        }

        if (usage?.WebSearchCalls is { } searches)
        {
            writer.WriteStartObject("server_tool_use"u8);
            writer.WriteNumber("web_search_requests"u8, searches);
            writer.WriteEndObject();
        }

        writer.WriteOptional("service_tier", serviceTier);
        writer.WriteEndObject();
    }
}
