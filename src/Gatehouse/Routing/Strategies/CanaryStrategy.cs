namespace Gatehouse.Routing.Strategies;

/// <summary>
/// <c>canary</c>: a percentage of the users goes to a new child first and falls back on the stable ones, in the order written; all others
/// never see it.
/// <para>Who belongs to the percentage is decided by a hash of the key, user, run or beginning of the prompt (by default the user of a key, else
/// the run) and the names of the canary's targets: it stays the same in all processes, a growing percentage only adds to it, and another
/// canary is tried on others. An exchange without that value is decided by its run; one without a run by chance.</para>
/// </summary>
/// <param name="stable">Tried in the order written.</param>
/// <param name="canary">The new one.</param>
/// <param name="percent">0 to 100; decimals are allowed.</param>
/// <param name="source">Null for the user of a key, else the run.</param>
internal sealed class CanaryStrategy(IReadOnlyList<RouteNode> stable, RouteNode canary, double percent, AffinitySource? source)
    : StrategyNode([.. stable, canary])
{
    public override void Plan(RouteContext context, RoutePlan plan)
    {
        if (BucketOf(KeyOf(context)) < percent)
        {
            Canary.Node.Plan(context, plan);
        }

        foreach (var branch in Stable)
        {
            branch.Node.Plan(context, plan);
        }
    }

    public override string Explain(RouteContext context)
    {
        var key = KeyOf(context);
        var bucket = BucketOf(key);
        var isChosen = bucket < percent;
        var first = isChosen ? Canary : Stable is [var stable, ..] ? stable : null;
        var place = $"{(key.Source is { } by ? $"the {by} is" : "chance put it")} at {bucket:0.####} %, {(isChosen ? "below" : "not below")} {percent:0.####} %";
        return $"canary: {first?.Label ?? "no target"}, as {place}{first?.Continued(context)}";
    }

    private ReadOnlySpan<Branch> Stable => Branches.AsSpan(..^1);

    private Branch Canary => Branches[^1];

    private StickyKey KeyOf(RouteContext context) => source is { } named ? StickyKey.Of(context, named) : StickyKey.OfUser(context);

    private double BucketOf(StickyKey key) => StableHash.ToFraction(StableHash.Combine(Canary.Identity, key.Hash)) * 100;
}
