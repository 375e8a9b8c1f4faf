using Gatehouse.Configuration.Binding;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Capabilities;
using Gatehouse.Routing.Health;
using Gatehouse.Routing.Limits;
using Gatehouse.Routing.Parameters;
using Gatehouse.Upstream;

namespace Gatehouse.Routing;

/// <summary>How a node of a route chooses among what is below it.</summary>
internal enum RouteStrategy
{
    Fallback,
    Weighted,
    RoundRobin,
    LeastLatency,
    LeastCost,
    LeastBusy,
    Sticky,
    Conditional,
    Canary,
    Shadow,
    Semantic,
    Complexity,
}

/// <summary>What the root of a route and a strategy inside it have in common.</summary>
internal interface IStrategyOptions
{
    RouteStrategy? Strategy { get; }

    IReadOnlyList<RouteTargetOptions> Targets { get; }

    AffinitySource? StickyBy { get; }
}

[KeyDoc("Names that clients put into `model`, each mapped to targets. [routing.md](routing.md) explains strategies, attempts and health.")]
internal sealed record RouteOptions : IStrategyOptions
{
    [KeyDoc("How a target is chosen. `fallback`: in the order written, the next one when a target fails before the first byte of its answer.", Default = "`fallback`")]
    public RouteStrategy? Strategy { get; set; }

    [KeyDoc("Where the route leads: at most 64 targets in all.")]
    public IReadOnlyList<RouteTargetOptions> Targets { get; set; } = [];

    [KeyDoc("For `sticky` and `canary`: what a choice sticks to.", Default = "`prompt` for `sticky`, `user` for `canary`")]
    public AffinitySource? StickyBy { get; set; }

    public RetryOptions Retry { get; set; } = new();

    public HedgeOptions Hedge { get; set; } = new();

    public HealthOptions Health { get; set; } = new();

    [KeyDoc("Time limits for this route.")]
    public TimeoutOptions Timeout { get; set; } = new();
}

[Shorthand(nameof(Target))]
[KeyDoc("A target: `provider/model`, alone or as the key `target`; or a strategy over further targets.")]
internal sealed record RouteTargetOptions : IStrategyOptions
{
    [KeyDoc("`provider/model`.")]
    public string Target { get; set; } = "";

    [KeyDoc("Instead of `target`: chooses among `targets`.")]
    public RouteStrategy? Strategy { get; set; }

    [KeyDoc("What `strategy` chooses among, each as in the list above.")]
    public IReadOnlyList<RouteTargetOptions> Targets { get; set; } = [];

    [KeyDoc("As at the route.")]
    public AffinitySource? StickyBy { get; set; }

    [KeyDoc("Share of the traffic in strategies that divide it: `weighted`, `round_robin`, `least_busy`, `sticky`.")]
    public decimal Weight { get; set; } = 1;

    public ParameterOptions Params { get; set; } = new();

    [KeyDoc("How much this route may use the target; see [routing.md](routing.md#limits-of-a-target).")]
    public IReadOnlyList<LimitOptions> Limits { get; set; } = [];

    [KeyDoc("What the model can do although the catalogue does not say so; see [routing.md](routing.md#capabilities).")]
    public IReadOnlyList<Capability> Can { get; set; } = [];

    [KeyDoc("What the model cannot do, whatever the catalogue says. Requests that need it go to other targets.")]
    public IReadOnlyList<Capability> Cannot { get; set; } = [];

    [KeyDoc("Below `canary`: the part of the traffic in percent that goes here first.", Default = "none: the stable side")]
    public decimal? Percent { get; set; }
}
