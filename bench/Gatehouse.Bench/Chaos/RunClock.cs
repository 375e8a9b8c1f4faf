namespace Gatehouse.Bench.Chaos;

/// <summary>The time of a run. Before its start, while everything warms up, no fault is met and nothing is counted.</summary>
internal sealed class RunClock(TimeProvider time)
{
    private long _started;

    public TimeProvider Time => time;

    public bool IsRunning => Volatile.Read(ref _started) != 0;

    /// <summary>Since the start; negative before it.</summary>
    public TimeSpan Elapsed => Volatile.Read(ref _started) is var started and not 0 ? time.GetElapsedTime(started) : TimeSpan.FromTicks(-1);

    public void Start() => Volatile.Write(ref _started, time.GetTimestamp());

    public Task DelayAsync(TimeSpan delay, CancellationToken cancel) => Task.Delay(delay, time, cancel);
}
