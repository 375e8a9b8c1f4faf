using System.Globalization;

namespace Gatehouse.Reports;

/// <summary>
/// The hours, days, weeks and months of a time zone to which hours of UTC belong. An hour belongs to where it begins: in zones that are half an
/// hour off, half of an hour at the end of a day is counted to that day.
/// </summary>
internal sealed class UsageCalendar(TimeZoneInfo zone, IReadOnlyList<string> times)
{
    /// <summary>No times at all: every hour is like every other.</summary>
    public bool IsTimeless => times.Count == 0;

    /// <summary>The names of the periods of an hour, in the order of the groupings.</summary>
    public string[] PeriodsOf(long hour)
    {
        var local = TimeZoneInfo.ConvertTime(UsageQuery.TimeOf(hour), zone);
        return [.. times.Select(time => NameOf(time, local))];
    }

    /// <summary>Whether a day of UTC is all of the same periods. In most time zones it is of two days.</summary>
    public bool IsOfOnePeriod(long day)
    {
        if (IsTimeless)
        {
            return true;
        }

        var periods = PeriodsOf(day * 24);
        return Enumerable.Range(1, 23).All(hour => PeriodsOf((day * 24) + hour).SequenceEqual(periods, StringComparer.Ordinal));
    }

    private static string NameOf(string time, DateTimeOffset local) => time switch
    {
        "hour" => local.AddMinutes(-local.Minute).ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture),
        "day" => local.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        // Monday is the first day of a week (ISO 8601).
        "week" => local.AddDays(-(((int)local.DayOfWeek + 6) % 7)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        _ => local.ToString("yyyy-MM", CultureInfo.InvariantCulture),
    };
}
