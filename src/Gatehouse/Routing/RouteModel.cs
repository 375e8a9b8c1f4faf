using Gatehouse.Pipeline;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;

namespace Gatehouse.Routing;

/// <summary>A route compiled for the hot path.</summary>
internal sealed record RouteModel
{
    /// <summary>Plans keep what was tried in the bits of one number.</summary>
    public const int MaxTargets = 64;

    /// <summary>Null for the way to a target that was named itself.</summary>
    public required string? Name { get; init; }

    /// <summary>Of the root.</summary>
    public RouteStrategy Strategy { get; init; }

    public required RouteNode Root { get; init; }

    /// <summary>All leaves, in the order in which they are written.</summary>
    public required IReadOnlyList<RouteTarget> Targets { get; init; }

    public required RetryModel Retry { get; init; }

    /// <summary>It outlives a reload. Null where nothing is tried twice.</summary>
    public required RetryBudget? Budget { get; init; }

    /// <summary>The part of the exchanges that <see cref="Budget"/> allows to be tried again.</summary>
    public double BudgetRatio { get; init; }

    public HealthModel? Health { get; init; }

    public HedgeModel? Hedge { get; init; }

    /// <summary>The plan of a tree that leads every exchange the same way; null where strategies decide.</summary>
    public RoutePlan? FixedPlan { get; init; }

    /// <summary>Puts the route's rules into what outlives it; for the moment at which it is put in force.</summary>
    public void Activate()
    {
        Hedge?.Activate();
        Budget?.Apply(BudgetRatio, RetryOptions.FreeRetries, RetryOptions.BudgetWindow);
        foreach (var target in Targets)
        {
            target.Health?.Apply(Health!);
            if (target.LimitRules is { } rules)
            {
                target.Limits!.Apply(rules);
            }
        }
    }

    /// <summary>The way to a single target, tried once.</summary>
    public static RouteModel Direct(Target target)
    {
        var leaf = new RouteTarget(target, health: null);
        return new RouteModel
        {
            Name = null,
            Root = leaf,
            Targets = [leaf],
            Retry = RetryModel.Once,
            Budget = null,
            FixedPlan = RoutePlan.Of(leaf),
        };
    }
}
