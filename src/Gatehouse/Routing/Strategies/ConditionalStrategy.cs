namespace Gatehouse.Routing.Strategies;

/// <summary>A condition of a route, compiled.</summary>
/// <returns>Whether it holds; where it could not be told, false and why not.</returns>
internal delegate (bool Holds, string? Error) RouteCondition(RouteContext context);

/// <summary>
/// <c>conditional</c>: the children whose condition holds, in the order written, then those without a condition. One whose condition does not
/// hold gets nothing of the exchange, whatever fails. A condition that cannot be evaluated (a header that is not there, say) does not hold.
/// </summary>
internal sealed class ConditionalStrategy : StrategyNode
{
    private readonly (Branch Branch, string When, RouteCondition Condition)[] _conditional;
    private readonly Branch[] _otherwise;

    /// <param name="children">A child without a condition has null for it; the text is for a person.</param>
    public ConditionalStrategy(IReadOnlyList<(string? When, RouteCondition? Condition, RouteNode Node)> children)
        : base([.. children.Select(child => child.Node)])
    {
        var all = children.Select((child, i) => (Branch: Branches[i], child.When, child.Condition)).ToArray();
        _conditional = [.. all.Where(child => child.Condition is not null).Select(child => (child.Branch, child.When ?? "", child.Condition!))];
        _otherwise = [.. all.Where(child => child.Condition is null).Select(child => child.Branch)];
    }

    public override IEnumerable<ConditionalStrategy> ConditionalNodes => base.ConditionalNodes.Prepend(this);

    /// <summary>Which of its conditions hold, a digit for each: 1 or 0.</summary>
    public string Holding(RouteContext context) => string.Concat(_conditional.Select(child => child.Condition(context).Holds ? '1' : '0'));

    public override void Plan(RouteContext context, RoutePlan plan)
    {
        foreach (var (branch, _, condition) in _conditional)
        {
            if (condition(context).Holds)
            {
                branch.Node.Plan(context, plan);
            }
        }

        foreach (var branch in _otherwise)
        {
            branch.Node.Plan(context, plan);
        }
    }

    public override string Explain(RouteContext context)
    {
        var said = new List<string>();
        Branch? first = null;
        foreach (var (branch, when, condition) in _conditional)
        {
            var (holds, error) = condition(context);
            said.Add(error is not null ? $"'{when}' cannot be told ({error})" : $"'{when}' {(holds ? $"holds: {branch.Label}" : "does not hold")}");
            first ??= holds ? branch : null;
        }

        said.AddRange(_otherwise.Select(branch => $"otherwise {branch.Label}"));
        first ??= _otherwise is [var fallback, ..] ? fallback : null;
        return $"conditional: {(said.Count == 0 ? "no targets" : string.Join(", ", said))}{(first is null && said.Count > 0 ? "; no target is left" : first?.Continued(context))}";
    }
}
