using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Writes the members <c>usage</c> and <c>metrics</c>.</summary>
internal static class BedrockUsageWriter
{
    /// <param name="writer">In an object.</param>
    /// <param name="usage">Null when the provider reported none: TokenUsage is a required member, and says 0 then.</param>
    public static void Write(Utf8JsonWriter writer, Usage? usage)
    {
        var input = usage?.InputTokens ?? 0;
        var output = usage?.OutputTokens ?? 0;
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("inputTokens"u8, input);
        writer.WriteNumber("outputTokens"u8, output);
        writer.WriteNumber("totalTokens"u8, input + output + (usage?.CacheReadTokens ?? 0) + (usage?.CacheWriteTokens ?? 0));
        writer.WriteOptional("cacheReadInputTokens", usage?.CacheReadTokens);
        writer.WriteOptional("cacheWriteInputTokens", usage?.CacheWriteTokens);
        if (usage is { CacheWriteOneHourTokens: { } oneHour, CacheWriteTokens: { } all })
        {
            writer.WriteStartArray("cacheDetails"u8);
            WriteDetail(writer, "5m", Math.Max(0, all - oneHour));
            WriteDetail(writer, "1h", oneHour);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    /// <summary><c>latencyMs</c> is required; how long the provider took is not known here.</summary>
    public static void WriteMetrics(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("metrics"u8);
        writer.WriteNumber("latencyMs"u8, 0);
        writer.WriteEndObject();
    }

    private static void WriteDetail(Utf8JsonWriter writer, string timeToLive, long tokens)
    {
        if (tokens > 0)
        {
            writer.WriteStartObject();
            writer.WriteNumber("inputTokens"u8, tokens);
            writer.WriteString("ttl"u8, timeToLive);
            writer.WriteEndObject();
        }
    }
}
