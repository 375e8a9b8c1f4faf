using Gatehouse.Routing.Attempts;

namespace Gatehouse.Routing.Health;

/// <summary>How one target of one route is: its circuit breaker, its latency, its errors, what it has left of its provider's quota.</summary>
internal sealed class TargetHealth
{
    private int _inFlight;

    /// <summary>Attempts that run now.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Peak EWMA of the time to the head of the answer, in microseconds; 0 before the first answer.</summary>
    public double LatencyMicroseconds { get; private set; }

    /// <summary>EWMA of failures, 0 to 1.</summary>
    public double ErrorRate { get; private set; }

    /// <summary>Share of its ordinary traffic that it should get: below 1 for a while after it has come back.</summary>
    public double Readiness { get; private set; } = 1;

    /// <summary>Lets one attempt in, or says why not.</summary>
    public GateDecision TryEnter()
    {
        _ = Interlocked.Increment(ref _inFlight);
        return default;
    }

    /// <summary>Lets one attempt in, whatever its state: when there is nothing better.</summary>
    public void Enter() => _ = Interlocked.Increment(ref _inFlight);

    /// <summary>The attempt that was let in answered; it may still be sending.</summary>
    public void Succeeded(TimeSpan toHead)
    {
        LatencyMicroseconds = toHead.TotalMicroseconds;
    }

    /// <summary>The attempt that was let in failed.</summary>
    public void Failed(Blame blame, TimeSpan? retryAfter)
    {
        ErrorRate = blame == Blame.None ? ErrorRate : 1;
        Readiness = retryAfter is null ? Readiness : 0;
    }

    /// <summary>The attempt that was let in is over, however it ended: it counts no more as in flight.</summary>
    public void Leave() => _ = Interlocked.Decrement(ref _inFlight);
}

/// <summary>Whether a target may be tried now.</summary>
/// <param name="Refusal">Null when it may.</param>
/// <param name="Until">When it may be tried again, where that is known.</param>
internal readonly record struct GateDecision(string? Refusal, DateTimeOffset? Until)
{
    public bool IsOpen => Refusal is null;
}
