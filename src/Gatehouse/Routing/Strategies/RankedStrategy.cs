namespace Gatehouse.Routing.Strategies;

/// <summary>A strategy that gives each child a rank for each exchange.</summary>
internal abstract class RankedStrategy(IReadOnlyList<RouteNode> children) : StrategyNode(children)
{
    /// <summary>More children than this are ranked on the heap.</summary>
    private const int MostOnStack = 64;

    public sealed override void Plan(RouteContext context, RoutePlan plan)
    {
        var ranks = Branches.Length <= MostOnStack ? stackalloc Rank[Branches.Length] : new Rank[Branches.Length];
        RankAll(context, ranks);
        ranks.Sort(Rank.Compare);
        foreach (var rank in ranks)
        {
            Branches[rank.Index].Node.Plan(context, plan);
        }
    }

    public sealed override string Explain(RouteContext context)
    {
        var ranks = new Rank[Branches.Length];
        RankAll(context, ranks);
        Array.Sort(ranks, Rank.Compare);
        return ranks.Length == 0 ? "no targets" : Explain(context, ranks) + Branches[ranks[0].Index].Continued(context);
    }

    /// <summary>Changes no state.</summary>
    /// <param name="ranks">One for each child, in the order written.</param>
    protected abstract void RankAll(RouteContext context, Span<Rank> ranks);

    /// <param name="ranks">In their order; not empty.</param>
    protected abstract string Explain(RouteContext context, ReadOnlySpan<Rank> ranks);

    /// <summary>What a line says when nothing but reserves is left to take; null otherwise.</summary>
    protected string? OnlyReserves(Rank first) =>
        first.Tier == RankTier.Reserve ? $"{Branches[first.Index].Label} first, as written: all have weight 0" : null;
}
