namespace Gatehouse.Routing.Strategies;

/// <summary>
/// <c>least_cost</c>: the child that is expected to cost least comes first, by the request's estimated input and expected output; equals in the
/// order written. A child that is a strategy costs what its cheapest target costs, though it decides itself which of its targets is tried first.
/// Children whose prices are not known come last, in the order written: give them prices under <c>catalog.models</c>. Weights have no meaning.
/// </summary>
/// <param name="children">In the order written.</param>
/// <param name="cost">What the exchange would cost at a target, in nano-USD; null when that is not known.</param>
internal sealed class LeastCostStrategy(IReadOnlyList<RouteNode> children, Func<RouteTarget, RouteContext, decimal?> cost) : RankedStrategy(children)
{
    protected override void RankAll(RouteContext context, Span<Rank> ranks)
    {
        for (var i = 0; i < ranks.Length; i++)
        {
            ranks[i] = CostOf(Branches[i], context) is { } known ? new Rank(i, RankTier.Ordinary, (double)known) : new Rank(i, RankTier.Unknown, 0);
        }
    }

    protected override string Explain(RouteContext context, ReadOnlySpan<Rank> ranks)
    {
        const double NanoUsd = 1_000_000_000;
        var first = Branches[ranks[0].Index].Label;
        return ranks[0].Tier == RankTier.Unknown
            ? $"least_cost: {first} first, as written: no price is known"
            : $"least_cost: {first} for {ranks[0].Score / NanoUsd:0.#########} USD ({context.InputTokens} tokens in, {context.OutputTokens} out)";
    }

    private decimal? CostOf(Branch branch, RouteContext context)
    {
        decimal? least = null;
        foreach (var target in branch.Targets)
        {
            if (cost(target, context) is { } known && (least is null || known < least))
            {
                least = known;
            }
        }

        return least;
    }
}
