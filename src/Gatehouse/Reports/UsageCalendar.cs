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

    /// <summary>Whether the sums of days are of any use.</summary>
    public bool HasHours => times.Contains("hour", StringComparer.Ordinal);

    /// <summary>
    /// The hour at which the periods of a day of UTC change: in most time zones a day of UTC is of two days. The end of the day when they do not.
    /// </summary>
    public long ChangeOf(long day)
    {
        var (first, end) = (day * 24, (day + 1) * 24);
        if (IsTimeless)
        {
            return end;
        }

        var periods = PeriodsOf(first);
        for (var hour = first + 1; hour < end; hour++)
        {
            if (!PeriodsOf(hour).SequenceEqual(periods, StringComparer.Ordinal))
            {
                return hour;
            }
        }

        return end;
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
