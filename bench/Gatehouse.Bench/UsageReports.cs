using Gatehouse.Identity;
using Gatehouse.Ledger;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Reports;
using Gatehouse.Storage;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Bench;

/// <summary>
/// What the sums of usage cost where they are written, for each exchange, and how long reports over ten million exchanges take: 90 days of 50 keys
/// that use 8 targets, an hourly row for each that is used in it.
/// </summary>
internal static class UsageReports
{
    private const int Days = 90;
    private const int Keys = 50;
    private const int Targets = 8;
    private const int ExchangesPerHour = 10_000_000 / (Days * 24);
    private const int Written = 20_000;

    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly string[] Reports =
    [
        "", "group_by=key", "group_by=day", "group_by=key,target,route,day", "group_by=team,month", "group_by=label.env,model", "key=key-7&group_by=day",
        "group_by=day&time_zone=Europe/Berlin", "group_by=month&time_zone=Europe/Berlin", "group_by=key,day&time_zone=America/Los_Angeles", "group_by=day&time_zone=Asia/Tokyo",
        "group_by=hour,target&from=2026-02-01&to=2026-02-08", "group_by=hour,target&from=2026-02-01&to=2026-03-01", "group_by=hour",
        "group_by=hour,target", "group_by=hour,team,route", "group_by=key,target,route,day&time_zone=Asia/Tokyo",
    ];

    public static void Run(Arguments arguments)
    {
        var rounds = arguments.Number("rounds");
        var folder = Directory.CreateTempSubdirectory("gatehouse-usage-");
        try
        {
            using var database = Database.Open($"sqlite:{Path.Combine(folder.FullName, "usage.db")}", TimeProvider.System);
            Console.WriteLine("\n## Usage reports\n");
            MeasureWrites(database, rounds);
            Fill(database);
            MeasureReads(database, rounds);
            MeasurePacking(database);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Every exchange with a row of its own, in groups of 32, as when nothing coalesces; then all in one.</summary>
    private static void MeasureWrites(Database database, int rounds)
    {
        using var connection = database.Connect();
        // The hour that they are of is not over.
        Run(connection, "UPDATE settings SET value = '0' WHERE name = 'usage.folded_until'");
        using var rows = new UsageRows(connection);
        Console.WriteLine("| each exchange | CPU us |\n|---|---:|");
        foreach (var (name, sets) in ((string, int)[])[("in a row of its own hour and dimensions", Keys * Targets), ("one of four in its group", 4)])
        {
            var entries = Enumerable.Range(0, sets).Select(i => Entry(i % Keys, i / Keys % Targets)).ToArray();
            var (best, bestOfEmpty) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
            for (var round = 0; round < rounds; round++)
            {
                var cpu = Environment.CpuUsage.TotalTime;
                for (var i = 0; i < Written; i += 32)
                {
                    using var transaction = connection.BeginTransaction(deferred: false);
                    rows.Write([.. Enumerable.Range(i, 32).Select(n => entries[n % sets])]);
                    transaction.Commit();
                }

                var empty = Environment.CpuUsage.TotalTime;
                for (var i = 0; i < Written; i += 32)
                {
                    using var transaction = connection.BeginTransaction(deferred: false);
                    Run(connection, "UPDATE settings SET value = value WHERE name = 'usage.folded_until'");
                    transaction.Commit();
                }

                var end = Environment.CpuUsage.TotalTime;
                (best, bestOfEmpty) = (Least(best, empty - cpu), Least(bestOfEmpty, end - empty));
            }

            Console.WriteLine($"| {name} | {(best - bestOfEmpty).TotalMicroseconds / Written:N2} |");
        }
    }

    private static void Fill(Database database)
    {
        using var connection = database.Connect();
        Run(connection, "DELETE FROM usage_hours; DELETE FROM usage_packed_days; DELETE FROM usage_days");
        Run(connection, "UPDATE settings SET value = '0' WHERE name = 'usage.folded_until'");
        using var rows = new UsageRows(connection);
        var sets = Enumerable.Range(0, Keys * Targets).Select(i => UsageDimensions.Of(Entry(i % Keys, i / Keys))).ToArray();
        var one = new long[UsageMeasures.Count];
        for (var hour = 0; hour < Days * 24; hour++)
        {
            using var transaction = connection.BeginTransaction(deferred: false);
            for (var i = 0; i < sets.Length; i++)
            {
                UsageMeasures.Read(Entry(i % Keys, i / Keys), one);
                (one[UsageMeasures.TotalMicroseconds], one[UsageMeasures.UpstreamMicroseconds]) = (2_400_000, 2_399_000);
                for (var measure = 0; measure < one.Length; measure++)
                {
                    // As many exchanges as there are for a set in an hour.
                    one[measure] *= ((ExchangesPerHour * (long)(i + 1)) / sets.Length) - (ExchangesPerHour * (long)i / sets.Length);
                }

                rows.Add(Microseconds(Start.AddHours(hour)), sets[i], one);
            }

            rows.Flush();
            transaction.Commit();
        }
    }

    private static void MeasureReads(Database database, int rounds)
    {
        var reader = new UsageReader(database);
        var totals = reader.Read(Parse("")).Totals;
        Console.WriteLine($"\n{totals[UsageMeasures.Exchanges]:N0} exchanges in {Days} days, {Days * 24 * Keys * Targets:N0} hourly rows\n\n| report | groups | best ms | median ms |\n|---|---:|---:|---:|");
        foreach (var report in Reports)
        {
            var query = Parse(report);
            var times = new List<double>();
            var groups = 0;
            for (var round = 0; round < rounds; round++)
            {
                var started = TimeProvider.System.GetTimestamp();
                groups = reader.Read(query).Groups!.Count;
                times.Add(TimeProvider.System.GetElapsedTime(started).TotalMilliseconds);
            }

            Console.WriteLine($"| `{(report.Length == 0 ? "group_by=none" : report)}` | {groups:N0} | {times.Min():N0} | {times.Median(time => time):N0} |");
        }
    }

    /// <summary>The last two days are not packed yet.</summary>
    private static void MeasurePacking(Database database)
    {
        using var connection = database.Connect();
        Run(connection, $"UPDATE settings SET value = '{UsageRows.HourOf(Microseconds(Start.AddDays(Days + 2)))}' WHERE name = 'usage.folded_until'");
        using var rows = new UsageRows(connection);
        var (before, count) = (Environment.CpuUsage.TotalTime, Number(connection, "SELECT count(*) FROM usage_hours"));
        while (Number(connection, "SELECT EXISTS (SELECT 1 FROM usage_hours)") != 0)
        {
            using var transaction = connection.BeginTransaction(deferred: false);
            rows.Write([]);
            transaction.Commit();
        }

        var each = (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / count;
        Console.WriteLine($"\nTo pack an hourly row: {each:N2} us of CPU once; it is then {Number(connection, "SELECT sum(length(hours)) FROM usage_packed_days") / (double)(Days * 24 * Keys * Targets):N0} bytes");
    }

    private static long Number(Microsoft.Data.Sqlite.SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static UsageQuery Parse(string report)
    {
        var parameters = report.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => new StringValues(pair[1]), StringComparer.Ordinal);
        _ = parameters.TryAdd("from", Start.ToString("yyyy-MM-dd", null));
        _ = parameters.TryAdd("to", Start.AddDays(Days).ToString("yyyy-MM-dd", null));
        var (query, mistake) = UsageQuery.Parse(new QueryCollection(parameters), Start, []);
        return query ?? throw new BenchException(mistake!.Message);
    }

    private static LedgerEntry Entry(int key, int target) => new()
    {
        Id = "exc",
        StartedAtMicroseconds = Microseconds(Start),
        Kind = "model",
        Operation = "chat",
        Revision = 1,
        KeyId = $"key_0123456789abcdef012345678{key}",
        KeyName = $"key-{key}",
        Run = "run",
        Payer = Payer.Nobody with { Team = $"team-{key % 7}", Labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["env"] = key % 2 == 0 ? "prod" : "dev" } },
        Requested = "chat",
        Route = $"route-{target % 3}",
        Target = $"provider-{target % 4}/model-{target}",
        Attempts = """[{"target":"provider/model","status":200,"error":null,"kind":null,"started_us":120,"headers_us":240000}]""",
        Status = 200,
        Outcome = "completed",
        IsStream = false,
        Usage = new Usage { InputTokens = 1200, CacheReadTokens = 4000, OutputTokens = 300, ReasoningTokens = 100 },
        CostNanoUsd = 4_200_000 + target,
        PriceRevision = 1,
        DeliveredBytes = 4000,
        DeliveredText = 1200,
        Timings = new ExchangeTimings(TimeProvider.System),
    };

    private static long Microseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static void Run(Microsoft.Data.Sqlite.SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
