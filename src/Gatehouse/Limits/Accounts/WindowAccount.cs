namespace Gatehouse.Limits.Accounts;

/// <summary>
/// Requests or tokens in a window that slides: all of its stretch of time and at most a sixtieth more count, so that what is found to be within the
/// limit is so in any stretch that ends now. What is set aside is used in the moment in which it is set aside.
/// </summary>
internal sealed class WindowAccount(long number, LimitRule rule, string bucket) : LimitAccount(number, rule, bucket)
{
    /// <summary>Of a window.</summary>
    public const int Parts = 60;

    private SlidingCount? _used;

    /// <summary>In a window there is no difference: it is used from the moment on in which it is set aside.</summary>
    public override long Held => 0;

    public override long Used(LimitMoment now) => _used?.AtMost(now.Elapsed) ?? 0;

    public override bool IsIdle(LimitMoment now) => Used(now) == 0;

    public override TimeSpan? Reset(LimitMoment now) => WaitFor(now, Most(now));

    public override TimeSpan? WaitFor(LimitMoment now, long amount) => amount > Most(now) ? null
        : _used?.WaitUntilLessBy(now.Elapsed, amount - Left(now)) ?? TimeSpan.Zero;

    public override void Restore(LimitMoment now, DateTimeOffset at, long used)
    {
        var elapsed = now.Elapsed - (now.Utc - at);
        (_used ??= new SlidingCount(Rule.Window!.Value, Parts)).Add(now.Elapsed, elapsed < now.Elapsed ? elapsed : now.Elapsed, used);
    }

    protected override void Add(LimitMoment now, long amount)
    {
        if (amount != 0)
        {
            (_used ??= new SlidingCount(Rule.Window!.Value, Parts)).Add(now.Elapsed, amount);
        }
    }

    protected override void Charge(LimitMoment now, in LimitClaim claim, long used)
    {
        if (used <= claim.Held)
        {
            // Given back where it was taken.
            _used?.Remove(now.Elapsed, claim.At.Elapsed, claim.Held - used);
        }
        else
        {
            Add(now, used - claim.Held);
        }
    }
}
