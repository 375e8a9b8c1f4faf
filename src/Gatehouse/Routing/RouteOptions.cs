using Gatehouse.Caching;
using Gatehouse.Configuration.Binding;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Capabilities;
using Gatehouse.Routing.Health;
using Gatehouse.Routing.Limits;
using Gatehouse.Routing.Parameters;
using Gatehouse.Routing.PromptCache;
using Gatehouse.Routing.Traits;
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

    string Embeddings { get; }

    decimal? Threshold { get; }
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

    [KeyDoc("For `semantic`: the `provider/model` that makes vectors of texts.", Default = "none: the built-in lexical index chooses")]
    public string Embeddings { get; set; } = "";

    [KeyDoc("For `semantic`: how near to an example a request must be, above 0 and below 1.", Default = "`0.4` with embeddings, `0.3` without")]
    public decimal? Threshold { get; set; }

    public RetryOptions Retry { get; set; } = new();

    public HedgeOptions Hedge { get; set; } = new();

    public HealthOptions Health { get; set; } = new();

    public ReleaseOptions Release { get; set; } = new();

    [KeyDoc("What becomes of a streamed text that breaks off after its beginning has gone out. `off`: it ends with an error. `prefix`: the next target gets the text so far as the beginning of its own turn. `instruction`: it gets the text as a turn, and a request to go on. Read [routing.md](routing.md) before you turn it on.")]
    public Continuation Continuation { get; set; }

    public PromptCacheOptions PromptCache { get; set; } = new();

    [KeyDoc("Keeps the route's answers for those who ask the same again.", Default = "not kept, unless the key says so")]
    public CacheRuleOptions? Cache { get; set; }

    [KeyDoc("Time limits for this route.")]
    public TimeoutOptions Timeout { get; set; } = new();

    [KeyDoc("Limits of what comes by the route, wherever it goes.", Default = "none")]
    public IReadOnlyList<Gatehouse.Limits.LimitOptions> Limits { get; set; } = [];
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

    [KeyDoc("As at the route.", Default = "none")]
    public string Embeddings { get; set; } = "";

    [KeyDoc("As at the route.")]
    public decimal? Threshold { get; set; }

    [KeyDoc("Below `conditional`: the [expression](expressions.md) that must hold, such as `request.input_tokens > 50000`.", Default = "none: for what no condition takes")]
    public string When { get; set; } = "";

    [KeyDoc("Below `semantic`: what users say that shall go here, 1 to 64 texts.", Default = "none: for what is not near any example")]
    public IReadOnlyList<string> Examples { get; set; } = [];

    [KeyDoc("Below `complexity`: requests that ask for so much of a model go here.")]
    public ComplexityLevel? Complexity { get; set; }

    [KeyDoc("Share of the traffic in strategies that divide it: `weighted`, `round_robin`, `least_busy`, `sticky`.")]
    public decimal Weight { get; set; } = 1;

    public ParameterOptions Params { get; set; } = new();

    [KeyDoc("As at the route, instead of what stands there.")]
    public PromptCacheOptions PromptCache { get; set; } = new();

    [KeyDoc("How much this route may use the target; see [routing.md](routing.md#limits-of-a-target).")]
    public IReadOnlyList<LimitOptions> Limits { get; set; } = [];

    [KeyDoc("What the model can do although the catalogue does not say so; see [routing.md](routing.md#capabilities).")]
    public IReadOnlyList<Capability> Can { get; set; } = [];

    [KeyDoc("What the model cannot do, whatever the catalogue says. Requests that need it go to other targets.")]
    public IReadOnlyList<Capability> Cannot { get; set; } = [];

    [KeyDoc("Below `canary`: the part of the traffic in percent that goes here first. Below `shadow`: the part that is copied to here.", Default = "`canary`: none, the stable side; `shadow`: `100`")]
    public decimal? Percent { get; set; }
}
