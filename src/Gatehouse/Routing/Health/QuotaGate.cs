using Gatehouse.Upstream;

namespace Gatehouse.Routing.Health;

/// <summary>Why a target is not used although it is well.</summary>
internal enum QuotaReason
{
    /// <summary>Its headers said that no requests are left.</summary>
    NoRequestsLeft,

    /// <summary>Its headers said that no tokens are left.</summary>
    NoTokensLeft,

    /// <summary>It answered 429 and said for how long.</summary>
    RetryAfter,

    /// <summary>It answered 429 and did not say for how long.</summary>
    BackOff,
}

/// <summary>
/// Keeps a target unused for as long as its provider has no room for this account. Once said it is believed to its end: answers that say otherwise
/// meanwhile began before. Not thread-safe: its owner holds a lock.
/// </summary>
internal sealed class QuotaGate
{
    // Limits are by the minute or the day, and those of a day are counted in many small steps: nothing is lost by asking once an hour.
    private static readonly TimeSpan LongestReset = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(24);
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(60);

    private TimeSpan _backOff;

    public TimeSpan Until { get; private set; }

    public QuotaReason Reason { get; private set; }

    /// <summary>Of the attempts that are let in now: many that are refused together are one refusal.</summary>
    public int Period { get; private set; }

    public bool IsClosed(TimeSpan now) => now < Until;

    public void Observe(in ProviderQuota quota, TimeSpan now, DateTimeOffset clock)
    {
        if (quota.RemainingRequests <= 0)
        {
            Close(now, Wait(quota.RequestsReset), QuotaReason.NoRequestsLeft);
        }

        if (quota.RemainingTokens <= 0)
        {
            Close(now, Wait(quota.TokensReset), QuotaReason.NoTokensLeft);
        }

        TimeSpan Wait(DateTimeOffset? reset) => reset is not { } at ? FirstBackOff : at - clock > LongestReset ? LongestReset : at - clock;
    }

    /// <summary>A 429.</summary>
    /// <param name="period">The <see cref="Period"/> in which the attempt was let in.</param>
    /// <param name="now">The time since the same beginning as in the other calls.</param>
    /// <param name="retryAfter">Null or zero where it did not say.</param>
    public void Refused(int period, TimeSpan now, TimeSpan? retryAfter)
    {
        if (retryAfter is { } told && told > TimeSpan.Zero)
        {
            Close(now, told > LongestRetryAfter ? LongestRetryAfter : told, QuotaReason.RetryAfter);
        }
        else if (period == Period)
        {
            _backOff = _backOff == TimeSpan.Zero ? FirstBackOff : _backOff * 2 > LongestBackOff ? LongestBackOff : _backOff * 2;
            Close(now, _backOff, QuotaReason.BackOff);
            Period++;
        }
    }

    public void Succeeded(int period)
    {
        if (period == Period)
        {
            _backOff = TimeSpan.Zero;
        }
    }

    private void Close(TimeSpan now, TimeSpan wait, QuotaReason reason)
    {
        if (now + wait > Until)
        {
            Until = now + wait;
            Reason = reason;
        }
    }
}
