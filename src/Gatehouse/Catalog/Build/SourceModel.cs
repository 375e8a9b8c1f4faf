namespace Gatehouse.Catalog.Build;

/// <summary>Where prices come from. In the order in which they are believed where they differ and nothing else decides.</summary>
internal enum PriceSource
{
    GenaiPrices,
    Litellm,
    Portkey,
    ModelsDev,

    /// <summary>No source tells it: in proportion to a price of the same model that one tells.</summary>
    Derived,
}

/// <summary>What one source says of one model.</summary>
/// <param name="Provider">Kind of the provider, as in the provider table.</param>
/// <param name="Id">The provider's own name of the model.</param>
internal sealed record SourceModel(PriceSource Source, string Provider, string Id)
{
    /// <summary>USD per million tokens. The dearest model so far, o1-pro, takes 600.</summary>
    private const decimal HighestPlausible = 1000;

    /// <summary>USD per million tokens, or each.</summary>
    public Dictionary<PriceKey, decimal> Prices { get; init; } = [];

    /// <summary>Prices that hold from a day on which the source was not yet at.</summary>
    public Dictionary<DateOnly, Dictionary<PriceKey, decimal>> Later { get; init; } = [];

    /// <summary>The provider's page from which the prices are.</summary>
    public string? Page { get; init; }

    public string? Mode { get; init; }

    public long? Context { get; init; }

    public long? MaxOutput { get; init; }

    public HashSet<string> Input { get; init; } = [];

    public HashSet<string> Output { get; init; } = [];

    public HashSet<string> Capabilities { get; init; } = [];

    /// <summary>The day after which the provider does not serve it any more.</summary>
    public string? Deprecated { get; init; }

    /// <summary>The source does not name this model; a rule of its own takes it for one that it knows.</summary>
    public bool IsByRule { get; init; }

    /// <summary>All that it asks for tokens is nothing: free, or not known.</summary>
    public bool ClaimsFree { get; private set; }

    /// <summary>Prices for tokens of which one is higher than any provider asks: a source has taken one unit for another.</summary>
    public Dictionary<PriceKey, decimal> Implausible { get; } = [];

    /// <summary>Takes out the zeros that stand for "not known", what is implausible, and floating-point noise.</summary>
    public SourceModel Cleaned()
    {
        ClaimsFree = Prices.Count > 0 && Prices.Values.All(price => price == 0) && Prices.ContainsKey(new PriceKey(PriceKind.Input));
        // All prices of a model are in the same unit.
        var isImplausible = Prices.Any(price => price.Key.Kind.IsPerToken() && price.Value > HighestPlausible);
        foreach (var (key, price) in Prices.ToArray())
        {
            // What is charged by the call is charged alike for all lengths and tiers; some sources repeat it in each.
            var isRepeated = key.Kind is PriceKind.WebSearch or PriceKind.Request && (key.Above > 0 || key.Tier != ServiceTier.Standard);
            if (price < 0 || (price == 0 && !ClaimsFree) || isRepeated)
            {
                _ = Prices.Remove(key);
            }
            else if (isImplausible && key.Kind.IsPerToken())
            {
                _ = Prices.Remove(key);
                Implausible[key] = Rounded(price);
            }
            else
            {
                Prices[key] = Rounded(price);
            }
        }

        return this;
    }

    /// <summary>Nine decimals of a dollar per million tokens are finer than any price; what is beyond comes from binary fractions.</summary>
    private static decimal Rounded(decimal price) => decimal.Round(price, 9) / 1.0000000000000000000000000000m;
}
