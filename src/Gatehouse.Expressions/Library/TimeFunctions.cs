using System.Collections.Concurrent;
using Gatehouse.Expressions.Checking;
using Gatehouse.Expressions.Compilation;
using static Gatehouse.Expressions.CelType;
using static Gatehouse.Expressions.Library.Signatures;

namespace Gatehouse.Expressions.Library;

/// <summary>
/// The parts of timestamps, in UTC or in a time zone ("+02:00", or a name of the IANA database as the system has it), and of durations.
/// </summary>
internal static class TimeFunctions
{
    private static readonly (string Function, Func<DateTime, long> Read)[] Parts =
    [
        ("getFullYear", time => time.Year),
        ("getMonth", time => time.Month - 1),
        ("getDayOfYear", time => time.DayOfYear - 1),
        ("getDayOfMonth", time => time.Day - 1),
        ("getDate", time => time.Day),
        ("getDayOfWeek", time => (long)time.DayOfWeek),
        ("getHours", time => time.Hour),
        ("getMinutes", time => time.Minute),
        ("getSeconds", time => time.Second),
        ("getMilliseconds", time => time.Millisecond),
    ];

    public static IEnumerable<Overload> All =>
    [
        .. Parts.SelectMany(part => OfTimestamp(part.Function, part.Read)),
        OfDuration("getHours", 3600L * TimeText.NanosecondsPerSecond),
        OfDuration("getMinutes", 60L * TimeText.NanosecondsPerSecond),
        OfDuration("getSeconds", TimeText.NanosecondsPerSecond),
        Member("getMilliseconds", Int, Duration, (Frame _, in CelValue a) => CelValue.From(a.Bits / 1_000_000 % 1000)),
    ];

    private static Overload[] OfTimestamp(string function, Func<DateTime, long> read) =>
    [
        Member(function, Int, Timestamp, (Frame _, in CelValue a) => CelValue.From(read(a.AsTimestamp().UtcDateTime))),
        Member(function, Int, Timestamp, CelType.String, (Frame frame, in CelValue a, in CelValue b) =>
            TryMove(a.AsTimestamp().UtcDateTime, b.Text, out var local)
                ? CelValue.From(read(local))
                : frame.Fail($"{b} is no time zone: write an offset such as \"+02:00\", or a name such as \"Europe/Berlin\"")),
    ];

    private static Overload OfDuration(string function, long unit) =>
        Member(function, Int, Duration, (Frame _, in CelValue a) => CelValue.From(a.Bits / unit));

    private static bool TryMove(DateTime utc, string zone, out DateTime local)
    {
        TimeSpan offset;
        if (TimeText.TryParseOffset(zone, out var minutes))
        {
            offset = TimeSpan.FromMinutes(minutes);
        }
        else if (TimeZones.Find(zone) is { } known)
        {
            offset = known.GetUtcOffset(utc);
        }
        else
        {
            local = utc;
            return false;
        }

        // At the ends of the calendar the local time would be in the year 0 or 10000; it stays in the calendar instead.
        var ticks = Math.Clamp(utc.Ticks + offset.Ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks);
        local = new DateTime(ticks, DateTimeKind.Unspecified);
        return true;
    }

    private static class TimeZones
    {
        private const int MaxCached = 256;

        private static readonly ConcurrentDictionary<string, TimeZoneInfo?> Known = new(StringComparer.Ordinal);

        /// <summary>A zone by name. Names that expressions compute are remembered only as far as there is room.</summary>
        public static TimeZoneInfo? Find(string name)
        {
            if (Known.TryGetValue(name, out var known))
            {
                return known;
            }

            var zone = IsName(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var found) ? found : null;
            if (Known.Count < MaxCached && name.Length <= 64)
            {
                Known.TryAdd(name, zone);
            }

            return zone;
        }

        /// <summary>Names are file names to the system: no dots, no roots, nothing but what the database uses.</summary>
        private static bool IsName(string name) =>
            name.Length is > 0 and <= 64 && name[0] != '/' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+');
    }
}
