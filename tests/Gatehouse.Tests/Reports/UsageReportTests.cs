using System.Text.Json;
using Gatehouse.Ledger;
using Gatehouse.Reports;
using Gatehouse.Storage;
using Gatehouse.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Tests.Reports;

/// <summary>Reports from sums say what the rows of the ledger say.</summary>
public sealed class UsageReportTests : IDisposable
{
    private static readonly string[] Groupings =
    [
        "key", "key_id", "team", "user", "agent", "label.env", "label.quo\"te", "route", "target", "provider", "model", "operation", "outcome", "cache", "service_tier",
        "price_revision", "hour", "day", "week", "month",
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly Database _database;

    public UsageReportTests() => _database = Database.Open($"sqlite:{Path.Combine(_folder.Path, "ledger.db")}", TimeProvider.System);

    public void Dispose()
    {
        _database.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("folded", 1000, false)]
    [InlineData("partly folded", 60, false)]
    [InlineData("summed up after an upgrade", 60, true)]
    public async Task Any_grouping_and_filter_is_what_a_sum_over_the_rows_is(string state, int foldedHours, bool isLater)
    {
        _ = state;
        SetFolded(HourOfStart + foldedHours);
        if (isLater)
        {
            await WriteAsync(600, sums: false);
            Execute("INSERT INTO settings (name, value) SELECT 'usage.history_until', max(id) FROM exchanges");
            await using var history = new UsageHistory(_database, TimeProvider.System, NullLogger<UsageHistory>.Instance);
            Assert.False(history.SumUp());
        }
        else
        {
            await WriteAsync(600, sums: true);
        }

        var random = new SeededRandom(7);
        var rows = Rows();
        for (var i = 0; i < 150; i++)
        {
            var groupBy = Enumerable.Range(0, random.Next(4)).Select(_ => Groupings[random.Next(Groupings.Length)]).Distinct(StringComparer.Ordinal).ToArray();
            var filters = Enumerable.Range(0, random.Next(3)).Select(_ => random.Next(6) switch
            {
                0 => ("key", "one"),
                1 => ("label.env", "prod"),
                2 => ("team", "=2+5"),
                3 => ("outcome", "completed"),
                4 => ("user", ""),
                _ => ("provider", "openai"),
            }).DistinctBy(filter => filter.Item1, StringComparer.Ordinal).ToArray();
            var from = LedgerSamples.Start.AddHours(random.Next(-20, 60));
            var to = from.AddHours(1 + random.Next(150));
            var zone = random.Next(3) switch { 0 => "UTC", 1 => "Europe/Berlin", _ => "Asia/Kolkata" };
            AssertSame(rows, groupBy, filters, from, to, zone);
        }
    }

    [Fact]
    public async Task Hours_that_are_over_are_folded_into_days_and_late_exchanges_too()
    {
        SetFolded(HourOfStart);
        await WriteAsync(600, sums: true, ordered: true);

        // One hour for each group, of which there are at least 86.
        Assert.True(Scalar("SELECT value FROM settings WHERE name = 'usage.folded_until'") is string folded && long.Parse(folded, null) > HourOfStart + 60);
        Assert.Equal(
            Scalar("SELECT sum(exchanges) FROM usage_hours WHERE hour < (SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'usage.folded_until')"),
            Scalar("SELECT sum(exchanges) FROM usage_days"));
        AssertSame(Rows(), ["day", "key"], [], LedgerSamples.Start.AddDays(-1), LedgerSamples.Start.AddDays(6), "UTC");
    }

    [Fact]
    public async Task Users_and_labels_that_callers_invent_have_an_end()
    {
        using (var writer = new LedgerWriter(_database, fullSync: false, queueLimit: 10_000, NullLogger<LedgerWriter>.Instance, [connection => new UsageRows(connection, mostSets: 10)]))
        {
            for (var i = 0; i < 200; i++)
            {
                Assert.True(await writer.CommitAsync(Invented(i)));
            }

            // A set that is there already has its sums, however many others there are.
            Assert.True(await writer.CommitAsync(Invented(3)));
        }

        Assert.InRange((long)Scalar("SELECT count(*) FROM usage_hours")!, 10, 25);
        Assert.Equal(201L, Scalar("SELECT sum(exchanges) FROM usage_hours"));
        var users = Report("group_by=user").Groups!.ToDictionary(group => group.Values[0]!, group => group.Sums[0], StringComparer.Ordinal);
        Assert.Equal(2, users["user 3"]);
        Assert.Equal(190, users["(other)"]);
        // Not in the ledger.
        Assert.Equal(200L, Scalar("SELECT count(DISTINCT user) FROM exchanges"));
        Assert.Equal(0L, Scalar("SELECT count(*) FROM exchanges WHERE user = '(other)' OR labels = '(other)'"));
        Assert.Contains(Report("group_by=label.n").Groups!, group => group.Values[0] == "(other)");
    }

    [Fact]
    public async Task Sums_that_no_number_can_hold_do_not_stop_the_ledger()
    {
        using (var writer = new LedgerWriter(_database, fullSync: false, queueLimit: 100_000, NullLogger<LedgerWriter>.Instance, [connection => new UsageRows(connection)]))
        {
            var pending = new List<Task<bool>>();
            for (var i = 0; i < 12_000; i++)
            {
                pending.Add(writer.CommitAsync(Absurd()).AsTask());
            }

            Assert.All(await Task.WhenAll(pending), Assert.True);
            Assert.Null(writer.Trouble);
        }

        Assert.Equal(12_000L, Scalar("SELECT count(*) FROM exchanges"));
        var sum = Report("").Totals[UsageMeasures.InputTokens];
        Assert.InRange(sum, 1_000_000_000_000_000_000, long.MaxValue);
    }

    [Theory]
    [InlineData("[]", 0)]
    [InlineData("""[{"a":"}{\\\"{"},{"b":1}]""", 2)]
    public void Attempts_are_counted_without_being_read(string attempts, int count) => Assert.Equal(count, UsageMeasures.CountOf(attempts));

    private static long HourOfStart => UsageRows.HourOf((LedgerSamples.Start - DateTimeOffset.UnixEpoch).Ticks / 10);

    private UsageResult Report(string query)
    {
        var parameters = query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)).Select(pair => (pair[0], pair[1]));
        return Report([.. parameters, ("from", "2026-10-01"), ("to", "2026-11-20")]);
    }

    private UsageResult Report((string Name, string Value)[] parameters)
    {
        var (query, mistake) = UsageQuery.Parse(
            new QueryCollection(parameters.ToDictionary(parameter => parameter.Name, parameter => new StringValues(parameter.Value), StringComparer.Ordinal)), LedgerSamples.Start, []);
        Assert.Null(mistake);
        return new UsageReader(_database).Read(query!);
    }

    private void AssertSame(List<Row> rows, string[] groupBy, (string Name, string Value)[] filters, DateTimeOffset from, DateTimeOffset to, string zone)
    {
        var result = Report(
        [
            ("group_by", string.Join(',', groupBy)), .. filters, ("time_zone", zone), ("from", from.ToString("yyyy-MM-ddTHH:mm:ssZ", null)), ("to", to.ToString("yyyy-MM-ddTHH:mm:ssZ", null)),
        ]);
        var expected = rows
            .Where(row => row.At >= from && row.At < to)
            .Where(row => filters.All(filter => (Value(row, filter.Name, zone) ?? "") == filter.Value))
            .GroupBy(row => JsonSerializer.Serialize(groupBy.Select(name => Value(row, name, zone))), StringComparer.Ordinal)
            .Select(group => $"{group.Key} {string.Join(' ', Enumerable.Range(0, UsageMeasures.Count).Select(i => group.Sum(row => row.Measures[i])))}")
            .Order(StringComparer.Ordinal);
        var found = result.Groups!.Select(group => $"{JsonSerializer.Serialize(group.Values)} {string.Join(' ', group.Sums)}").Order(StringComparer.Ordinal);
        Assert.Equal(string.Join('\n', expected), string.Join('\n', found));
        Assert.True(result.IsComplete);
    }

    /// <summary>What a row says, by itself: written again, in other words than the report's.</summary>
    private static string? Value(Row row, string name, string zone)
    {
        var local = TimeZoneInfo.ConvertTime(row.Hour, TimeZoneInfo.FindSystemTimeZoneById(zone));
        return name switch
        {
            "key" => row.Text("key_name"),
            "label.env" or "label.quo\"te" => row.Text("labels") is { } labels && JsonDocument.Parse(labels).RootElement.TryGetProperty(name["label.".Length..], out var label) ? label.GetString() : null,
            "provider" => row.Text("target")?.Split('/')[0],
            "model" => row.Text("target")?.Split('/', 2)[1],
            "cache" => row.Text("cache") ?? "bypass",
            "service_tier" => row.Text("service_tier") ?? "standard",
            "hour" => local.AddMinutes(-local.Minute).ToString("yyyy-MM-ddTHH:00:00zzz", null),
            "day" => local.ToString("yyyy-MM-dd", null),
            "week" => DateOnly.FromDateTime(System.Globalization.ISOWeek.ToDateTime(System.Globalization.ISOWeek.GetYear(local.DateTime), System.Globalization.ISOWeek.GetWeekOfYear(local.DateTime), DayOfWeek.Monday)).ToString("yyyy-MM-dd", null),
            "month" => local.ToString("yyyy-MM", null),
            _ => row.Text(name),
        };
    }

    private async Task WriteAsync(int count, bool sums, bool ordered = false)
    {
        var samples = new LedgerSamples(3);
        var entries = Enumerable.Range(0, count).Select(_ => samples.Next()).ToList();
        if (ordered)
        {
            entries.Sort((a, b) => a.StartedAtMicroseconds.CompareTo(b.StartedAtMicroseconds));
            // Long ago, and told only now.
            (entries[0], entries[^1]) = (entries[^1], entries[0]);
            entries.Reverse(0, 2);
        }

        using var writer = new LedgerWriter(
            _database, fullSync: false, queueLimit: 10_000, NullLogger<LedgerWriter>.Instance, sums ? [connection => new UsageRows(connection)] : []);
        foreach (var part in entries.Chunk(7))
        {
            var pending = part.Select(entry => writer.CommitAsync(entry).AsTask()).ToArray();
            Assert.All(await Task.WhenAll(pending), Assert.True);
        }
    }

    private static LedgerEntry Invented(int i) => Plain(new Dictionary<string, string>(StringComparer.Ordinal) { ["n"] = $"{i}" }, $"user {i}", "p/m", null);

    private static LedgerEntry Absurd() => Plain(new Dictionary<string, string>(StringComparer.Ordinal), null, "p/m", new Protocols.Chat.Usage { InputTokens = long.MaxValue, OutputTokens = long.MaxValue });

    private static LedgerEntry Plain(Dictionary<string, string> labels, string? user, string target, Protocols.Chat.Usage? usage) => new()
    {
        Id = Pipeline.Id.New("exc", LedgerSamples.Start),
        StartedAtMicroseconds = (LedgerSamples.Start - DateTimeOffset.UnixEpoch).Ticks / 10,
        Kind = "model",
        Operation = "chat",
        Revision = 1,
        KeyId = "key",
        KeyName = "key",
        Run = "run",
        Payer = Identity.Payer.Nobody with { Labels = labels },
        User = user,
        Requested = "m",
        Target = target,
        Attempts = "[]",
        Status = 200,
        Outcome = "completed",
        IsStream = false,
        Usage = usage,
        PriceRevision = 1,
        DeliveredBytes = 0,
        DeliveredText = 0,
        Timings = new Pipeline.ExchangeTimings(TimeProvider.System),
    };

    private void SetFolded(long hour) => Execute($"UPDATE settings SET value = '{hour}' WHERE name = 'usage.folded_until'");

    private List<Row> Rows()
    {
        using var connection = _database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT * FROM exchanges";
        using var reader = command.ExecuteReader();
        var rows = new List<Row>();
        while (reader.Read())
        {
            rows.Add(new Row(Enumerable.Range(0, reader.FieldCount).ToDictionary(reader.GetName, i => reader.IsDBNull(i) ? null : reader.GetValue(i), StringComparer.Ordinal)));
        }

        return rows;
    }

    private object? Scalar(string sql)
    {
        using var connection = _database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private void Execute(string sql)
    {
        using var connection = _database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }

    private sealed class Row(Dictionary<string, object?> columns)
    {
        public DateTimeOffset At { get; } = DateTimeOffset.UnixEpoch.AddTicks((long)columns["started_at"]! * 10);

        public DateTimeOffset Hour => new(At.Year, At.Month, At.Day, At.Hour, 0, 0, TimeSpan.Zero);

        public long[] Measures { get; } =
        [
            1, N(columns, "input_tokens"), N(columns, "cache_read_tokens"), N(columns, "cache_write_tokens"), N(columns, "output_tokens"), N(columns, "reasoning_tokens"),
            N(columns, "cost_nano_usd"), N(columns, "cost_is_estimated") * N(columns, "cost_nano_usd"), N(columns, "cost_is_estimated"),
            columns["cost_nano_usd"] is null && columns["target"] is not null && (columns["outcome"] is "completed" || columns["outcome"] is "cancelled") ? 1 : 0,
            N(columns, "saved_nano_usd"), N(columns, "prompt_cache_saved_nano_usd"), JsonDocument.Parse((string)columns["attempts"]!).RootElement.GetArrayLength(),
            N(columns, "total_us"), N(columns, "upstream_us"), N(columns, "cache_write_one_hour_tokens"), N(columns, "audio_input_tokens"),
            N(columns, "audio_cache_read_tokens"), N(columns, "audio_output_tokens"), N(columns, "image_input_tokens"), N(columns, "image_output_tokens"),
            N(columns, "web_search_calls"), N(columns, "continuations"),
        ];

        public string? Text(string column) => columns[column]?.ToString();

        private static long N(Dictionary<string, object?> columns, string name) => columns[name] is long number ? number : 0;
    }
}
