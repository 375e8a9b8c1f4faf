using Gatehouse.Configuration.Binding;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;
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

    public HealthOptions Health { get; set; } = new();

    public ReleaseOptions Release { get; set; } = new();

    [KeyDoc("What becomes of a streamed text that breaks off after its beginning has gone out. `off`: it ends with an error. `prefix`: the next target gets the text so far as the beginning of its own turn. `instruction`: it gets the text as a turn, and a request to go on. Read [routing.md](routing.md) before you turn it on.")]
    public Continuation Continuation { get; set; }

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

    [KeyDoc("Below `canary`: the part of the traffic in percent that goes here first.", Default = "none: the stable side")]
    public decimal? Percent { get; set; }
}
