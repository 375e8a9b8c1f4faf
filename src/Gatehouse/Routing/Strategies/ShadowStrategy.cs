namespace Gatehouse.Routing.Strategies;

/// <summary>
/// <c>shadow</c>: the first child takes the exchange; a copy of the request goes to each of the others, or to a percentage of the exchanges. What
/// they answer is recorded, with its cost, and never returned; the caller does not wait for it. A copy is only made when this node's first child
/// is the first choice of the route, and is tried once.
/// </summary>
/// <param name="primary">Takes the exchange.</param>
/// <param name="shadows">Each with the part of the exchanges in percent.</param>
internal sealed class ShadowStrategy(RouteNode primary, IReadOnlyList<(RouteNode Node, double Percent)> shadows)
    : StrategyNode([primary, .. shadows.Select(shadow => shadow.Node)])
{
    public override IEnumerable<RouteTarget> AnsweringTargets => primary.AnsweringTargets;

    public override void Plan(RouteContext context, RoutePlan plan)
    {
        var isFirst = plan.Count == 0;
        primary.Plan(context, plan);
        if (!isFirst)
        {
            return;
        }

        foreach (var (node, percent) in shadows)
        {
            if (context.Random.NextDouble() * 100 < percent)
            {
                var copies = new RoutePlan(1);
                node.Plan(context, copies);
                plan.AddShadow(copies);
            }
        }
    }

    public override string Explain(RouteContext context) =>
        $"shadow: {Branches[0].Label}, with a copy to {string.Join(" and to ", shadows.Select((shadow, i) => $"{Branches[i + 1].Label} ({shadow.Percent:0.###} %)"))}{Branches[0].Continued(context)}";
}
