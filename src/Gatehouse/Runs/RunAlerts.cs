using Gatehouse.Alerts;

namespace Gatehouse.Runs;

/// <summary>What is told of runs that exceed their limits.</summary>
internal static class RunAlerts
{
    private const string Stopped = "run_stopped";
    private const string Slowed = "run_slowed";
    private const string Limit = "run_limit";
    private const string Loop = "loop";
    private const string Amplification = "amplification";

    public static readonly string[] Kinds = [Stopped, Slowed, Limit, Loop, Amplification];

    public static Alert Of(RunKey key, RunBreach breach)
    {
        var done = breach.Policy.Action switch
        {
            RunAction.Stop => "has been stopped",
            RunAction.Slow => "is being slowed",
            _ => "exceeds a limit",
        };
        return new Alert(
            KindOf(breach.Reason, breach.Policy.Action),
            SubjectOf(key),
            breach.Policy.Action == RunAction.Stop ? AlertSeverity.Critical : AlertSeverity.Warning,
            $"The run '{key.Run}' of {key.Tenant} {done}: {breach.Words} ({breach.Policy.Name}).");
    }

    /// <summary>Runs of the same id and different tenants are different subjects.</summary>
    public static string SubjectOf(RunKey key) => $"{key.Tenant}/{key.Run}";

    public static string KindOf(RunReason reason, RunAction action) => (reason, action) switch
    {
        (RunReason.Loop, _) => Loop,
        (RunReason.Amplification or RunReason.Anomaly, _) => Amplification,
        (_, RunAction.Stop) => Stopped,
        (_, RunAction.Slow) => Slowed,
        _ => Limit,
    };

    public static string Word(RunAction action) => action switch
    {
        RunAction.Stop => "stop",
        RunAction.Slow => "slow",
        _ => "alert",
    };
}
