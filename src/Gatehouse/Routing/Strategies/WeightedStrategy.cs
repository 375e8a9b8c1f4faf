namespace Gatehouse.Routing.Strategies;

/// <summary>
/// <c>weighted</c>: a child is drawn at random, its chance being its weight times its readiness. The next ones to try are drawn in the same
/// way from those that are left, so that the calls of one that fails are divided among the others by their weights. A child that is
/// down or has just come back gets less than its share until it is ready again; one of weight 0 comes last.
/// </summary>
internal sealed class WeightedStrategy(IReadOnlyList<RouteNode> children) : RankedStrategy(children)
{
    protected override void RankAll(RouteContext context, Span<Rank> ranks)
    {
        for (var i = 0; i < ranks.Length; i++)
        {
            var branch = Branches[i];
            ranks[i] = branch.IsReserve
                ? new Rank(i, RankTier.Reserve, 0)
                : new Rank(i, RankTier.Ordinary, Rank.Lot(context.Random, branch.Weight * branch.Readiness));
        }
    }

    protected override string Explain(RouteContext context, ReadOnlySpan<Rank> ranks)
    {
        if (OnlyReserves(ranks[0]) is { } reserves)
        {
            return $"weighted: {reserves}";
        }

        var drawn = Branches[ranks[0].Index];
        var (share, sum) = (drawn.Weight * drawn.Readiness, 0.0);
        foreach (var branch in Branches)
        {
            sum += branch.Weight * branch.Readiness;
        }

        return $"weighted: drew {drawn.Label} (weight {share:0.###} of {sum:0.###})";
    }
}
