using System.Globalization;
using Gatehouse.Routing.Semantic;

namespace Gatehouse.Routing.Strategies;

/// <summary>
/// <c>semantic</c>: the child whose examples are nearest in meaning to what the user said last; when none is near enough, the children without
/// examples. The others follow, those without examples first, so that the request is answered in any case.
/// </summary>
internal sealed class SemanticStrategy : StrategyNode
{
    private readonly Branch[] _chosen;
    private readonly Branch[] _defaults;

    /// <param name="children">A child without examples is a default.</param>
    /// <param name="index">Of the examples of those that have some, in this order.</param>
    public SemanticStrategy(IReadOnlyList<(IReadOnlyList<string> Examples, RouteNode Node)> children, ISemanticIndex index)
        : base([.. children.Select(child => child.Node)])
    {
        Index = index;
        _chosen = [.. Branches.Where((_, i) => children[i].Examples.Count > 0)];
        _defaults = [.. Branches.Where((_, i) => children[i].Examples.Count == 0)];
    }

    /// <summary>To be asked before the plan is made; the choice is then in <see cref="RouteContext.Semantic"/>.</summary>
    public ISemanticIndex Index { get; }

    public override IEnumerable<SemanticStrategy> SemanticNodes => [this, .. base.SemanticNodes];

    public override void Plan(RouteContext context, RoutePlan plan)
    {
        var chosen = Chosen(context.Semantic(this));
        chosen?.Node.Plan(context, plan);
        foreach (var branch in _defaults)
        {
            branch.Node.Plan(context, plan);
        }

        foreach (var branch in _chosen)
        {
            if (branch != chosen)
            {
                branch.Node.Plan(context, plan);
            }
        }
    }

    public override string Explain(RouteContext context)
    {
        var choice = context.Semantic(this);
        var chosen = Chosen(choice);
        var first = chosen ?? (_defaults is [var fallback, ..] ? fallback : _chosen is [var any, ..] ? any : null);
        var why = choice is not { } made ? "nothing was asked"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{(chosen is null ? "no branch is near enough" : "nearest branch")} ({made.Method}, {made.Score:0.00}{(made.Fallback is { } reason ? $", {reason}" : "")})");
        return first is null ? "semantic: no targets" : $"semantic: {why}: {first.Label} first{first.Continued(context)}";
    }

    private Branch? Chosen(SemanticChoice? choice) => choice is { Branch: { } i } && i < _chosen.Length ? _chosen[i] : null;
}
