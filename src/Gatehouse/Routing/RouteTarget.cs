using Gatehouse.Pipeline;
using Gatehouse.Routing.Health;

namespace Gatehouse.Routing;

/// <summary>A leaf of a route: a target with what the route has to say about it.</summary>
internal sealed class RouteTarget(Target target, TargetHealth health) : RouteNode
{
    public Target Target => target;

    /// <summary>Of this target in this route; it outlives a reload.</summary>
    public TargetHealth Health => health;

    public override IEnumerable<RouteTarget> Targets => [this];

    public override void Plan(RouteContext context, RoutePlan plan) => plan.Add(this);

    public override string Explain(RouteContext context) => target.Name;
}
