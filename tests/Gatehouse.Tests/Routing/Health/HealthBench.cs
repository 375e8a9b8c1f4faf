using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Health;

/// <summary>A target's health on a clock that moves when it is told to.</summary>
internal sealed class HealthBench
{
    public HealthBench(HealthModel? model = null, int seed = 1) => Health = new TargetHealth(model ?? HealthModel.Default, Time, new Random(seed));

    public ManualTime Time { get; } = new();

    public TargetHealth Health { get; }

    public void Advance(double seconds) => Time.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>The decision, for an attempt that is over at once if it was let in.</summary>
    public GateDecision Ask()
    {
        var decision = Health.TryEnter(out var pass);
        Health.Leave(pass);
        return decision;
    }

    public void Succeed(double seconds = 0.1)
    {
        var pass = Let();
        Health.Succeeded(pass, TimeSpan.FromSeconds(seconds));
        Health.Leave(pass);
    }

    public void Fail(Blame blame = Blame.Failure, double? retryAfter = null)
    {
        var pass = Let();
        Health.Failed(pass, blame, retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        Health.Leave(pass);
    }

    public void Cut()
    {
        var pass = Let();
        Health.Succeeded(pass, TimeSpan.FromSeconds(0.1));
        Health.Failed(pass, Blame.Failure, null);
        Health.Leave(pass);
    }

    /// <summary>Opens the breaker and waits until one trial would be let in.</summary>
    public void Open()
    {
        Fail(Blame.Eject);
        CoolDown();
    }

    public HealthPass Let()
    {
        var decision = Health.TryEnter(out var pass);
        Assert.True(decision.IsOpen, decision.Refusal);
        return pass;
    }

    /// <summary>Seconds of the cool-down that are left.</summary>
    public double Remaining() => (Health.View().EjectedUntil!.Value - Time.GetUtcNow()).TotalSeconds;

    /// <summary>Waits until the cool-down is over, to the moment.</summary>
    public void CoolDown() => Time.Advance(Health.View().EjectedUntil!.Value - Time.GetUtcNow());
}
