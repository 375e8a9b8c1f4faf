namespace Gatehouse.Limits.Accounts;

/// <summary>Exchanges at the same time.</summary>
internal sealed class ConcurrencyAccount(long number, LimitRule rule, string bucket) : LimitAccount(number, rule, bucket)
{
    private long _running;

    /// <summary>To run is to use: nobody waits for one to end.</summary>
    public override long Held => 0;

    public override long Used(LimitMoment now) => _running;

    public override bool IsIdle(LimitMoment now) => _running == 0;

    public override TimeSpan? Reset(LimitMoment now) => null;

    public override TimeSpan? WaitFor(LimitMoment now, long amount) => amount <= Left(now) ? TimeSpan.Zero : null;

    /// <summary>Nothing runs at a start.</summary>
    public override void Restore(LimitMoment now, DateTimeOffset at, long used)
    {
    }

    protected override void Add(LimitMoment now, long amount) => _running += amount;

    protected override void Charge(LimitMoment now, in LimitClaim claim, long used) => _running -= claim.Held;
}
