using Gatehouse.Routing.Traits;

namespace Gatehouse.Routing.Strategies;

/// <summary>
/// <c>complexity</c>: the child for as much as the request asks of a model. When there is none for its level, or that child's targets are not fit,
/// the next higher level follows, up to the highest, and then the lower ones downwards: a model that can do more answers better than one that can
/// do less.
/// </summary>
internal sealed class ComplexityStrategy : StrategyNode
{
    private static readonly ComplexityLevel[] Levels = Enum.GetValues<ComplexityLevel>();

    private readonly Branch[][] _orders;
    private readonly ComplexityLevel[] _levels;

    /// <param name="children">What there is for each level. Of several with one level those that are written first come first.</param>
    public ComplexityStrategy(IReadOnlyList<(ComplexityLevel Level, RouteNode Node)> children)
        : base([.. children.Select(child => child.Node)])
    {
        _levels = [.. children.Select(child => child.Level)];
        _orders = [.. Levels.Select(level => Order(level).ToArray())];
    }

    public override void Plan(RouteContext context, RoutePlan plan)
    {
        foreach (var branch in _orders[(int)Of(context).Level])
        {
            branch.Node.Plan(context, plan);
        }
    }

    public override string Explain(RouteContext context)
    {
        var complexity = Of(context);
        var order = _orders[(int)complexity.Level];
        return order is []
            ? "complexity: no targets"
            : $"complexity: {complexity.Level.ToString().ToLowerInvariant()}, {complexity.Explain()}: {string.Join(", then ", order.Select(branch => branch.Label))}{order[0].Continued(context)}";
    }

    private static Complexity Of(RouteContext context) => Complexity.Of(context.Traits, context.LastUserText);

    private IEnumerable<Branch> Order(ComplexityLevel level) => Branches
        .Select((branch, i) => (branch, i, Level: _levels[i]))
        .OrderBy(child => child.Level >= level ? child.Level - level : Levels.Length + (level - child.Level))
        .ThenBy(child => child.i)
        .Select(child => child.branch);
}
