using System.Globalization;

namespace Gatehouse.Routing.Health;

internal enum RefusalKind
{
    None,
    BreakerOpen,
    TrialRunning,
    Quota,
}

/// <summary>Why a target was not to be used, as values: most refusals are never read.</summary>
internal readonly record struct HealthRefusal
{
    public RefusalKind Kind { get; init; }

    /// <summary>When it happened.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Null where nobody knows: a trial takes as long as it takes.</summary>
    public DateTimeOffset? Until { get; init; }

    public BreakerReason Reason { get; init; }

    public (long Failures, long Requests) Counted { get; init; }

    public QuotaReason Quota { get; init; }

    /// <summary>To follow the name of the target; null when it was not refused.</summary>
    public string? Text() => Kind switch
    {
        RefusalKind.BreakerOpen => $"its circuit breaker is open for another {Left()} ({Words(Reason, Counted)})",
        RefusalKind.TrialRunning => "its circuit breaker lets one trial request through, which has not answered yet",
        RefusalKind.Quota => Quota switch
        {
            QuotaReason.NoRequestsLeft => $"its provider says that no requests are left until {Time()}",
            QuotaReason.NoTokensLeft => $"its provider says that no tokens are left until {Time()}",
            QuotaReason.RetryAfter => $"its provider answered 429 and asked to wait until {Time()}",
            _ => $"its provider answered 429, and it is left alone until {Time()}",
        },
        _ => null,
    };

    /// <summary>Why a breaker opened; null when it never did.</summary>
    public static string? Words(BreakerReason reason, (long Failures, long Requests) counted) => reason switch
    {
        BreakerReason.FailuresInARow => counted.Failures == 1 ? "a failure" : $"{counted.Failures} failures in a row",
        BreakerReason.StreamsCutInARow => counted.Failures == 1 ? "a stream that was cut" : $"{counted.Failures} streams in a row were cut",
        BreakerReason.ErrorRate => $"{counted.Failures} of {counted.Requests} requests failed",
        BreakerReason.Ejected => "a failure that trying again does not help against",
        BreakerReason.TrialFailed => "a trial request failed",
        _ => null,
    };

    /// <summary>Rounded up to a tenth, so that what is left is never nothing.</summary>
    private string Left()
    {
        var left = Until.GetValueOrDefault(At) - At;
        var (unit, name) = left < TimeSpan.FromMinutes(1) ? (TimeSpan.TicksPerSecond, "s") : (TimeSpan.TicksPerMinute, "min");
        var tenths = ((left.Ticks * 10) + unit - 1) / unit;
        return string.Create(CultureInfo.InvariantCulture, $"{tenths / 10}.{tenths % 10} {name}");
    }

    /// <summary>Rounded up to a second, so that it is not too early; with the day where that is another.</summary>
    private string Time()
    {
        var until = Until.GetValueOrDefault(At).ToUniversalTime();
        var second = new DateTimeOffset((until.Ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
        return second.ToString(second.Date == At.UtcDateTime.Date ? "HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    }
}
