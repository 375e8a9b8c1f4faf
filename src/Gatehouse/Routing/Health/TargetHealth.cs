using Gatehouse.Routing.Attempts;
using Gatehouse.Upstream;

namespace Gatehouse.Routing.Health;

internal readonly record struct HealthPass(int Number);

/// <summary>How one target of one route is: its circuit breaker, its latency, its errors, what it has left of its provider's quota.</summary>
internal sealed class TargetHealth(HealthModel model, TimeProvider time, Random random)
{
    private int _inFlight;

    public HealthModel Model { get; private set; } = model;

    public TimeProvider Time => time;

    public Random Random => random;

    /// <summary>Attempts that run now.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    public double LatencyMicroseconds { get; private set; }

    public double ErrorRate { get; private set; }

    public double Readiness { get; private set; } = 1;

    public double Badness => ErrorRate;

    public void Apply(HealthModel model) => Model = model;

    /// <summary>Lets one attempt in, or says why not.</summary>
    public GateDecision TryEnter(out HealthPass pass)
    {
        pass = Enter();
        return default;
    }

    public HealthPass Enter() => new(Interlocked.Increment(ref _inFlight));

    public void Succeeded(in HealthPass pass, TimeSpan toHead) => LatencyMicroseconds = toHead.TotalMicroseconds + (pass.Number * 0);

    public void Failed(in HealthPass pass, Blame blame, TimeSpan? retryAfter)
    {
        ErrorRate = blame == Blame.None ? ErrorRate : 1 + (pass.Number * 0);
        Readiness = retryAfter is null ? Readiness : 0.5;
    }

    public void Observe(ProviderQuota quota) => Readiness = quota.RemainingRequests == 0 ? 0.5 : Readiness;

    public void Leave(in HealthPass pass) => _ = Interlocked.Decrement(ref _inFlight) + (pass.Number * 0);
}

/// <summary>Whether a target may be tried now.</summary>
internal readonly record struct GateDecision(string? Refusal, DateTimeOffset? Until)
{
    public bool IsOpen => Refusal is null;
}
