namespace Gatehouse.Protocols.Chat;

/// <summary>
/// Metered units of one exchange, in tokens. Three buckets of input are exclusive: <see cref="InputTokens"/> is the uncached input, cache
/// reads and writes come beside it. All other counts say "of which". What a provider did not report is null, never 0.
/// </summary>
public sealed record Usage
{
    /// <summary>Uncached input.</summary>
    public long? InputTokens { get; init; }

    public long? CacheReadTokens { get; init; }

    /// <summary>Whatever the life of the cache entry.</summary>
    public long? CacheWriteTokens { get; init; }

    /// <summary>Of <see cref="CacheWriteTokens"/>: those written for one hour (Anthropic), which cost more than those for five minutes.</summary>
    public long? CacheWriteOneHourTokens { get; init; }

    /// <summary>All output, reasoning included.</summary>
    public long? OutputTokens { get; init; }

    /// <summary>Of <see cref="OutputTokens"/>.</summary>
    public long? ReasoningTokens { get; init; }

    /// <summary>Of <see cref="InputTokens"/>.</summary>
    public long? AudioInputTokens { get; init; }

    /// <summary>Of <see cref="CacheReadTokens"/>.</summary>
    public long? AudioCacheReadTokens { get; init; }

    /// <summary>Of <see cref="OutputTokens"/>.</summary>
    public long? AudioOutputTokens { get; init; }

    /// <summary>Of <see cref="InputTokens"/>.</summary>
    public long? ImageInputTokens { get; init; }

    /// <summary>Of <see cref="OutputTokens"/>.</summary>
    public long? ImageOutputTokens { get; init; }

    /// <summary>Searches that the provider ran for this exchange, which it charges by the call.</summary>
    public long? WebSearchCalls { get; init; }

    /// <summary>
    /// A later report replaces an earlier one, as some providers report a running total in every chunk: the input with all of its
    /// buckets if it tells the input, and likewise the output.
    /// </summary>
    public Usage UpdatedBy(Usage later)
    {
        var input = later.InputTokens is null ? this : later;
        var output = later.OutputTokens is null ? this : later;
        return new Usage
        {
            InputTokens = input.InputTokens,
            CacheReadTokens = input.CacheReadTokens,
            CacheWriteTokens = input.CacheWriteTokens,
            CacheWriteOneHourTokens = input.CacheWriteOneHourTokens,
            AudioInputTokens = input.AudioInputTokens,
            AudioCacheReadTokens = input.AudioCacheReadTokens,
            ImageInputTokens = input.ImageInputTokens,
            OutputTokens = output.OutputTokens,
            ReasoningTokens = output.ReasoningTokens,
            AudioOutputTokens = output.AudioOutputTokens,
            ImageOutputTokens = output.ImageOutputTokens,
            WebSearchCalls = later.WebSearchCalls ?? WebSearchCalls,
        };
    }

    /// <summary>The sum of two reports that are about different work: what neither reported stays null.</summary>
    public Usage Plus(Usage other)
    {
        return new Usage
        {
            InputTokens = Sum(InputTokens, other.InputTokens),
            CacheReadTokens = Sum(CacheReadTokens, other.CacheReadTokens),
            CacheWriteTokens = Sum(CacheWriteTokens, other.CacheWriteTokens),
            CacheWriteOneHourTokens = Sum(CacheWriteOneHourTokens, other.CacheWriteOneHourTokens),
            OutputTokens = Sum(OutputTokens, other.OutputTokens),
            ReasoningTokens = Sum(ReasoningTokens, other.ReasoningTokens),
            AudioInputTokens = Sum(AudioInputTokens, other.AudioInputTokens),
            AudioCacheReadTokens = Sum(AudioCacheReadTokens, other.AudioCacheReadTokens),
            AudioOutputTokens = Sum(AudioOutputTokens, other.AudioOutputTokens),
            ImageInputTokens = Sum(ImageInputTokens, other.ImageInputTokens),
            ImageOutputTokens = Sum(ImageOutputTokens, other.ImageOutputTokens),
            WebSearchCalls = Sum(WebSearchCalls, other.WebSearchCalls),
        };

        // A provider that reports the largest number again and again must not turn the sum around.
        static long? Sum(long? a, long? b) => a is null && b is null ? null : long.CreateSaturating((Int128)(a ?? 0) + (b ?? 0));
    }
}
