namespace Gatehouse.Routing.Strategies;

/// <summary>
/// A strategy: a node that orders its children. Every plan has all targets of the children that may take the exchange, so each strategy is a
/// fail-over order as well: when the first choice fails, or is not fit, the walk goes on down the plan.
/// <para>In all strategies that divide traffic a child of weight 0 is a reserve: it comes after all others, in the order written.</para>
/// </summary>
internal abstract class StrategyNode(IReadOnlyList<RouteNode> children) : RouteNode
{
    private readonly RouteTarget[] _targets = [.. children.SelectMany(child => child.Targets).Distinct()];

    public sealed override IEnumerable<RouteTarget> Targets => _targets;

    public override IEnumerable<RouteTarget> AnsweringTargets => Branches.SelectMany(branch => branch.Node.AnsweringTargets).Distinct();

    public override IEnumerable<SemanticStrategy> SemanticNodes => Branches.SelectMany(branch => branch.Node.SemanticNodes);

    public override IEnumerable<ConditionalStrategy> ConditionalNodes => Branches.SelectMany(branch => branch.Node.ConditionalNodes);

    protected Branch[] Branches { get; } = [.. children.Select(child => new Branch(child))];
}
