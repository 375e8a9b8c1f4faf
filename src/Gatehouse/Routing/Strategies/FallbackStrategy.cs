namespace Gatehouse.Routing.Strategies;

/// <summary><c>fallback</c>: the children in the order written, each after all targets of the one before it. Weights have no meaning.</summary>
internal sealed class FallbackStrategy(IReadOnlyList<RouteNode> children) : StrategyNode(children)
{
    public override bool LeadsAllAlike => Branches.All(branch => branch.Node.LeadsAllAlike);

    public override void Plan(RouteContext context, RoutePlan plan)
    {
        foreach (var branch in Branches)
        {
            branch.Node.Plan(context, plan);
        }
    }

    public override string Explain(RouteContext context) => Branches is []
        ? "fallback: no targets"
        : $"fallback: {string.Join(", then ", Branches.Select(branch => branch.Label))}{Branches[0].Continued(context)}";
}
