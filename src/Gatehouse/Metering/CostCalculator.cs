using Gatehouse.Catalog;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Metering;

/// <summary>What an exchange costs, in nano-USD and not rounded.</summary>
internal readonly record struct Cost(decimal Input, decimal Output, decimal Calls)
{
    /// <summary>A million dollars: an exchange that seems to cost more was reported wrongly.</summary>
    public const decimal Most = 1_000_000_000_000_000;

    /// <summary>The sum, rounded once, halves away from zero; null when it cannot be right.</summary>
    public long? NanoUsd => decimal.Round(Input + Output + Calls, MidpointRounding.AwayFromZero) is <= Most and var sum ? (long)sum : null;
}

/// <summary>
/// Usage times price. All of a request is charged at the rates for the length of its whole input. What has no known price makes the cost
/// unknown, never 0.
/// </summary>
internal static class CostCalculator
{
    /// <summary>Tokens or calls: an exchange that seems to have more was reported wrongly. Times the highest price it stays within a decimal.</summary>
    public const long MostUnits = 1_000_000_000_000;

    /// <param name="tier">For what the provider took it, which may be less than was asked for.</param>
    /// <param name="at">When it was sent: some prices change on a day that is known before.</param>
    /// <returns>Null when the cost is not known.</returns>
    public static Cost? Calculate(Usage usage, ModelPrice price, ServiceTier tier, DateTimeOffset at)
    {
        if (usage.InputTokens is not { } input)
        {
            // What is sold by the request alone, such as a reranking, need not tell its tokens.
            return price.CardFor(tier, 0, at) is { } plain && plain[PriceKind.Input] is null && plain[PriceKind.Request] is { } each ? new Cost(0, 0, each) : null;
        }

        var (cacheRead, cacheWrite) = (usage.CacheReadTokens ?? 0, usage.CacheWriteTokens ?? 0);
        if (price.CardFor(tier, input + cacheRead + cacheWrite, at) is not { } card)
        {
            return null;
        }

        var audio = Part(usage.AudioInputTokens, input);
        var image = Part(usage.ImageInputTokens, input - audio);
        var audioRead = Part(usage.AudioCacheReadTokens, cacheRead);
        var oneHour = Part(usage.CacheWriteOneHourTokens, cacheWrite);
        var (inputCost, isKnown) = (0m, true);
        Add(ref inputCost, input - audio - image, PriceKind.Input);
        Add(ref inputCost, audio, PriceKind.AudioInput);
        Add(ref inputCost, image, PriceKind.ImageInput);
        Add(ref inputCost, cacheRead - audioRead, PriceKind.CacheRead);
        Add(ref inputCost, audioRead, PriceKind.AudioCacheRead);
        Add(ref inputCost, cacheWrite - oneHour, PriceKind.CacheWrite);
        Add(ref inputCost, oneHour, PriceKind.CacheWriteOneHour);

        var output = usage.OutputTokens ?? 0;
        var audioOut = Part(usage.AudioOutputTokens, output);
        var imageOut = Part(usage.ImageOutputTokens, output - audioOut);
        var reasoning = Part(usage.ReasoningTokens, output - audioOut - imageOut);
        var outputCost = 0m;
        Add(ref outputCost, output - audioOut - imageOut - reasoning, PriceKind.Output);
        Add(ref outputCost, reasoning, PriceKind.Reasoning);
        Add(ref outputCost, audioOut, PriceKind.AudioOutput);
        Add(ref outputCost, imageOut, PriceKind.ImageOutput);

        // A price by the request is optional: most models have none.
        var calls = card[PriceKind.Request] ?? 0;
        Add(ref calls, usage.WebSearchCalls ?? 0, PriceKind.WebSearch);
        return isKnown ? new Cost(inputCost, outputCost, calls) : null;

        void Add(ref decimal sum, long count, PriceKind kind)
        {
            // Most counts are 0, and decimals are not cheap.
            if (count != 0)
            {
                isKnown &= card[kind] is not null && count <= MostUnits;
                sum += Math.Min(count, MostUnits) * card[kind].GetValueOrDefault();
            }
        }
    }

    /// <summary>A part cannot be more than the whole, whatever a provider reports.</summary>
    public static long Part(long? part, long whole) => Math.Min(part ?? 0, whole);
}
