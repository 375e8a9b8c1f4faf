using Gatehouse.Catalog;
using Gatehouse.Pipeline;
using Gatehouse.Routing.Health;

namespace Gatehouse.Routing;

/// <summary>A leaf of a route: a target with what the route has to say about it.</summary>
/// <param name="health">Of this target in this route; it outlives a reload. Null for a target without a route: it is tried whatever happened before.</param>
internal sealed class RouteTarget(Target target, TargetHealth? health) : RouteNode
{
    public Target Target => target;

    public TargetHealth? Health => health;

    /// <summary>What the catalogue knows of the model.</summary>
    public CatalogEntry? Facts { get; init; }

    /// <summary>Tokens; null when it is not known.</summary>
    public long? ContextWindow => Facts?.Context;

    public override bool LeadsAllAlike => true;

    public override IEnumerable<RouteTarget> Targets => [this];

    public override void Plan(RouteContext context, RoutePlan plan) => plan.Add(this);

    public override string Explain(RouteContext context) => target.Name;
}
