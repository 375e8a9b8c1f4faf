using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>Reads the "usage" object of Anthropic Messages, of a message or of an event of its stream.</summary>
public static class AnthropicUsageReader
{
    /// <param name="usage">The object itself.</param>
    /// <returns>Null when it tells neither input nor output.</returns>
    public static Usage? Read(JsonElement usage)
    {
        var total = Counts(usage);
        foreach (var iteration in usage.Items("iterations"))
        {
            // "The top-level input_tokens and output_tokens do not include compaction iteration usage [...]. To calculate total tokens
            // consumed and billed for a request, sum across all entries" (docs.anthropic.com, Compaction). Iterations of other models
            // (advisor_message, fallback_message) are left out: they have prices of their own.
            if (iteration.HasText("type", "compaction"))
            {
                total = total.Plus(Counts(iteration));
            }
        }

        return total.Input is null && total.Output is null ? null : new Usage
        {
            InputTokens = total.Input,
            CacheReadTokens = total.CacheRead,
            CacheWriteTokens = total.CacheWrite,
            CacheWriteOneHourTokens = total.CacheWriteOneHour,
            OutputTokens = total.Output,
            ReasoningTokens = usage.Member("output_tokens_details")?.Count("thinking_tokens"),
            WebSearchCalls = usage.Member("server_tool_use")?.Count("web_search_requests"),
        };
    }

    private static RawCounts Counts(JsonElement usage)
    {
        var creation = usage.Member("cache_creation");
        var fiveMinutes = creation?.Count("ephemeral_5m_input_tokens");
        var oneHour = creation?.Count("ephemeral_1h_input_tokens");
        return new RawCounts(
            usage.Count("input_tokens"), usage.Count("cache_read_input_tokens"),
            usage.Count("cache_creation_input_tokens") ?? fiveMinutes.Plus(oneHour), oneHour, usage.Count("output_tokens"));
    }

    private readonly record struct RawCounts(long? Input, long? CacheRead, long? CacheWrite, long? CacheWriteOneHour, long? Output)
    {
        public RawCounts Plus(RawCounts other) => new(
            Input.Plus(other.Input), CacheRead.Plus(other.CacheRead), CacheWrite.Plus(other.CacheWrite),
            CacheWriteOneHour.Plus(other.CacheWriteOneHour), Output.Plus(other.Output));
    }
}
