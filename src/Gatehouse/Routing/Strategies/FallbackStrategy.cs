namespace Gatehouse.Routing.Strategies;

/// <summary><c>fallback</c>: the children in the order written, each after all targets of the one before it. Weights have no meaning.</summary>
internal sealed class FallbackStrategy(IReadOnlyList<RouteNode> children) : RouteNode
{
    public override bool LeadsAllAlike => children.All(child => child.LeadsAllAlike);

    public override IEnumerable<RouteTarget> Targets => children.SelectMany(child => child.Targets);

    public override void Plan(RouteContext context, RoutePlan plan)
    {
        foreach (var child in children)
        {
            child.Plan(context, plan);
        }
    }

    public override string Explain(RouteContext context) => "fallback";
}
