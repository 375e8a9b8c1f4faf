using Gatehouse.Routing.Strategies;

namespace Gatehouse.Routing;

/// <summary>
/// A node of a route's tree: a target, or a strategy over further nodes. It never decides alone where an exchange goes: it puts all targets that may
/// take it into the order in which they are to be tried, and the walk lets the exchange in at the first one that is fit.
/// </summary>
internal abstract class RouteNode
{
    /// <summary>All targets below, in the order in which they are written.</summary>
    public abstract IEnumerable<RouteTarget> Targets { get; }

    /// <summary>Those of <see cref="Targets"/> that may answer an exchange, and do not only get copies.</summary>
    public virtual IEnumerable<RouteTarget> AnsweringTargets => Targets;

    /// <summary>Its place in its parent: share of the traffic in strategies that divide it.</summary>
    public double Weight { get; set; } = 1;

    /// <summary>Every exchange gets the same plan.</summary>
    public virtual bool LeadsAllAlike => false;

    /// <summary>The nodes here and below whose choice has to be asked for before there can be a plan.</summary>
    public virtual IEnumerable<SemanticStrategy> SemanticNodes => [];

    /// <summary>The nodes here and below that ask for more than the body of a request.</summary>
    public virtual IEnumerable<ConditionalStrategy> ConditionalNodes => [];

    /// <summary>Appends the targets below that may take the exchange, the preferred one first.</summary>
    public abstract void Plan(RouteContext context, RoutePlan plan);

    /// <summary>For <c>route explain</c>: what the node does and why it came to the order that it has; one line.</summary>
    public abstract string Explain(RouteContext context);
}
