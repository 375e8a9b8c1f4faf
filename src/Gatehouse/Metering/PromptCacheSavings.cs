using Gatehouse.Catalog;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Metering;

/// <summary>
/// What a provider's prompt cache saved: the input as it would have cost without one, less what it did cost. Tokens written to the cache cost
/// more than others with some providers, so that it can be negative.
/// </summary>
internal static class PromptCacheSavings
{
    /// <param name="usage">Of one exchange.</param>
    /// <param name="price">Of the model that answered.</param>
    /// <param name="tier">As for <see cref="CostCalculator.Calculate"/>.</param>
    /// <param name="at">As for <see cref="CostCalculator.Calculate"/>.</param>
    /// <returns>Nano-USD, rounded once, halves away from zero. Null when it is not known: no cache is told of, or a price is missing.</returns>
    public static long? Calculate(Usage usage, ModelPrice price, ServiceTier tier, DateTimeOffset at)
    {
        if (usage.InputTokens is not { } input || (usage.CacheReadTokens is null && usage.CacheWriteTokens is null))
        {
            return null;
        }

        // The whole input is as long without a cache: the rates are of the same card.
        var (read, write) = (usage.CacheReadTokens ?? 0, usage.CacheWriteTokens ?? 0);
        if (price.CardFor(tier, input + read + write, at) is not { } card)
        {
            return null;
        }

        var audio = CostCalculator.Part(usage.AudioCacheReadTokens, read);
        var oneHour = CostCalculator.Part(usage.CacheWriteOneHourTokens, write);
        var saved = Saved(card, read - audio, PriceKind.Input, PriceKind.CacheRead)
            + Saved(card, audio, PriceKind.AudioInput, PriceKind.AudioCacheRead)
            + Saved(card, write - oneHour, PriceKind.Input, PriceKind.CacheWrite)
            + Saved(card, oneHour, PriceKind.Input, PriceKind.CacheWriteOneHour);
        return saved is { } sum && decimal.Round(sum, MidpointRounding.AwayFromZero) is >= -Cost.Most and <= Cost.Most and var nanoUsd ? (long)nanoUsd : null;
    }

    private static decimal? Saved(RateCard card, long count, PriceKind otherwise, PriceKind paid) =>
        count == 0 ? 0 : count > CostCalculator.MostUnits ? null : count * (card[otherwise] - card[paid]);
}
