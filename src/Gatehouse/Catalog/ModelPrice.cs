namespace Gatehouse.Catalog;

/// <summary>
/// The rates that hold for a request: of one tier, from one day on, for inputs longer than <see cref="Above"/> tokens. A kind without a
/// rate of its own has the rate of the kind that it is a part of; one that would be dearer than that by an unknown amount has none.
/// </summary>
internal sealed class RateCard
{
    private readonly decimal?[] _rates;

    public RateCard(ServiceTier tier, DateTimeOffset from, int above, Func<PriceKind, decimal?> usd)
    {
        (Tier, From, Above) = (tier, from, above);
        _rates = new decimal?[(int)PriceKinds.LastMetered + 1];
        // In an order in which what a kind falls back on is already there.
        Set(PriceKind.Input, null);
        Set(PriceKind.Output, null);
        Set(PriceKind.CacheRead, PriceKind.Input);
        Set(PriceKind.CacheWrite, PriceKind.Input);
        Set(PriceKind.CacheWriteOneHour, null);
        Set(PriceKind.Reasoning, PriceKind.Output);
        Set(PriceKind.AudioInput, PriceKind.Input);
        Set(PriceKind.AudioCacheRead, PriceKind.CacheRead);
        Set(PriceKind.AudioOutput, PriceKind.Output);
        Set(PriceKind.ImageInput, PriceKind.Input);
        Set(PriceKind.ImageOutput, PriceKind.Output);
        Set(PriceKind.WebSearch, null);
        Set(PriceKind.Request, null);

        void Set(PriceKind kind, PriceKind? otherwise)
        {
            const decimal NanoUsdPerTokenOfUsdPerMillion = 1_000;
            const decimal NanoUsd = 1_000_000_000;
            _rates[(int)kind] = usd(kind) * (kind.IsPerToken() ? NanoUsdPerTokenOfUsdPerMillion : NanoUsd) ?? (otherwise is { } other ? _rates[(int)other] : null);
        }
    }

    public ServiceTier Tier { get; }

    public DateTimeOffset From { get; }

    public int Above { get; }

    /// <summary>Nano-USD per token or call; null when not known.</summary>
    public decimal? this[PriceKind kind] => _rates[(int)kind];
}

/// <summary>The prices of a model, compiled for the hot path.</summary>
internal sealed class ModelPrice
{
    /// <summary>The card that holds for a request is the first one that fits: later before earlier, long inputs before short ones.</summary>
    private readonly RateCard[] _cards;

    private ModelPrice(RateCard[] cards) => _cards = cards;

    /// <returns>Null when nothing of it is priced by what exchanges are metered in.</returns>
    public static ModelPrice? Of(CatalogEntry entry)
    {
        var prices = entry.Prices.ToDictionary(price => price.Key, price => price.Usd);
        var cards = new List<RateCard>(Cards(prices, DateTimeOffset.MinValue));
        foreach (var (day, changes) in entry.Later)
        {
            foreach (var change in changes)
            {
                prices[change.Key] = change.Usd;
            }

            cards.AddRange(Cards(prices, new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero)));
        }

        return cards.Count == 0 ? null : new ModelPrice([.. cards.OrderByDescending(card => card.From).ThenByDescending(card => card.Above)]);
    }

    /// <returns>Null when the model has no prices for this tier.</returns>
    /// <param name="inputTokens">All input, that from caches too.</param>
    public RateCard? CardFor(ServiceTier tier, long inputTokens, DateTimeOffset at)
    {
        foreach (var card in _cards)
        {
            if (card.Tier == tier && card.From <= at && (card.Above == 0 || inputTokens > card.Above))
            {
                return card;
            }
        }

        return null;
    }

    private static IEnumerable<RateCard> Cards(Dictionary<PriceKey, decimal> prices, DateTimeOffset from) => prices.Keys
        .Where(key => key.Kind <= PriceKinds.LastMetered)
        .Select(key => (key.Tier, key.Above))
        .Distinct()
        .Select(card =>
        {
            // What is not told for long inputs costs what it costs for shorter ones.
            var steps = prices.Keys.Where(key => key.Tier == card.Tier && key.Above <= card.Above).Select(key => key.Above).Distinct().OrderDescending().ToArray();
            return new RateCard(card.Tier, from, card.Above, Usd);

            decimal? Usd(PriceKind kind)
            {
                foreach (var step in steps)
                {
                    if (prices.TryGetValue(new PriceKey(kind, step, card.Tier), out var usd))
                    {
                        return usd;
                    }
                }

                // Calls cost the same in all tiers.
                return !kind.IsPerToken() && prices.TryGetValue(new PriceKey(kind), out var each) ? each : null;
            }
        });
}
