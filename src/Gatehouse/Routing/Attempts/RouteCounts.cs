namespace Gatehouse.Routing.Attempts;

/// <summary>What a route has done since the start. Thread-safe. It outlives a reload of the configuration.</summary>
internal sealed class RouteCounts
{
    private long _exchanges;
    private long _retries;
    private long _failOvers;
    private long _hedges;

    public long Exchanges => Interlocked.Read(ref _exchanges);

    /// <summary>Attempts at a target that the exchange had asked already.</summary>
    public long Retries => Interlocked.Read(ref _retries);

    /// <summary>Attempts at another target after a failure.</summary>
    public long FailOvers => Interlocked.Read(ref _failOvers);

    /// <summary>Attempts beside another one that was slow.</summary>
    public long Hedges => Interlocked.Read(ref _hedges);

    public void CountExchange() => Interlocked.Increment(ref _exchanges);

    public void CountRetry() => Interlocked.Increment(ref _retries);

    public void CountFailOver() => Interlocked.Increment(ref _failOvers);

    public void CountHedge() => Interlocked.Increment(ref _hedges);
}
