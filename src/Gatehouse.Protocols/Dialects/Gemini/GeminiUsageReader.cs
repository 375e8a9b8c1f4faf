using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>
/// Reads the "usageMetadata" object of Gemini, of Vertex AI too. Its <c>promptTokenCount</c> includes what was read from a cache, its
/// <c>candidatesTokenCount</c> excludes thoughts, and input that came from tools stands beside both.
/// </summary>
public static class GeminiUsageReader
{
    /// <param name="usage">The object itself.</param>
    /// <returns>Null when it tells neither input nor output.</returns>
    public static Usage? Read(JsonElement usage)
    {
        var prompt = usage.Count("promptTokenCount");
        var tools = usage.Count("toolUsePromptTokenCount");
        var cached = usage.Count("cachedContentTokenCount");
        var thoughts = usage.Count("thoughtsTokenCount");
        // responseTokenCount: the same count in Live sessions.
        var output = (usage.Count("candidatesTokenCount") ?? usage.Count("responseTokenCount")).Plus(thoughts);
        if (prompt is null && output is null)
        {
            return null;
        }

        return new Usage
        {
            InputTokens = prompt.Without(cached).Plus(tools),
            CacheReadTokens = cached,
            OutputTokens = output,
            ReasoningTokens = thoughts,
            AudioInputTokens = InputOf(usage, "AUDIO"),
            AudioCacheReadTokens = Of(usage, "cacheTokensDetails", "AUDIO"),
            AudioOutputTokens = OutputOf(usage, "AUDIO"),
            ImageInputTokens = InputOf(usage, "IMAGE"),
            ImageOutputTokens = OutputOf(usage, "IMAGE"),
        };
    }

    /// <summary>Embedding models name their details in the singular.</summary>
    private static long? InputOf(JsonElement usage, string modality) =>
        (Of(usage, "promptTokensDetails", modality) ?? Of(usage, "promptTokenDetails", modality))
        .Without(Of(usage, "cacheTokensDetails", modality))
        .Plus(Of(usage, "toolUsePromptTokensDetails", modality));

    private static long? OutputOf(JsonElement usage, string modality) =>
        Of(usage, "candidatesTokensDetails", modality) ?? Of(usage, "responseTokensDetails", modality);

    private static long? Of(JsonElement usage, string details, string modality)
    {
        long? count = null;
        foreach (var item in usage.Items(details))
        {
            if (item.HasText("modality", modality))
            {
                count = count.Plus(item.Count("tokenCount"));
            }
        }

        return count;
    }
}
