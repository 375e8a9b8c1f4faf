using Gatehouse.Ledger;

namespace Gatehouse.Reports;

/// <summary>What is summed up of exchanges: places in an array of sums, with the names of their columns.</summary>
internal static class UsageMeasures
{
    public const int Exchanges = 0;
    public const int InputTokens = 1;
    public const int CacheReadTokens = 2;
    public const int CacheWriteTokens = 3;
    public const int OutputTokens = 4;
    public const int ReasoningTokens = 5;
    public const int CostNanoUsd = 6;
    public const int EstimatedCostNanoUsd = 7;
    public const int EstimatedExchanges = 8;
    public const int UnpricedExchanges = 9;
    public const int SavedNanoUsd = 10;
    public const int PromptCacheSavedNanoUsd = 11;
    public const int Attempts = 12;
    public const int TotalMicroseconds = 13;
    public const int UpstreamMicroseconds = 14;

    // 0 in most rows
    public const int FirstRare = 15;
    public const int CacheWriteOneHourTokens = 15;
    public const int AudioInputTokens = 16;
    public const int AudioCacheReadTokens = 17;
    public const int AudioOutputTokens = 18;
    public const int ImageInputTokens = 19;
    public const int ImageOutputTokens = 20;
    public const int WebSearchCalls = 21;
    public const int Continuations = 22;
    public const int Count = 23;

    public static readonly string[] Names =
    [
        "exchanges", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "cost_nano_usd",
        "estimated_cost_nano_usd", "estimated_exchanges", "unpriced_exchanges", "saved_nano_usd", "prompt_cache_saved_nano_usd", "attempts", "total_us",
        "upstream_us", "cache_write_one_hour_tokens", "audio_input_tokens", "audio_cache_read_tokens", "audio_output_tokens", "image_input_tokens",
        "image_output_tokens", "web_search_calls", "continuations",
    ];

    /// <summary>The columns in the order in which rows are read: <c>others</c> tells whether the rare ones behind it are to be read at all.</summary>
    public static readonly string Columns = string.Join(", ", [.. Names[..FirstRare], "others", .. Names[FirstRare..]]);

    /// <summary>
    /// No exchange has more of anything. What a provider reports beyond it is wrong, and must not make the sums of a group overflow: a group has at
    /// most 1,024 exchanges.
    /// </summary>
    private const long Most = 1_000_000_000_000_000;

    /// <summary>Of one exchange.</summary>
    /// <param name="sums">All 0.</param>
    public static void Read(LedgerEntry entry, Span<long> sums)
    {
        sums[Exchanges] = 1;
        if (entry.Usage is { } usage)
        {
            sums[InputTokens] = Bounded(usage.InputTokens);
            sums[CacheReadTokens] = Bounded(usage.CacheReadTokens);
            sums[CacheWriteTokens] = Bounded(usage.CacheWriteTokens);
            sums[OutputTokens] = Bounded(usage.OutputTokens);
            sums[ReasoningTokens] = Bounded(usage.ReasoningTokens);
            sums[CacheWriteOneHourTokens] = Bounded(usage.CacheWriteOneHourTokens);
            sums[AudioInputTokens] = Bounded(usage.AudioInputTokens);
            sums[AudioCacheReadTokens] = Bounded(usage.AudioCacheReadTokens);
            sums[AudioOutputTokens] = Bounded(usage.AudioOutputTokens);
            sums[ImageInputTokens] = Bounded(usage.ImageInputTokens);
            sums[ImageOutputTokens] = Bounded(usage.ImageOutputTokens);
            sums[WebSearchCalls] = Bounded(usage.WebSearchCalls);
        }

        sums[CostNanoUsd] = Bounded(entry.CostNanoUsd);
        sums[EstimatedCostNanoUsd] = entry.IsCostEstimated ? Bounded(entry.CostNanoUsd) : 0;
        sums[EstimatedExchanges] = entry.IsCostEstimated ? 1 : 0;
        sums[UnpricedExchanges] = IsUnpriced(entry) ? 1 : 0;
        sums[SavedNanoUsd] = Bounded(entry.SavedNanoUsd);
        sums[PromptCacheSavedNanoUsd] = Bounded(entry.PromptCacheSavedNanoUsd);
        sums[Attempts] = CountOf(entry.Attempts);
        sums[TotalMicroseconds] = Microseconds(entry.Timings.Total);
        sums[UpstreamMicroseconds] = Microseconds(entry.Timings.Upstream);
        sums[Continuations] = entry.Continuations;
    }

    /// <summary>The same of a row of <c>exchanges</c>, in the order of the places.</summary>
    public const string OfLedgerRow = """
        1, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nano_usd, iif(cost_is_estimated, cost_nano_usd, 0),
        cost_is_estimated, cost_nano_usd IS NULL AND target IS NOT NULL AND outcome IN ('completed', 'truncated', 'cancelled'), saved_nano_usd,
        prompt_cache_saved_nano_usd, json_array_length(attempts), total_us, upstream_us, cache_write_one_hour_tokens, audio_input_tokens,
        audio_cache_read_tokens, audio_output_tokens, image_input_tokens, image_output_tokens, web_search_calls, continuations
        """;

    public static void Add(ReadOnlySpan<long> one, Span<long> sums)
    {
        for (var i = 0; i < Count; i++)
        {
            sums[i] += one[i];
        }
    }

    /// <summary>Which sums are not 0, a bit for each.</summary>
    public static int PlacesOf(ReadOnlySpan<long> sums)
    {
        var places = 0;
        for (var i = 0; i < Count; i++)
        {
            places |= sums[i] == 0 ? 0 : 1 << i;
        }

        return places;
    }

    /// <summary>The sum, or the end of the numbers in its direction.</summary>
    public static long Saturated(long a, long b)
    {
        var sum = unchecked(a + b);
        return ((a ^ sum) & (b ^ sum)) >= 0 ? sum : a < 0 ? long.MinValue : long.MaxValue;
    }

    /// <summary>The objects in a JSON list of objects that have none inside; much faster than to parse it.</summary>
    public static int CountOf(string attempts)
    {
        var (count, isText) = (0, false);
        for (var i = 0; i < attempts.Length; i++)
        {
            switch (attempts[i])
            {
                case '"':
                    isText = !isText;
                    break;
                case '\\':
                    i++;
                    break;
                case '{' when !isText:
                    count++;
                    break;
                default:
                    break;
            }
        }

        return count;
    }

    /// <summary>A target answered, and what that costs is not known. A failure without an answer costs nothing that could be known.</summary>
    private static bool IsUnpriced(LedgerEntry entry) => entry is { CostNanoUsd: null, Target: not null, Outcome: "completed" or "truncated" or "cancelled" };

    public static long Bounded(long? value) => Math.Clamp(value.GetValueOrDefault(), -Most, Most);

    private static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
}
