namespace Gatehouse.Bench.Chaos;

/// <summary>How one target behaves during a run.</summary>
/// <param name="CutShare">Share of its streams that it breaks after content, 0 to 1.</param>
/// <param name="LatencyFactor">By which its times are longer than those of a healthy target.</param>
internal sealed record TargetBehaviour(FaultSchedule Schedule, double CutShare = 0, double LatencyFactor = 1)
{
    private const int DrawsCut = 300;
    private const int DrawsLatency = 310;

    public static TargetBehaviour Healthy { get; } = new(FaultSchedule.Never);

    /// <summary>Median of the time to the head of a healthy answer; one in a hundred takes more than 3.2 times that.</summary>
    public static TimeSpan FirstByte { get; } = TimeSpan.FromMilliseconds(30);

    /// <summary>Between two frames of a stream.</summary>
    public static TimeSpan BetweenFrames { get; } = TimeSpan.FromMilliseconds(5);

    public Fault FaultOf(int seed, int target, int number) =>
        SeededDraw.Uniform(seed, DrawsCut + target, number) is var draw && draw < CutShare
            ? Faults.AfterContent[(int)(draw / CutShare * Faults.AfterContent.Count)]
            : Fault.None;

    public TimeSpan Latency(int seed, int target, int number) => TimeSpan.FromMilliseconds(
        LatencyFactor * SeededDraw.LogNormal(FirstByte.TotalMilliseconds, 0.5, seed, DrawsLatency + (2 * target), number));
}
