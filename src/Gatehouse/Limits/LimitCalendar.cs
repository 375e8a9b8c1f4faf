namespace Gatehouse.Limits;

/// <summary>Where the hours, days, weeks and months of a budget begin.</summary>
/// <param name="Zone">Whose clock it goes by.</param>
/// <param name="AnchorDay">Of a month 1 to 31 (the last day where the month is shorter), of a week 1 (Monday) to 7 (Sunday).</param>
internal sealed record LimitCalendar(TimeZoneInfo Zone, int AnchorDay = 1)
{
    public static readonly LimitCalendar Utc = new(TimeZoneInfo.Utc);

    /// <returns>Beginning and end of the period that a time is in; all of time for what has no periods.</returns>
    public (DateTimeOffset Start, DateTimeOffset End) PeriodOf(LimitPeriod period, DateTimeOffset at)
    {
        var local = TimeZoneInfo.ConvertTime(at, Zone);
        switch (period)
        {
            case LimitPeriod.Hour:
                // Hours of zones that are not a whole number of hours from UTC begin when their own clocks strike.
                var start = local.AddTicks(-(local.TimeOfDay.Ticks % TimeSpan.TicksPerHour));
                return (start.ToUniversalTime(), start.AddHours(1).ToUniversalTime());
            case LimitPeriod.Day:
                return Between(local.Date, local.Date.AddDays(1));
            case LimitPeriod.Week:
                var back = ((int)local.DayOfWeek + 6 - (AnchorDay - 1)) % 7;
                return Between(local.Date.AddDays(-back), local.Date.AddDays(7 - back));
            case LimitPeriod.Month:
                var begin = Anchor(local.Year, local.Month);
                return local.Date >= begin ? Between(begin, Next(begin, by: 1)) : Between(Next(begin, by: -1), begin);
            default:
                return (DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        }
    }

    private DateTime Next(DateTime anchor, int by)
    {
        var month = new DateTime(anchor.Year, anchor.Month, 1, 0, 0, 0, DateTimeKind.Unspecified).AddMonths(by);
        return Anchor(month.Year, month.Month);
    }

    private DateTime Anchor(int year, int month) =>
        new(year, month, Math.Min(AnchorDay, DateTime.DaysInMonth(year, month)), 0, 0, 0, DateTimeKind.Unspecified);

    private (DateTimeOffset Start, DateTimeOffset End) Between(DateTime start, DateTime end) => (Instant(start), Instant(end));

    /// <summary>The midnight that a clock change leaves out is the moment of the change; of one that comes twice, the first counts.</summary>
    private DateTimeOffset Instant(DateTime local)
    {
        var time = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        while (Zone.IsInvalidTime(time))
        {
            time = time.AddMinutes(15);
        }

        var offset = Zone.IsAmbiguousTime(time) ? Zone.GetAmbiguousTimeOffsets(time).Max() : Zone.GetUtcOffset(time);
        return new DateTimeOffset(time, offset).ToUniversalTime();
    }
}
