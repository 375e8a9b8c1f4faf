using System.Globalization;

namespace Gatehouse.Runs;

/// <summary>A limit that a run exceeds.</summary>
/// <param name="Words">What it has done, and what it may: <c>it has made 200 calls, and may make 200</c>.</param>
internal readonly record struct RunBreach(RunPolicy Policy, RunReason Reason, string Words);

/// <summary>Whether one more call of a run would exceed a limit of a policy.</summary>
internal static class RunRules
{
    private const decimal NanoPerUsd = 1_000_000_000;

    /// <param name="run">As it is before the call.</param>
    /// <param name="depth">Of the call.</param>
    /// <param name="loop">What circle it closes; null for none.</param>
    /// <param name="baseline">Of the agent; null for none.</param>
    public static RunBreach? Check(RunPolicy policy, RunState run, int depth, string? loop, AgentBaseline? baseline, DateTimeOffset now)
    {
        if (policy.Calls <= run.Calls)
        {
            return Of(RunReason.Calls, $"it has made {run.Calls} calls, and may make {policy.Calls}");
        }

        if (policy.Tokens <= run.Tokens)
        {
            return Of(RunReason.Tokens, $"it has spent {run.Tokens} tokens, and may spend {policy.Tokens}");
        }

        if (policy.Budget <= run.CostNanoUsd)
        {
            return Of(RunReason.Budget, $"it has cost {run.CostNanoUsd / NanoPerUsd} USD, and may cost {policy.Budget / NanoPerUsd} USD");
        }

        if (policy.Depth < depth)
        {
            return Of(RunReason.Depth, $"this call is {depth} calls deep, and {policy.Depth} are allowed");
        }

        if (policy.FanOut <= run.InFlight)
        {
            return Of(RunReason.FanOut, $"{run.InFlight} of its calls are in flight, and {policy.FanOut} may be");
        }

        if (policy.WallTime is { } wallTime && now - run.StartedAt > wallTime)
        {
            return Of(RunReason.WallTime, $"it has taken {Seconds(now - run.StartedAt)}, and may take {Seconds(wallTime)}");
        }

        if (run.Amplification is { } amplification)
        {
            if (amplification > policy.Amplification)
            {
                return Of(RunReason.Amplification, $"it has spent {amplification:0.#} times the tokens of its first request, and may spend {policy.Amplification} times as many");
            }

            if (policy.Anomaly is { } deviations && baseline?.LimitOf(deviations) is { } usual && amplification > usual)
            {
                return Of(RunReason.Anomaly, $"it has spent {amplification:0.#} times the tokens of its first request, and more than {usual:0.#} times is unusual for this agent");
            }
        }

        return policy.Loops && loop is not null ? Of(RunReason.Loop, $"it goes in circles: {loop}") : null;

        RunBreach Of(RunReason reason, FormattableString words) => new(policy, reason, words.ToString(CultureInfo.InvariantCulture));
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s");
}
