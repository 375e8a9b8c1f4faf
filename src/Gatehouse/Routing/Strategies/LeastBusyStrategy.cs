namespace Gatehouse.Routing.Strategies;

/// <summary>
/// <c>least_busy</c>: the child with the fewest calls in flight for its weight and readiness comes first: one of weight 2 may have twice as
/// many as one of weight 1. Among equals, such as when nothing is in flight, the order is drawn by weight. A child that is a strategy has the calls of all its
/// targets; what this route has not sent to a target is not counted.
/// </summary>
internal sealed class LeastBusyStrategy(IReadOnlyList<RouteNode> children) : RankedStrategy(children)
{
    protected override void RankAll(RouteContext context, Span<Rank> ranks)
    {
        for (var i = 0; i < ranks.Length; i++)
        {
            var branch = Branches[i];
            if (branch.IsReserve)
            {
                ranks[i] = new Rank(i, RankTier.Reserve, 0);
            }
            else
            {
                var share = branch.Weight * branch.Readiness;
                ranks[i] = new Rank(i, RankTier.Ordinary, branch.InFlight / share, Rank.Lot(context.Random, share));
            }
        }
    }

    protected override string Explain(RouteContext context, ReadOnlySpan<Rank> ranks)
    {
        if (OnlyReserves(ranks[0]) is { } reserves)
        {
            return $"least_busy: {reserves}";
        }

        var (first, ties) = (Branches[ranks[0].Index], 0);
        foreach (var rank in ranks)
        {
            ties += rank.Tier == ranks[0].Tier && rank.Score.Equals(ranks[0].Score) ? 1 : 0;
        }

        return $"least_busy: {first.Label} with {first.InFlight} in flight{(ties > 1 ? $", drawn from {ties} that are as busy" : "")}";
    }
}
