using Gatehouse.Configuration.Binding;

namespace Gatehouse.Runs;

/// <summary>What becomes of a run that exceeds a limit.</summary>
internal enum RunAction
{
    /// <summary>Its calls are refused, until an administrator lets it go on.</summary>
    Stop,

    /// <summary>Its calls wait, each one longer than the one before.</summary>
    Slow,

    /// <summary>It goes on, and somebody is told.</summary>
    Alert,
}

[KeyDoc("Limits of single runs: of all exchanges of one task. Every item that matches applies. [runs.md](runs.md) explains them.")]
internal sealed record RunOptions
{
    [KeyDoc("Name in refusals and alerts; unique.", Default = "its place in the list")]
    public string Name { get; set; } = "";

    [KeyDoc("Which exchanges it applies to: names of `key`, `organization`, `team`, `project`, `user`, `agent`, `route`, `operation`, `run` or `label.NAME` to patterns with `*` for any text. All must match.", Default = "all")]
    public IReadOnlyDictionary<string, string> Match { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    [KeyDoc("Calls that are let in.", Default = "no limit")]
    public long? Calls { get; set; }

    [KeyDoc("Tokens of input, cached ones too, and output. Known when a call has ended: those that run at the same time can go beyond.", Default = "no limit")]
    public long? Tokens { get; set; }

    [KeyDoc("Cost of the calls that have ended, in USD. A budget that holds beforehand is one of `limits` with `per: run`.", Default = "no limit")]
    public decimal? BudgetUsd { get; set; }

    [KeyDoc("Calls within calls: 1 for a call that has no parent.", Default = "no limit")]
    public int? Depth { get; set; }

    [KeyDoc("Calls at the same time.", Default = "no limit")]
    public int? FanOut { get; set; }

    [KeyDoc("Time since the first call.", Default = "no limit")]
    public TimeSpan? WallTime { get; set; }

    [KeyDoc("Tokens spent in the run, as a multiple of those of its first request.", Default = "no limit")]
    public decimal? Amplification { get; set; }

    [KeyDoc("How far the amplification may be above what is usual for the agent, in median absolute deviations. Counts once 20 runs of the agent have ended.", Default = "no limit")]
    public decimal? Anomaly { get; set; }

    [KeyDoc("Whether runs that go in circles exceed their limit: the same call with the same result three times in ten, the same two to six calls twice over, answers that bring nothing new.")]
    public bool Loops { get; set; }

    [KeyDoc("`stop` refuses all further calls of the run with 403 `policy_denied` (402 `budget_exceeded` for the budget), `slow` makes them wait, `alert` only tells. All three raise an alert.")]
    public RunAction Action { get; set; } = RunAction.Stop;

    [KeyDoc("Of `slow`: how long the first call waits. Each further one waits twice as long, up to a minute, or as long as this if it is more.")]
    public TimeSpan SlowBy { get; set; } = TimeSpan.FromSeconds(2);
}
