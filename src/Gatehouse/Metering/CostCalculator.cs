using Gatehouse.Catalog;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Metering;

/// <summary>What an exchange costs, in nano-USD and not rounded.</summary>
internal readonly record struct Cost(decimal Input, decimal Output, decimal Calls)
{
    /// <summary>A million dollars: an exchange that seems to cost more was reported wrongly.</summary>
    private const decimal Most = 1_000_000_000_000_000;

    /// <summary>The sum, rounded once, halves away from zero; null when it cannot be right.</summary>
    public long? NanoUsd => decimal.Round(Input + Output + Calls, MidpointRounding.AwayFromZero) is <= Most and var sum ? (long)sum : null;
}

/// <summary>
/// Usage times price. All of a request is charged at the rates for the length of its whole input. What has no known price makes the cost
/// unknown, never 0.
/// </summary>
internal static class CostCalculator
{
    /// <param name="tier">For what the provider took it, which may be less than was asked for.</param>
    /// <param name="at">When it was sent: some prices change on a day that is known before.</param>
    /// <returns>Null when the cost is not known.</returns>
    public static Cost? Calculate(Usage usage, ModelPrice price, ServiceTier tier, DateTimeOffset at)
    {
        if (usage.InputTokens is not { } input)
        {
            return null;
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
        var inputCost = Times(input - audio - image, card[PriceKind.Input]) + Times(audio, card[PriceKind.AudioInput]) + Times(image, card[PriceKind.ImageInput])
            + Times(cacheRead - audioRead, card[PriceKind.CacheRead]) + Times(audioRead, card[PriceKind.AudioCacheRead])
            + Times(cacheWrite - oneHour, card[PriceKind.CacheWrite]) + Times(oneHour, card[PriceKind.CacheWriteOneHour]);

        var output = usage.OutputTokens ?? 0;
        var audioOut = Part(usage.AudioOutputTokens, output);
        var imageOut = Part(usage.ImageOutputTokens, output - audioOut);
        var reasoning = Part(usage.ReasoningTokens, output - audioOut - imageOut);
        var outputCost = Times(output - audioOut - imageOut - reasoning, card[PriceKind.Output]) + Times(reasoning, card[PriceKind.Reasoning])
            + Times(audioOut, card[PriceKind.AudioOutput]) + Times(imageOut, card[PriceKind.ImageOutput]);

        // A price by the request is optional: most models have none.
        var calls = Times(usage.WebSearchCalls ?? 0, card[PriceKind.WebSearch]) + (card[PriceKind.Request] ?? 0);
        return inputCost is { } known && outputCost is { } knownOutput && calls is { } knownCalls ? new Cost(known, knownOutput, knownCalls) : null;
    }

    /// <summary>A part cannot be more than the whole, whatever a provider reports.</summary>
    private static long Part(long? part, long whole) => Math.Min(part ?? 0, whole);

    private static decimal? Times(long count, decimal? rate) => count == 0 ? 0 : count * rate;
}
