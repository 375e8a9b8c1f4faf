using Gatehouse.Limits;

namespace Gatehouse.Tests.Limits;

public sealed class LimitCalendarTests
{
    [Theory]
    [InlineData("UTC", nameof(LimitPeriod.Hour), 1, "2026-03-29T01:59:59Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z")]
    [InlineData("Asia/Kolkata", nameof(LimitPeriod.Hour), 1, "2026-03-29T01:10:00Z", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z")]
    [InlineData("UTC", nameof(LimitPeriod.Day), 1, "2026-11-21T23:59:59Z", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")]
    // A day of 23 hours and one of 25.
    [InlineData("Europe/Berlin", nameof(LimitPeriod.Day), 1, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")]
    [InlineData("Europe/Berlin", nameof(LimitPeriod.Day), 1, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")]
    // Midnight does not exist: the clock goes from 23:59:59 to 01:00:00.
    [InlineData("America/Santiago", nameof(LimitPeriod.Day), 1, "2026-09-06T12:00:00Z", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z")]
    [InlineData("UTC", nameof(LimitPeriod.Week), 1, "2026-11-21T10:00:00Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z")]
    [InlineData("UTC", nameof(LimitPeriod.Week), 7, "2026-11-21T10:00:00Z", "2026-11-15T00:00:00Z", "2026-11-22T00:00:00Z")]
    [InlineData("UTC", nameof(LimitPeriod.Week), 6, "2026-11-21T10:00:00Z", "2026-11-21T00:00:00Z", "2026-11-28T00:00:00Z")]
    [InlineData("UTC", nameof(LimitPeriod.Month), 1, "2026-02-28T10:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")]
    [InlineData("UTC", nameof(LimitPeriod.Month), 15, "2026-01-10T10:00:00Z", "2025-12-15T00:00:00Z", "2026-01-15T00:00:00Z")]
    // February has no 31st: its period begins on its last day, and the next one on the 31st again.
    [InlineData("UTC", nameof(LimitPeriod.Month), 31, "2026-02-10T10:00:00Z", "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z")]
    [InlineData("UTC", nameof(LimitPeriod.Month), 31, "2026-02-28T10:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z")]
    [InlineData("America/New_York", nameof(LimitPeriod.Month), 1, "2026-12-01T03:00:00Z", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z")]
    public void Periods_begin_where_the_clocks_of_their_zone_say(string zone, string period, int anchor, string at, string start, string end)
    {
        var calendar = new LimitCalendar(TimeZoneInfo.FindSystemTimeZoneById(zone), anchor);

        var found = calendar.PeriodOf(Enum.Parse<LimitPeriod>(period), Time(at));

        Assert.Equal((Time(start), Time(end)), found);
    }

    [Fact]
    public void Periods_follow_each_other_without_a_gap()
    {
        foreach (var zone in new[] { "UTC", "Europe/Berlin", "America/Santiago", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York" })
        {
            foreach (var period in new[] { LimitPeriod.Hour, LimitPeriod.Day, LimitPeriod.Week, LimitPeriod.Month })
            {
                foreach (var anchor in period switch { LimitPeriod.Week => new[] { 1, 4, 7 }, LimitPeriod.Month => [1, 15, 29, 31], _ => [1] })
                {
                    var calendar = new LimitCalendar(TimeZoneInfo.FindSystemTimeZoneById(zone), anchor);
                    var now = Time("2026-01-01T00:00:00Z");
                    for (var i = 0; i < 400; i++)
                    {
                        var (start, end) = calendar.PeriodOf(period, now);
                        Assert.True(start <= now && now < end, $"{zone} {period} {anchor}: {now:O} in {start:O}..{end:O}");
                        Assert.Equal((start, end), calendar.PeriodOf(period, end.AddTicks(-1)));
                        Assert.Equal(end, calendar.PeriodOf(period, end).Start);
                        now = end;
                    }
                }
            }
        }
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
