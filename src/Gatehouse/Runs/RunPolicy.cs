using Gatehouse.Limits;
using Gatehouse.Pipeline;

namespace Gatehouse.Runs;

/// <summary>Limits of runs, compiled. Null for what has no limit.</summary>
internal sealed class RunPolicy
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(1);

    public required string Name { get; init; }

    /// <summary>What must hold of an exchange; empty for all.</summary>
    public LimitCondition[] Conditions { get; init; } = [];

    public long? Calls { get; init; }

    public long? Tokens { get; init; }

    /// <summary>Nano-USD.</summary>
    public long? Budget { get; init; }

    public int? Depth { get; init; }

    public int? FanOut { get; init; }

    public TimeSpan? WallTime { get; init; }

    public double? Amplification { get; init; }

    /// <summary>Median absolute deviations.</summary>
    public double? Anomaly { get; init; }

    public bool Loops { get; init; }

    public RunAction Action { get; init; }

    public TimeSpan SlowBy { get; init; }

    public bool Matches(Exchange exchange)
    {
        foreach (var condition in Conditions)
        {
            if (!condition.Dimension.Matches(condition.Pattern, exchange, target: null))
            {
                return false;
            }
        }

        return true;
    }

    /// <param name="count">How many calls of the run have been slowed, this one included.</param>
    public TimeSpan DelayOf(int count)
    {
        var longest = SlowBy > LongestDelay ? SlowBy : LongestDelay;
        var delay = SlowBy * Math.Pow(2, Math.Min(count - 1, 30));
        return delay > longest ? longest : delay;
    }
}
