using System.ComponentModel;
using System.Globalization;

namespace Gatehouse.Reports;

internal record UsageSumsView
{
    public UsageSumsView(long[] sums)
    {
        Exchanges = sums[UsageMeasures.Exchanges];
        InputTokens = sums[UsageMeasures.InputTokens];
        CacheReadTokens = sums[UsageMeasures.CacheReadTokens];
        CacheWriteTokens = sums[UsageMeasures.CacheWriteTokens];
        OutputTokens = sums[UsageMeasures.OutputTokens];
        ReasoningTokens = sums[UsageMeasures.ReasoningTokens];
        CostNanoUsd = sums[UsageMeasures.CostNanoUsd];
        EstimatedCostNanoUsd = sums[UsageMeasures.EstimatedCostNanoUsd];
        EstimatedExchanges = sums[UsageMeasures.EstimatedExchanges];
        UnpricedExchanges = sums[UsageMeasures.UnpricedExchanges];
        SavedNanoUsd = sums[UsageMeasures.SavedNanoUsd];
        PromptCacheSavedNanoUsd = sums[UsageMeasures.PromptCacheSavedNanoUsd];
        Attempts = sums[UsageMeasures.Attempts];
        TotalUs = sums[UsageMeasures.TotalMicroseconds];
        UpstreamUs = sums[UsageMeasures.UpstreamMicroseconds];
        CacheWriteOneHourTokens = sums[UsageMeasures.CacheWriteOneHourTokens];
        AudioInputTokens = sums[UsageMeasures.AudioInputTokens];
        AudioCacheReadTokens = sums[UsageMeasures.AudioCacheReadTokens];
        AudioOutputTokens = sums[UsageMeasures.AudioOutputTokens];
        ImageInputTokens = sums[UsageMeasures.ImageInputTokens];
        ImageOutputTokens = sums[UsageMeasures.ImageOutputTokens];
        WebSearchCalls = sums[UsageMeasures.WebSearchCalls];
        Continuations = sums[UsageMeasures.Continuations];
    }

    public long Exchanges { get; }

    [Description("Uncached input; cache reads and writes come beside it.")]
    public long InputTokens { get; }

    public long CacheReadTokens { get; }

    public long CacheWriteTokens { get; }

    public long OutputTokens { get; }

    [Description("Of output_tokens.")]
    public long ReasoningTokens { get; }

    [Description("Of the exchanges whose cost is known.")]
    public long CostNanoUsd { get; }

    [Description("The same, exactly, as a decimal number of USD.")]
    public string CostUsd => Usd(CostNanoUsd);

    [Description("Of cost_nano_usd: of exchanges whose provider did not report all of the usage.")]
    public long EstimatedCostNanoUsd { get; }

    public long EstimatedExchanges { get; }

    [Description("Answered by a target, and what that costs is not known: the real cost is higher.")]
    public long UnpricedExchanges { get; }

    [Description("What answers from the gateway's caches would have cost.")]
    public long SavedNanoUsd { get; }

    [Description("By the providers' own prompt caches, less what writing to them cost.")]
    public long PromptCacheSavedNanoUsd { get; }

    [Description("At targets.")]
    public long Attempts { get; }

    [Description("Sum of the durations, in microseconds.")]
    public long TotalUs { get; }

    public long UpstreamUs { get; }

    [Description("Of cache_write_tokens.")]
    public long CacheWriteOneHourTokens { get; }

    [Description("Of the input.")]
    public long AudioInputTokens { get; }

    [Description("Of cache_read_tokens.")]
    public long AudioCacheReadTokens { get; }

    [Description("Of output_tokens.")]
    public long AudioOutputTokens { get; }

    [Description("Of the input.")]
    public long ImageInputTokens { get; }

    [Description("Of output_tokens.")]
    public long ImageOutputTokens { get; }

    public long WebSearchCalls { get; }

    public long Continuations { get; }

    /// <summary>Exact: nine digits at most behind the point, and no more than are needed.</summary>
    public static string Usd(long nano) => (nano / 1_000_000_000m).ToString("0.#########", CultureInfo.InvariantCulture);
}

internal sealed record UsageGroupView : UsageSumsView
{
    public UsageGroupView(IReadOnlyList<string> names, UsageGroup group)
        : base(group.Sums) => Group = names.Select((name, i) => KeyValuePair.Create(name, group.Values[i])).ToDictionary(StringComparer.Ordinal);

    [Description("The value of each grouping; null for exchanges that have none.")]
    public IReadOnlyDictionary<string, string?> Group { get; }
}

internal sealed record UsageReportView(
    [property: Description("Rounded down to an hour.")] DateTimeOffset From,
    [property: Description("Exclusive, rounded up to an hour.")] DateTimeOffset To,
    string TimeZone,
    IReadOnlyList<string> GroupBy,
    [property: Description("False while exchanges from before the first start with reports are still being summed up.")] bool IsComplete,
    [property: Description("Of all groups.")] UsageSumsView Totals,
    [property: Description("How many there are.")] int Groups,
    IReadOnlyList<UsageGroupView> Data,
    [property: Description("The offset of the next page; null at the end.")] int? NextOffset);
