using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Reads the "usage" object of Bedrock Converse and of the "metadata" event of its stream. Its input excludes the cache.</summary>
public static class BedrockUsageReader
{
    /// <param name="usage">The object itself.</param>
    /// <returns>Null when it tells neither input nor output.</returns>
    public static Usage? Read(JsonElement usage)
    {
        var input = usage.Count("inputTokens");
        var output = usage.Count("outputTokens");
        if (input is null && output is null)
        {
            return null;
        }

        long? oneHour = null;
        foreach (var write in usage.Items("cacheDetails"))
        {
            if (write.HasText("ttl", "1h"))
            {
                oneHour = oneHour.Plus(write.Count("inputTokens"));
            }
        }

        return new Usage
        {
            InputTokens = input,
            CacheReadTokens = usage.Count("cacheReadInputTokens") ?? usage.Count("cacheReadInputTokenCount"),
            CacheWriteTokens = usage.Count("cacheWriteInputTokens") ?? usage.Count("cacheWriteInputTokenCount"),
            CacheWriteOneHourTokens = oneHour,
            OutputTokens = output,
        };
    }
}
