namespace Gatehouse.Routing.Strategies;

/// <summary>
/// <c>weighted</c>: a child is drawn at random, its chance being its weight times its readiness. The next ones to try are drawn in the same
/// way from those that are left, so that the calls of one that fails are divided among the others by their weights. A child that has just
/// come back gets less than its share for a while; one that is not ready at all comes after those that are, one of weight 0 last.
/// </summary>
internal sealed class WeightedStrategy(IReadOnlyList<RouteNode> children) : RankedStrategy(children)
{
    protected override void RankAll(RouteContext context, Span<Rank> ranks)
    {
        for (var i = 0; i < ranks.Length; i++)
        {
            var branch = Branches[i];
            var readiness = branch.Readiness;
            ranks[i] = TierOf(branch, readiness) switch
            {
                RankTier.Reserve => new Rank(i, RankTier.Reserve, 0),
                RankTier.Down => new Rank(i, RankTier.Down, Rank.Lot(context.Random, branch.Weight)),
                var tier => new Rank(i, tier, Rank.Lot(context.Random, branch.Weight * readiness)),
            };
        }
    }

    protected override string Explain(RouteContext context, ReadOnlySpan<Rank> ranks)
    {
        if (Exception(ranks[0]) is { } exception)
        {
            return $"weighted: {exception}";
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
