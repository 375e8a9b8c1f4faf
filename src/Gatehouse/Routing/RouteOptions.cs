using Gatehouse.Configuration.Binding;
using Gatehouse.Upstream;

namespace Gatehouse.Routing;

internal enum RouteStrategy
{
    Fallback,
}

[KeyDoc("Names that clients put into `model`, each mapped to targets.")]
internal sealed record RouteOptions
{
    [KeyDoc("How a target is chosen. `fallback`: in the order written, the next one when a target fails before the first byte of its answer.")]
    public RouteStrategy Strategy { get; set; } = RouteStrategy.Fallback;

    [KeyDoc("Where the route leads.")]
    public IReadOnlyList<RouteTargetOptions> Targets { get; set; } = [];

    [KeyDoc("Time limits for this route.")]
    public TimeoutOptions Timeout { get; set; } = new();
}

[Shorthand(nameof(Target))]
[KeyDoc("A target: `provider/model`, alone or as the key `target`.")]
internal sealed record RouteTargetOptions
{
    [KeyDoc("`provider/model`.")]
    public string Target { get; set; } = "";

    [KeyDoc("Share of the target in strategies that divide calls; without meaning for `fallback`.")]
    public int Weight { get; set; } = 1;
}
