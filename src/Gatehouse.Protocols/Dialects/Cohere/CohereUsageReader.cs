using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Cohere;

/// <summary>
/// Reads the "usage" object of Cohere's chat, and the "meta" object of its embeddings. Cohere counts twice: <c>tokens</c> is what the
/// model saw, with Cohere's own instructions, and <c>billed_units</c> is what is charged. The bill counts.
/// </summary>
public static class CohereUsageReader
{
    /// <param name="usage">The object itself.</param>
    /// <returns>Null when it tells neither input nor output.</returns>
    public static Usage? Read(JsonElement usage)
    {
        var tokens = usage.Member("tokens");
        return usage.Member("billed_units") is { } billed && Of(billed, tokens, cached: null) is { } charged
            // The cached part stands within "tokens", larger than the bill: it has no place in these buckets.
            ? charged
            : tokens is { } seen ? Of(seen, seen, usage.Count("cached_tokens")) : null;
    }

    private static Usage? Of(JsonElement counts, JsonElement? details, long? cached)
    {
        // Images in an embedding are counted beside the text.
        var images = counts.Count("image_tokens");
        var input = counts.Count("input_tokens").Plus(images);
        var output = counts.Count("output_tokens");
        return input is null && output is null ? null : new Usage
        {
            InputTokens = input.Without(cached),
            CacheReadTokens = cached,
            OutputTokens = output,
            ReasoningTokens = details?.Count("reasoning_tokens"),
            ImageInputTokens = images ?? details?.Count("image_tokens"),
        };
    }
}
