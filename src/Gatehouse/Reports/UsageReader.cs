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
/// Reads the sums, on connections of its own. Whole days come from the sums of days; what is left of a period from those of hours, and so do days of
/// UTC that are of two days of the time zone.
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
        var periods = new UsagePeriods(calendar, MaxGroups);
        var totals = new long[UsageMeasures.Count];
        foreach (var segment in SegmentsOf(connection, query, calendar))
        {
            if (!Read(connection, segment, dimensions, periods))
            {
                return new UsageResult(null, totals, IsComplete: true);
            }
        }

        var groups = new List<UsageGroup>();
        foreach (var (names, group, sums) in periods.All())
        {
            Add(sums, totals);
            groups.Add(new UsageGroup(Values(query.GroupBy, names, dimensions[group]), sums));
        }

        Sort(groups, query);
        return new UsageResult(groups, totals, UsageSettings.Read(connection, UsageHistory.Until) is null);
    }

    /// <summary>The parts of the period, in their order.</summary>
    internal static List<UsageSegment> SegmentsOf(SqliteConnection connection, UsageQuery query, UsageCalendar calendar)
    {
        var foldedUntil = long.Parse(UsageSettings.Read(connection, UsageRows.FoldedUntil) ?? "0", CultureInfo.InvariantCulture);
        // No more than there is: a period of centuries has few days with sums. Packed hours are in the sums of days, too.
        var from = Math.Max(query.From, Bound(connection, "SELECT min(first) FROM (SELECT min(hour) AS first FROM usage_hours UNION ALL SELECT min(day) * 24 FROM usage_days)") ?? query.To);
        var to = Math.Min(query.To, Bound(connection, "SELECT max(last) + 1 FROM (SELECT max(hour) AS last FROM usage_hours UNION ALL SELECT max(day) * 24 + 23 FROM usage_days)") ?? query.From);
        var segments = new List<UsageSegment>();
        while (from < to)
        {
            var day = UsageRows.DayOf(from);
            var end = Math.Min((day + 1) * 24, to);
            var isDay = end - from == 24 && end <= foldedUntil && calendar.IsOfOnePeriod(day);
            if (segments.Count > 0 && segments[^1].IsDays == isDay)
            {
                segments[^1] = segments[^1] with { To = end };
            }
            else
            {
                segments.Add(new UsageSegment(isDay, from, end));
            }

            from = end;
        }

        return segments;
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

    private static bool Read(SqliteConnection connection, UsageSegment segment, UsageDimensionGroups dimensions, UsagePeriods periods)
    {
        using var rows = new UsageSegmentReader(connection, segment);
        var (set, group) = (-1L, UsageDimensionGroups.NotAsked);
        while (rows.Read())
        {
            if (rows.Dimensions != set)
            {
                (set, group) = (rows.Dimensions, dimensions.GroupOf(rows.Dimensions));
            }

            if (group == UsageDimensionGroups.NotAsked)
            {
                continue;
            }

            if (periods.SumsOf(rows.Hour, group) is not { } sums)
            {
                return false;
            }

            rows.AddTo(sums);
        }

        return true;
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

    private static long? Bound(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() as long?;
    }
}
