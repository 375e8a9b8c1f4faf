using System.ComponentModel;

namespace Gatehouse.Runs;

internal sealed record RunView(
    string Id,
    [property: Description("Whose run it is: organization:, team:, project: or key: with a name. Others may have runs of the same id.")] string Tenant,
    string? Agent,
    [property: Description("Name of the key of its first call.")] string? Key,
    DateTimeOffset? Started,
    [property: Description("When its last call ended.")] DateTimeOffset? Last,
    [property: Description("Calls that were let in.")] long Calls,
    [property: Description("Calls that were refused.")] long Refused,
    long Tokens,
    [property: Description("As far as it is known; null when nothing of it is.")] long? CostNanoUsd,
    [property: Description("Calls whose cost is not known.")] int Unpriced,
    int Depth,
    [property: Description("Most calls at the same time.")] int FanOut,
    [property: Description("Tokens spent for each token of the first request; null where providers did not count.")] double? Amplification,
    [property: Description("active, stopped or ended (no call for an hour).")] string State,
    [property: Description("Why it was stopped.")] RunStopView? Stopped);

internal sealed record RunStopView(
    [property: Description("calls, tokens, budget, depth, fan_out, wall_time, amplification, anomaly, loop or administrator.")] string Reason, string Message, DateTimeOffset At);

internal sealed record RunNodeView(
    [property: Description("Of the exchange.")] string Id,
    [property: Description("The exchange in whose course it was made; null for none in the run.")] string? Parent,
    [property: Description("1 for a call without a parent.")] int Depth,
    [property: Description("Calls made directly within it.")] int Children,
    string Operation,
    [property: Description("As the caller wrote it.")] string Model,
    string? Target,
    string Key,
    string? Agent,
    int Status,
    string Outcome,
    [property: Description("A copy for a second target; its answer went to nobody.")] bool Shadow,
    DateTimeOffset Time,
    double TotalMs,
    long Tokens,
    long? CostNanoUsd,
    [property: Description("Of the call and all within it.")] long TreeTokens,
    [property: Description("Of the call and all within it, as far as it is known.")] long? TreeCostNanoUsd);

/// <summary>What is usual for an agent's runs since the start of the gateway.</summary>
internal sealed record BaselineView(
    [property: Description("Runs that have ended.")] long Runs,
    [property: Description("Exponentially weighted.")] double Mean,
    [property: Description("Of the last 64 runs, as is the deviation.")] double Median,
    [property: Description("Median absolute deviation.")] double Deviation,
    [property: Description("Enough runs have ended for anomalies to be told.")] bool IsUsed);

internal sealed record RunDetailView(
    RunView Run,
    [property: Description("The call tree: each call stands before those made within it.")] IReadOnlyList<RunNodeView> Nodes,
    [property: Description("There are more calls; sums and tree are of the first 10000.")] bool Truncated,
    [property: Description("The amplification that is usual for the agent; null when none of its runs has ended.")] BaselineView? Baseline);

internal sealed record StopRunRequest(
    [property: Description("Why, for those who are refused. At most 500 characters.")] string? Message = null);
