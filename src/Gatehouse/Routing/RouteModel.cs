using Gatehouse.Caching;
using Gatehouse.Pipeline;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;
using Gatehouse.Routing.Strategies;
using Gatehouse.Upstream;

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

    public HealthModel? Health { get; init; }

    public HedgeModel? Hedge { get; init; }

    /// <summary>Nodes whose choice has to be asked for before there can be a plan.</summary>
    public IReadOnlyList<SemanticStrategy> SemanticNodes { get; init; } = [];

    /// <summary>Nodes that may lead equal bodies to different targets, by what else is known of the exchange.</summary>
    public IReadOnlyList<ConditionalStrategy> ConditionalNodes { get; init; } = [];

    /// <summary>How answers are kept; null when the route does not say.</summary>
    public CacheRule? Cache { get; init; }

    public ReleaseModel Release { get; init; } = ReleaseModel.Default;

    public Continuation Continuation { get; init; }

    /// <summary>It outlives a reload. Null for the way to a target that was named itself.</summary>
    public RouteCounts? Counts { get; init; }

    /// <summary>The plan of a tree that leads every exchange the same way; null where strategies decide.</summary>
    public RoutePlan? FixedPlan { get; init; }

    /// <summary>Where an exchange goes as far as that can be said before its plan is made: its price is the likely one.</summary>
    public Target LikelyTarget => Root.AnsweringTargets.First().Target;

    /// <summary>Puts the route's rules into what outlives it; for the moment at which it is put in force.</summary>
    public void Activate()
    {
        Hedge?.Activate();
        Retry.Activate();
        foreach (var target in Targets)
        {
            target.Health?.Apply(Health!);
            if (target.LimitRules is { } rules)
            {
                target.Limits!.Apply(rules);
            }
        }
    }

    /// <summary>The way of a copy: to its target, whose health is not touched by it, and nowhere else. Limits and lacks of the target hold for copies, too.</summary>
    public static RouteModel Shadow(RouteModel route, RouteTarget target) =>
        Direct(new RouteTarget(target.Target, health: null) { Facts = target.Facts, Capabilities = target.Capabilities, Limits = target.Limits }) with { Name = route.Name };

    /// <summary>The way to a single target, tried once.</summary>
    public static RouteModel Direct(Target target) => Direct(new RouteTarget(target, health: null));

    private static RouteModel Direct(RouteTarget leaf) => new()
    {
        Name = null,
        Root = leaf,
        Targets = [leaf],
        Retry = RetryModel.Once,
        FixedPlan = RoutePlan.Of(leaf),
    };
}
