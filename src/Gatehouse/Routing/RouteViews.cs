using System.ComponentModel;
using Gatehouse.Routing.Health;

namespace Gatehouse.Routing;

internal sealed record AttemptCountsView(
    [property: Description("Attempts whose answer was used.")] long Answered,
    [property: Description("Attempts that nobody waited for any more: another one was faster, or the client left.")] long Abandoned,
    [property: Description("Attempts that failed, by the kind of failure. unsupported: what was asked could not be said to the target.")] IReadOnlyDictionary<string, long> Failures);

internal sealed record TargetSkipView(string Text, DateTimeOffset Time);

internal sealed record RouteTargetView(
    [property: Description("provider/model.")] string Target,
    TargetHealthView Health,
    [property: Description("The last time that it was passed over, and why: its health, its limits, or what its model lacks. Null when it never was.")] TargetSkipView? LastSkip,
    [property: Description("Since the start of the gateway; attempts that are over.")] AttemptCountsView Counts);

internal sealed record RouteNodeView(
    [property: Description("provider/model; null for a strategy.")] string? Target,
    [property: Description("Null for a target.")] string? Strategy,
    [property: Description("Its share among its siblings, in strategies that divide traffic; 0 for a reserve.")] double Weight,
    [property: Description("What else the configuration says of it.")] IReadOnlyDictionary<string, object?> Options,
    [property: Description("Empty for a target.")] IReadOnlyList<RouteNodeView> Children);

internal sealed record RouteRetryView(
    [property: Description("Attempts that one exchange may have in all.")] int Attempts,
    [property: Description("Failures after which the same target may be asked again.")] IReadOnlyList<string> On,
    [property: Description("Attempts at a target that the exchange has asked already.")] BudgetView Budget);

internal sealed record RouteHedgeView(
    [property: Description("Null where it is the target's 95th percentile.")] double? AfterMs,
    [property: Description("Attempts beside one that is slow; a share of 0 means none.")] BudgetView Budget);

internal sealed record RouteCountsView(
    long Exchanges,
    [property: Description("Attempts at a target that the exchange had asked already.")] long Retries,
    [property: Description("Attempts at another target after a failure.")] long FailOvers,
    [property: Description("Attempts beside another one that was slow.")] long Hedges);

internal sealed record RouteView(
    string Name,
    [property: Description("Of the root.")] string Strategy,
    RouteNodeView Tree,
    [property: Description("The leaves of the tree, in the order in which they are written.")] IReadOnlyList<RouteTargetView> Targets,
    RouteRetryView Retry,
    RouteHedgeView Hedge,
    [property: Description("Since the start of the gateway.")] RouteCountsView Counts);
