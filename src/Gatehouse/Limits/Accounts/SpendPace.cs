namespace Gatehouse.Limits.Accounts;

/// <summary>How fast money goes: an average that forgets by half in a part of the period.</summary>
/// <param name="PerHour">Nano-USD an hour at <paramref name="At"/>; it is less with each hour in which nothing is spent.</param>
internal readonly record struct SpendPace(DateTimeOffset At, double PerHour)
{
    /// <summary>The time in which what was spent counts for half.</summary>
    public static TimeSpan HalfLife(LimitPeriod period) => period switch
    {
        LimitPeriod.Hour => TimeSpan.FromMinutes(5),
        LimitPeriod.Day or LimitPeriod.Run => TimeSpan.FromHours(1),
        LimitPeriod.Week => TimeSpan.FromHours(6),
        _ => TimeSpan.FromHours(24),
    };

    public SpendPace With(DateTimeOffset now, long spent, LimitPeriod period)
    {
        // A spike of 1 that decays with this half-life has an area of halfLife / ln 2.
        var weight = Math.Log(2) / HalfLife(period).TotalHours;
        return new SpendPace(now, AtTime(now, period) + (spent * weight));
    }

    public double AtTime(DateTimeOffset now, LimitPeriod period) =>
        At == default || now <= At ? PerHour : PerHour * Math.Pow(0.5, (now - At) / HalfLife(period));

    /// <summary>When an amount is gone at this pace; null for never, or not within ten years.</summary>
    public DateTimeOffset? Gone(DateTimeOffset now, long left, LimitPeriod period)
    {
        var pace = AtTime(now, period);
        var hours = left <= 0 ? 0 : pace > 0 ? left / pace : double.MaxValue;
        return hours < 24 * 3650 ? now.AddHours(hours) : null;
    }
}
