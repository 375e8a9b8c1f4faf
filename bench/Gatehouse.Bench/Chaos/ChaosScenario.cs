namespace Gatehouse.Bench.Chaos;

/// <summary>What a run does to its targets.</summary>
/// <param name="Name">On the command line and in the report.</param>
/// <param name="Route">In gatehouse.yaml.</param>
/// <param name="Targets">How many there are.</param>
/// <param name="Share">Of the requests of a full run: where a smaller number shows the same, it is enough.</param>
/// <param name="Behaviour">Of a target, by the run's seed, the target's index and the run's duration.</param>
internal sealed record ChaosScenario(string Name, string Route, int Targets, double Share, Func<int, int, TimeSpan, TargetBehaviour> Behaviour)
{
    /// <summary>Share of the run that each target is down.</summary>
    private const double Down = 0.01;

    /// <summary>Share of the streams that a target with bursts breaks after content.</summary>
    private const double Cut = 0.001;

    public static TimeSpan MeanBurst { get; } = TimeSpan.FromMilliseconds(25);

    public static IReadOnlyList<ChaosScenario> All { get; } =
    [
        new("healthy", "two", 2, 1, (_, _, _) => TargetBehaviour.Healthy),
        new("two", "two", 2, 1, Bursts),
        new("balanced", "balanced", 2, 1, Bursts),
        new("three", "three", 3, 1, Bursts),
        new("outage-refused", "two", 2, 0.4, (_, target, _) => First(target, FaultSchedule.Always(Fault.RefusedConnection))),
        new("outage-stalled", "two", 2, 0.4, (_, target, _) => First(target, FaultSchedule.Always(Fault.StalledHead))),
        new("slow", "balanced", 2, 0.4, (_, target, _) => target == 0 ? TargetBehaviour.Healthy with { LatencyFactor = 10 } : TargetBehaviour.Healthy),
    ];

    /// <summary>Whether the first target is down for the whole run.</summary>
    public bool IsOutage => Name.StartsWith("outage", StringComparison.Ordinal);

    public static ChaosScenario Named(string name) => All.FirstOrDefault(scenario => scenario.Name == name)
        ?? throw new ArgumentException($"--scenario: '{name}' is none of {string.Join(", ", All.Select(scenario => scenario.Name))}", nameof(name));

    private static TargetBehaviour Bursts(int seed, int target, TimeSpan duration) =>
        new(FaultSchedule.Random(seed, target, duration, Down, MeanBurst), Cut);

    private static TargetBehaviour First(int target, FaultSchedule schedule) => target == 0 ? new TargetBehaviour(schedule) : TargetBehaviour.Healthy;
}
