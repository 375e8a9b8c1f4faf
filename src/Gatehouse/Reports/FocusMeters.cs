using Gatehouse.Catalog;

namespace Gatehouse.Reports;

/// <summary>One thing that is charged for.</summary>
internal readonly record struct FocusMeter(PriceKind Kind, long Quantity, long CostNanoUsd);

/// <summary>
/// Splits the cost of a sum of exchanges among what was charged for. The ledger has one cost for an exchange; it is split in the proportion of the
/// quantities times their rates, and the parts add up to the cost exactly: the nano-USD that rounding leaves go to the largest remainders.
/// </summary>
internal static class FocusMeters
{
    /// <summary>Nothing was used that could be charged for.</summary>
    public static bool IsEmpty(long[] sums) =>
        (sums[UsageMeasures.InputTokens] | sums[UsageMeasures.CacheReadTokens] | sums[UsageMeasures.CacheWriteTokens] | sums[UsageMeasures.OutputTokens] | sums[UsageMeasures.WebSearchCalls]) == 0;

    /// <param name="rates">Of the model; null when they are not known: then in proportion of the quantities.</param>
    public static List<FocusMeter> Split(long[] sums, RateCard? rates)
    {
        var audio = Part(UsageMeasures.AudioInputTokens, sums[UsageMeasures.InputTokens]);
        var image = Part(UsageMeasures.ImageInputTokens, sums[UsageMeasures.InputTokens] - audio);
        var audioRead = Part(UsageMeasures.AudioCacheReadTokens, sums[UsageMeasures.CacheReadTokens]);
        var oneHour = Part(UsageMeasures.CacheWriteOneHourTokens, sums[UsageMeasures.CacheWriteTokens]);
        var output = sums[UsageMeasures.OutputTokens];
        var audioOut = Part(UsageMeasures.AudioOutputTokens, output);
        var imageOut = Part(UsageMeasures.ImageOutputTokens, output - audioOut);
        var reasoning = Part(UsageMeasures.ReasoningTokens, output - audioOut - imageOut);
        (PriceKind Kind, long Quantity)[] all =
        [
            (PriceKind.Input, sums[UsageMeasures.InputTokens] - audio - image), (PriceKind.AudioInput, audio), (PriceKind.ImageInput, image),
            (PriceKind.CacheRead, sums[UsageMeasures.CacheReadTokens] - audioRead), (PriceKind.AudioCacheRead, audioRead),
            (PriceKind.CacheWrite, sums[UsageMeasures.CacheWriteTokens] - oneHour), (PriceKind.CacheWriteOneHour, oneHour),
            (PriceKind.Output, output - audioOut - imageOut - reasoning), (PriceKind.Reasoning, reasoning), (PriceKind.AudioOutput, audioOut),
            (PriceKind.ImageOutput, imageOut), (PriceKind.WebSearch, sums[UsageMeasures.WebSearchCalls]),
        ];
        var used = all.Where(meter => meter.Quantity > 0).ToList();
        if (rates?[PriceKind.Request] is > 0 || used.Count == 0)
        {
            used.Add((PriceKind.Request, sums[UsageMeasures.Exchanges]));
        }

        return Shared(used, sums[UsageMeasures.CostNanoUsd], rates);

        long Part(int measure, long whole) => Math.Clamp(sums[measure], 0, Math.Max(whole, 0));
    }

    private static List<FocusMeter> Shared(List<(PriceKind Kind, long Quantity)> used, long cost, RateCard? rates)
    {
        var weights = used.Select(meter => (double)meter.Quantity * (double)(rates?[meter.Kind] ?? 0)).ToArray();
        if (weights.Sum() <= 0)
        {
            weights = [.. used.Select(meter => (double)Math.Max(meter.Quantity, 1))];
        }

        var total = weights.Sum();
        var exact = weights.Select(weight => (decimal)(weight / total) * cost).ToArray();
        var parts = exact.Select(part => (long)decimal.Floor(part)).ToArray();
        var rest = cost - parts.Sum();
        foreach (var i in Enumerable.Range(0, parts.Length).OrderByDescending(i => exact[i] - parts[i]).ToArray())
        {
            // One each, but for what the division of the weights has lost: that goes to the first.
            var more = rest is 0 ? 0 : Math.Sign(rest);
            parts[i] += more;
            rest -= more;
        }

        parts[Array.IndexOf(weights, weights.Max())] += rest;
        return [.. used.Select((meter, i) => new FocusMeter(meter.Kind, meter.Quantity, parts[i]))];
    }
}
