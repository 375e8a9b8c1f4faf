namespace Gatehouse.Catalog.Build;

/// <summary>How far the price of a model is backed.</summary>
internal enum Agreement
{
    /// <summary>Two sources or more, and all of them agree.</summary>
    Agreed,

    /// <summary>More sources agree on it than on any other price.</summary>
    Majority,

    /// <summary>One source alone knows it.</summary>
    Single,

    /// <summary>As many sources agree on another price.</summary>
    Disputed,
}

/// <param name="Chosen">Prices, each with the source it is from.</param>
/// <param name="Differing">Other sources' prices that differ from the chosen ones.</param>
internal sealed record MergedModel(
    string Provider,
    string Id,
    IReadOnlyList<SourceModel> Sources,
    SortedDictionary<PriceKey, (decimal Price, PriceSource Source)> Chosen,
    SortedDictionary<DateOnly, SortedDictionary<PriceKey, (decimal Price, PriceSource Source)>> Later,
    Agreement? Agreement,
    IReadOnlyList<(PriceKey Key, PriceSource Source, decimal Price)> Differing);

/// <summary>
/// Makes one model of what the sources say of it. The largest group of sources that agree on input and output wins; of groups of the
/// same size the one whose price comes with the provider's page, then the one with the newer source. Only sources of the winning group
/// give prices: half of one list and half of another would be nobody's price.
/// </summary>
internal static class CatalogMerger
{
    /// <summary>Prices that differ by no more are taken as equal: some sources round.</summary>
    private const decimal Tolerance = 0.005m;

    public static IEnumerable<MergedModel> Merge(IEnumerable<SourceModel> models) => models
        .GroupBy(model => $"{model.Provider}/{model.Id}".ToLowerInvariant(), StringComparer.Ordinal)
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => Merge([.. group.GroupBy(model => model.Source).Select(Joined)]));

    /// <summary>Some sources have a model twice, under two names of one product or in two spellings: the first that tells a price counts.</summary>
    private static SourceModel Joined(IGrouping<PriceSource, SourceModel> same) =>
        (same.FirstOrDefault(model => model.Prices.Count > 0) ?? same.First()).Cleaned();

    private static MergedModel Merge(SourceModel[] sources)
    {
        var priced = sources.Where(source => source.Prices.Count > 0).OrderBy(Rank).ToArray();
        var isFree = IsFree(priced);
        priced = [.. priced.Where(source => source.ClaimsFree == isFree)];
        TellImagesFromText(priced);
        var groups = Groups(priced);
        var winners = groups.MaxBy(group => group.Length) ?? [];
        var chosen = new SortedDictionary<PriceKey, (decimal, PriceSource)>(PriceKey.Order);
        foreach (var key in winners.SelectMany(source => source.Prices.Keys).Distinct().Where(key => IsBacked(key, winners)))
        {
            chosen[key] = Choose(winners.Where(source => source.Prices.ContainsKey(key)).Select(source => (source.Prices[key], source.Source)).ToArray());
        }

        DropStepsThatChangeNothing(chosen);
        var later = new SortedDictionary<DateOnly, SortedDictionary<PriceKey, (decimal, PriceSource)>>();
        if (Array.Find(winners, source => source.Later.Count > 0) is { } foreseeing)
        {
            foreach (var (day, prices) in foreseeing.Later)
            {
                later[day] = Foreseen(chosen, prices, foreseeing.Source);
            }
        }

        var differing = priced
            .SelectMany(source => source.Prices.Select(price => (price.Key, source.Source, price.Value)))
            .Where(price => chosen.TryGetValue(price.Key, out var ours) && !AreEqual(ours.Item1, price.Value))
            .OrderBy(price => price.Key, PriceKey.Order).ThenBy(price => price.Source)
            .ToArray();
        var best = sources.OrderBy(Rank).First();
        return new MergedModel(best.Provider, best.Id, sources, chosen, later, AgreementOf(priced, winners, groups), differing);
    }

    /// <summary>
    /// Of models that draw, some sources give the price of the image as that of all output. Where another source tells the two apart, the
    /// former is taken for what it is.
    /// </summary>
    private static void TellImagesFromText(SourceModel[] priced)
    {
        var (output, image) = (new PriceKey(PriceKind.Output), new PriceKey(PriceKind.ImageOutput));
        var prices = priced.Where(source => source.Prices.ContainsKey(image)).Select(source => source.Prices[image]).ToArray();
        foreach (var source in priced)
        {
            if (!source.Prices.ContainsKey(image) && source.Prices.TryGetValue(output, out var price) && Array.Exists(prices, other => AreEqual(other, price))
                && source.Prices.Remove(output))
            {
                source.Prices[image] = price;
            }
        }
    }

    /// <summary>A price for long inputs that is the price for shorter ones.</summary>
    private static void DropStepsThatChangeNothing(SortedDictionary<PriceKey, (decimal Price, PriceSource Source)> chosen)
    {
        foreach (var (key, (price, _)) in chosen.Where(price => price.Key.Above > 0).ToArray())
        {
            var below = chosen.Where(other => other.Key.Kind == key.Kind && other.Key.Tier == key.Tier && other.Key.Above < key.Above).ToArray();
            if (below.Length > 0 && below[^1].Value.Price == price)
            {
                _ = chosen.Remove(key);
            }
        }
    }

    /// <summary>
    /// A price for long inputs is taken when half of the winners know of it: the others say that there is none, where one source
    /// carries on with what was so once.
    /// </summary>
    private static bool IsBacked(PriceKey key, SourceModel[] winners) =>
        key.Above == 0 || winners.Count(source => source.Prices.Keys.Any(other => other.Above == key.Above)) * 2 >= winners.Length;

    /// <summary>What is free and what is not known look the same in these sources: the name says so, or two sources and nobody else.</summary>
    private static bool IsFree(SourceModel[] priced) => priced.Length > 0
        && (priced[0].Id.EndsWith(":free", StringComparison.Ordinal) || (priced.Length > 1 && Array.TrueForAll(priced, source => source.ClaimsFree)));

    private static Agreement? AgreementOf(SourceModel[] priced, SourceModel[] winners, SourceModel[][] groups) => winners.Length == 0 ? null
        : priced.Length == 1 ? Agreement.Single
        : groups.Length == 1 ? Agreement.Agreed
        : groups.Count(group => group.Length == winners.Length) == 1 ? Agreement.Majority
        : Agreement.Disputed;

    /// <summary>
    /// Prices from a later day on. Those that the source does not tell change in the same proportion as input or output: a write for an
    /// hour costs twice the input whatever the input costs.
    /// </summary>
    private static SortedDictionary<PriceKey, (decimal Price, PriceSource Source)> Foreseen(
        SortedDictionary<PriceKey, (decimal Price, PriceSource Source)> now, Dictionary<PriceKey, decimal> then, PriceSource source)
    {
        var prices = new SortedDictionary<PriceKey, (decimal, PriceSource)>(PriceKey.Order);
        foreach (var (key, price) in now.Where(price => price.Key.Kind.IsPerToken()))
        {
            var basis = new PriceKey(key.Kind is PriceKind.Output or PriceKind.Reasoning or PriceKind.AudioOutput or PriceKind.ImageOutput ? PriceKind.Output : PriceKind.Input);
            if (then.TryGetValue(key, out var told))
            {
                prices[key] = (told, source);
            }
            else if (then.TryGetValue(basis, out var basisThen) && now.TryGetValue(basis, out var basisNow))
            {
                prices[key] = (price.Price * basisThen / basisNow.Price, PriceSource.Derived);
            }
        }

        return prices;
    }

    /// <summary>Sources in groups that agree; each joins the first group that it fits.</summary>
    private static SourceModel[][] Groups(IEnumerable<SourceModel> sources)
    {
        var groups = new List<List<SourceModel>>();
        foreach (var source in sources)
        {
            if (groups.Find(group => group.TrueForAll(other => Agree(other, source))) is { } fitting)
            {
                fitting.Add(source);
            }
            else
            {
                groups.Add([source]);
            }
        }

        return [.. groups.Select(group => group.ToArray())];
    }

    private static bool Agree(SourceModel a, SourceModel b)
    {
        var (input, output) = (new PriceKey(PriceKind.Input), new PriceKey(PriceKind.Output));
        var common = a.Prices.Keys.Intersect(b.Prices.Keys).Where(key => key.Tier == ServiceTier.Standard && key.Above == 0).ToArray();
        var basic = common.Where(key => key == input || key == output).ToArray();
        return common.Length > 0 && Array.TrueForAll(basic.Length > 0 ? basic : common, key => AreEqual(a.Prices[key], b.Prices[key]));
    }

    /// <summary>Of equal prices the one that most have, to the last digit; otherwise the one of the source that is believed first.</summary>
    private static (decimal Price, PriceSource Source) Choose((decimal Price, PriceSource Source)[] votes) => votes
        .GroupBy(vote => vote.Price)
        .OrderBy(group => group.Min(vote => vote.Source))
        .MaxBy(group => group.Count())!
        .MinBy(vote => vote.Source);

    private static bool AreEqual(decimal a, decimal b) => Math.Abs(a - b) <= Tolerance * Math.Max(Math.Abs(a), Math.Abs(b));

    /// <summary>Prices with the provider's page before those without, newer before older, and rules for names last.</summary>
    private static int Rank(SourceModel source) => source switch
    {
        { Source: PriceSource.GenaiPrices, IsByRule: false } => 0,
        { Source: PriceSource.Litellm, Page: not null } => 1,
        { Source: PriceSource.Portkey } => 2,
        { Source: PriceSource.Litellm } => 3,
        { Source: PriceSource.GenaiPrices } => 4,
        _ => 5,
    };
}
