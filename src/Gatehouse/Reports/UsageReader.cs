using System.Globalization;
using Gatehouse.Storage;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Reports;

/// <param name="Values">Of the groupings, in their order.</param>
internal sealed record UsageGroup(string?[] Values, long[] Sums);

/// <param name="Groups">Null: there are more than <see cref="UsageReader.MaxGroups"/>.</param>
/// <param name="IsComplete">False while older exchanges are still being summed up.</param>
internal sealed record UsageResult(List<UsageGroup>? Groups, long[] Totals, bool IsComplete);

/// <summary>
/// Reads the sums, on connections of its own. Whole days come from the sums of days, what is left of a period from those of hours. A day of UTC that
/// is of two days of the time zone is counted to the one that has more of it, and the hours of the other one are then moved.
/// </summary>
internal sealed class UsageReader(Database database)
{
    public const int MaxGroups = 100_000;

    public UsageResult Read(UsageQuery query)
    {
        using var connection = database.Connect();
        // One state of the database for all that is read.
        using var transaction = connection.BeginTransaction(deferred: true);
        var times = query.GroupBy.Where(UsageGrouping.IsTime).ToArray();
        var calendar = new UsageCalendar(query.Zone, times);
        using var dimensions = new UsageDimensionGroups(connection, [.. query.GroupBy.Where(name => !UsageGrouping.IsTime(name))], query.Filters);
        var sums = new Dictionary<string, Dictionary<int, long[]>>(StringComparer.Ordinal);
        var periods = new Dictionary<string, string[]>(StringComparer.Ordinal);
        var totals = new long[UsageMeasures.Count];
        foreach (var segment in SegmentsOf(connection, query, calendar))
        {
            if (!Read(connection, segment, calendar, dimensions, periods, sums))
            {
                return new UsageResult(null, totals, IsComplete: true);
            }
        }

        var groups = new List<UsageGroup>();
        foreach (var (period, ofPeriod) in sums)
        {
            foreach (var (group, each) in ofPeriod.Where(pair => pair.Value[UsageMeasures.Exchanges] != 0))
            {
                Add(each, totals);
                groups.Add(new UsageGroup(Values(query.GroupBy, periods[period], dimensions[group]), each));
            }
        }

        Sort(groups, query);
        return new UsageResult(groups, totals, UsageSettings.Read(connection, UsageHistory.Until) is null);
    }

    /// <summary>The parts of the period, each to be read from one table.</summary>
    internal static List<UsageSegment> SegmentsOf(SqliteConnection connection, UsageQuery query, UsageCalendar calendar)
    {
        var foldedUntil = long.Parse(UsageSettings.Read(connection, UsageRows.FoldedUntil) ?? "0", CultureInfo.InvariantCulture);
        // No more than there is: a period of centuries has few days with sums.
        var from = Math.Max(query.From, Bound(connection, "min") ?? query.To);
        var to = Math.Min(query.To, (Bound(connection, "max") ?? query.From) + 1);
        var (segments, moves) = (new List<UsageSegment>(), new List<UsageSegment>());
        while (from < to)
        {
            var day = UsageRows.DayOf(from);
            var isDay = from == day * 24 && from + 24 <= Math.Min(to, foldedUntil) && !calendar.HasHours;
            var end = isDay ? from + 24 : Math.Min((day + 1) * 24, to);
            if (isDay && calendar.ChangeOf(day) is var change && change < end)
            {
                var isLate = change - from < end - change;
                moves.Add(isLate ? new UsageSegment(IsDays: false, from, change, end - 1) : new UsageSegment(IsDays: false, change, end, from));
                segments.Add(new UsageSegment(IsDays: true, from, end, isLate ? end - 1 : from));
            }
            else if (segments.Count > 0 && segments[^1] is { Main: null } last && last.IsDays == isDay)
            {
                segments[^1] = last with { To = end };
            }
            else
            {
                segments.Add(new UsageSegment(isDay, from, end));
            }

            from = end;
        }

        // After the days that they are taken from.
        return [.. segments, .. moves];
    }

    /// <summary>All columns of a row after its time and dimensions.</summary>
    internal static void ReadSums(SqliteStatement row, Span<long> sums)
    {
        for (var i = 0; i < UsageMeasures.FirstRare; i++)
        {
            sums[i] = UsageMeasures.Saturated(sums[i], row.Number(i + 2));
        }

        if (row.Number(UsageMeasures.FirstRare + 2) != 0)
        {
            for (var i = UsageMeasures.FirstRare; i < UsageMeasures.Count; i++)
            {
                sums[i] = UsageMeasures.Saturated(sums[i], row.Number(i + 3));
            }
        }
    }

    internal static SqliteStatement Rows(SqliteConnection connection, UsageSegment segment)
    {
        var (table, time) = segment.IsDays ? ("usage_days", "day") : ("usage_hours", "hour");
        var rows = new SqliteStatement(connection, $"SELECT {time}, dimensions, {UsageMeasures.Columns} FROM {table} WHERE {time} >= ? AND {time} < ? ORDER BY {time}, dimensions");
        rows.Bind(1, segment.IsDays ? segment.From / 24 : segment.From);
        rows.Bind(2, segment.IsDays ? segment.To / 24 : segment.To);
        return rows;
    }

    private static bool Read(
        SqliteConnection connection, UsageSegment segment, UsageCalendar calendar, UsageDimensionGroups dimensions, Dictionary<string, string[]> periods,
        Dictionary<string, Dictionary<int, long[]>> sums)
    {
        using var rows = Rows(connection, segment);
        var (time, ofPeriod) = (long.MinValue, new Dictionary<int, long[]>());
        var taken = segment is { IsDays: false, Main: { } main } ? OfPeriod(main) : null;
        var moved = new long[UsageMeasures.Count];
        var count = sums.Values.Sum(each => each.Count);
        while (rows.Read())
        {
            if (rows.Number(0) is var next && (time == long.MinValue || (next != time && !calendar.IsTimeless)))
            {
                time = next;
                ofPeriod = OfPeriod(segment.IsDays ? segment.Main ?? (time * 24) : time);
            }

            var group = dimensions.GroupOf(rows.Number(1));
            if (group == UsageDimensionGroups.NotAsked)
            {
                continue;
            }

            if (!ofPeriod.TryGetValue(group, out var sum))
            {
                if (++count > MaxGroups)
                {
                    return false;
                }

                sum = ofPeriod[group] = new long[UsageMeasures.Count];
            }

            if (taken is null)
            {
                ReadSums(rows, sum);
            }
            else
            {
                Array.Clear(moved);
                ReadSums(rows, moved);
                Add(moved, sum);
                Subtract(moved, taken[group]);
            }
        }

        return true;

        Dictionary<int, long[]> OfPeriod(long hour)
        {
            var names = calendar.PeriodsOf(hour);
            var name = string.Join(' ', names);
            _ = periods.TryAdd(name, names);
            return sums.TryGetValue(name, out var known) ? known : sums[name] = [];
        }
    }

    private static string?[] Values(IReadOnlyList<string> groupBy, string[] periods, string?[] dimensions)
    {
        var (period, dimension) = (0, 0);
        return [.. groupBy.Select(name => UsageGrouping.IsTime(name) ? periods[period++] : dimensions[dimension++])];
    }

    private static void Add(long[] one, long[] sums)
    {
        for (var i = 0; i < UsageMeasures.Count; i++)
        {
            sums[i] = UsageMeasures.Saturated(sums[i], one[i]);
        }
    }

    private static void Subtract(long[] one, long[] sums)
    {
        for (var i = 0; i < UsageMeasures.Count; i++)
        {
            sums[i] -= one[i];
        }
    }

    private static void Sort(List<UsageGroup> groups, UsageQuery query)
    {
        var measure = Array.IndexOf(UsageMeasures.Names, query.OrderBy);
        groups.Sort((a, b) =>
        {
            var order = measure >= 0 ? b.Sums[measure].CompareTo(a.Sums[measure]) : 0;
            for (var i = 0; order == 0 && i < a.Values.Length; i++)
            {
                order = string.CompareOrdinal(a.Values[i], b.Values[i]);
            }

            return order;
        });
    }

    private static long? Bound(SqliteConnection connection, string function)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {function}(hour) FROM usage_hours";
        return command.ExecuteScalar() as long?;
    }
}

/// <param name="From">The first hour.</param>
/// <param name="To">The hour after the last.</param>
/// <param name="Main">Of a day: an hour of the periods that it is counted to. Of hours: of the periods that they were counted to with their day.</param>
internal readonly record struct UsageSegment(bool IsDays, long From, long To, long? Main = null);
