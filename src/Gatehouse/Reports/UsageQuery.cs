using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Reports;

/// <summary>What was asked for that cannot be answered.</summary>
internal sealed record UsageMistake(string Field, string Message);

/// <summary>A report as it was asked for.</summary>
/// <param name="From">The first hour, in hours since 1970.</param>
/// <param name="To">The hour after the last.</param>
/// <param name="GroupBy">Names of <see cref="UsageGrouping"/>.</param>
internal sealed record UsageQuery(
    long From, long To, TimeZoneInfo Zone, IReadOnlyList<string> GroupBy, IReadOnlyList<KeyValuePair<string, string>> Filters, string OrderBy, int Limit, int Offset)
{
    public const int MaxLimit = 10_000;
    private const int DefaultLimit = 1000;
    private const int DefaultDays = 30;
    private const int MaxGroupings = 8;
    private const string ByGroup = "group";

    /// <summary>Far more than there is, and far from where the calendar ends.</summary>
    private static readonly DateTimeOffset Latest = new(9000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly string[] Own = ["group_by", "from", "to", "time_zone", "order_by", "limit", "offset"];

    public static DateTimeOffset TimeOf(long hour) => DateTimeOffset.UnixEpoch.AddHours(hour);

    /// <param name="more">Parameters that the report has beside those of all.</param>
    public static (UsageQuery? Query, UsageMistake? Mistake) Parse(IQueryCollection parameters, DateTimeOffset now, ReadOnlySpan<string> more)
    {
        foreach (var name in parameters.Keys)
        {
            if (!UsageGrouping.IsFilter(name) && Array.IndexOf(Own, name) < 0 && !more.Contains(name))
            {
                return (null, new UsageMistake(name, $"There is no parameter '{name}'; there are {string.Join(", ", [.. Own, .. more, .. UsageGrouping.Filters])}."));
            }

            if (parameters[name].Count > 1)
            {
                return (null, new UsageMistake(name, $"'{name}' is given more than once."));
            }
        }

        var zone = TimeZoneInfo.Utc;
        if (Value("time_zone") is { } zoneName && !TimeZoneInfo.TryFindSystemTimeZoneById(zoneName, out zone))
        {
            return (null, new UsageMistake("time_zone", $"There is no time zone '{zoneName}'; write a name such as UTC or Europe/Berlin."));
        }

        var groups = (Value("group_by") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(name => name != UsageGrouping.None).Distinct(StringComparer.Ordinal).ToArray();
        if (groups.FirstOrDefault(name => !UsageGrouping.IsFilter(name) && !UsageGrouping.IsTime(name)) is { } unknown)
        {
            return (null, new UsageMistake("group_by", $"There is no grouping '{unknown}'; there are {string.Join(", ", UsageGrouping.Known)}."));
        }

        if (groups.Length > MaxGroupings)
        {
            return (null, new UsageMistake("group_by", $"At most {MaxGroupings} groupings can be combined."));
        }

        // The hour that runs is a part of it from its first moment on.
        if (!TryTime("to", TimeOf(UsageRows.HourOf(Microseconds(now)) + 1), out var to) || to > Latest)
        {
            return (null, NotTime("to"));
        }

        if (!TryTime("from", to.AddDays(-DefaultDays), out var from))
        {
            return (null, NotTime("from"));
        }

        var (first, end) = (UsageRows.HourOf(Microseconds(from)), UsageRows.HourOf(Microseconds(to) + UsageRows.MicrosecondsPerHour - 1));
        if (first >= end)
        {
            return (null, new UsageMistake("from", "'from' must be before 'to'."));
        }

        var order = Value("order_by") ?? (groups.Any(UsageGrouping.IsTime) ? ByGroup : UsageMeasures.Names[UsageMeasures.CostNanoUsd]);
        if (order != ByGroup && Array.IndexOf(UsageMeasures.Names, order) < 0)
        {
            return (null, new UsageMistake("order_by", $"There is no order '{order}'; there are {ByGroup} (ascending) and, descending, {string.Join(", ", UsageMeasures.Names)}."));
        }

        if (!TryNumber("limit", DefaultLimit, 1, MaxLimit, out var limit))
        {
            return (null, new UsageMistake("limit", $"'limit' must be from 1 to {MaxLimit}."));
        }

        if (!TryNumber("offset", 0, 0, int.MaxValue, out var offset))
        {
            return (null, new UsageMistake("offset", "'offset' must be 0 or more."));
        }

        var filters = parameters.Where(parameter => UsageGrouping.IsFilter(parameter.Key)).Select(parameter => KeyValuePair.Create(parameter.Key, parameter.Value.ToString())).ToArray();
        return (new UsageQuery(first, end, zone, groups, filters, order, limit, offset), null);

        string? Value(string name) => parameters.TryGetValue(name, out var value) && !StringValues.IsNullOrEmpty(value) ? value.ToString() : null;

        bool TryNumber(string name, int fallback, int least, int most, out int number)
        {
            number = fallback;
            return Value(name) is not { } text || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most);
        }

        bool TryTime(string name, DateTimeOffset fallback, out DateTimeOffset time)
        {
            time = fallback;
            return Value(name) is not { } text || TryParse(text, zone, out time);
        }

        static UsageMistake NotTime(string name) => new(name, $"'{name}' must be a day or a time, such as 2026-01-31 or 2026-01-31T12:00:00Z.");
    }

    /// <summary>A time without an offset, or a day, is one of the time zone.</summary>
    private static bool TryParse(string text, TimeZoneInfo zone, out DateTimeOffset time)
    {
        time = default;
        string[] local = ["yyyy-MM-dd", "yyyy-MM-ddTHH:mm", "yyyy-MM-ddTHH:mm:ss"];
        string[] absolute = ["yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"];
        if (DateTime.TryParseExact(text, local, CultureInfo.InvariantCulture, DateTimeStyles.None, out var plain))
        {
            if (plain.Year is < 2 or > 9000)
            {
                return false;
            }

            // Of an hour that a zone leaves out, the time before it; of one that comes twice, the standard time.
            time = new DateTimeOffset(plain, zone.GetUtcOffset(plain)).ToUniversalTime();
            return true;
        }

        return DateTimeOffset.TryParseExact(text, absolute, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }

    private static long Microseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
