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

    /// <summary>What is told apart however many users, agents, labels and models there are.</summary>
    private static readonly string[] Bounded = ["key", "key_id", "team", "route", "provider", "operation", "outcome", "cache", "service_tier", "price_revision", "hour", "day", "week", "month"];

    private static readonly string[] Zones = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Tokyo", "America/Los_Angeles"];

    private readonly TemporaryFolder _folder = new();
    private readonly Database _database;

    public UsageReportTests() => _database = Database.Open($"sqlite:{Path.Combine(_folder.Path, "ledger.db")}", TimeProvider.System);

    public void Dispose()
    {
        _database.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("folded", 1000)]
    [InlineData("partly folded", 60)]
    [InlineData("summed up after an upgrade", 60)]
    [InlineData("summed up after an upgrade and packed", 1000)]
    [InlineData("packed", 1000)]
    [InlineData("packed in part", 1000)]
    [InlineData("packed, and the same came late", 1000)]
    [InlineData("packed, and packed again", 1000)]
    [InlineData("packed as days end", 0)]
    [InlineData("packed, with users that are not told apart", 1000)]
    public async Task Any_grouping_and_filter_is_what_a_sum_over_the_rows_is(string state, int foldedHours)
    {
        SetFolded(HourOfStart + foldedHours);
        if (state.StartsWith("summed up", StringComparison.Ordinal))
        {
            await WriteAsync(600, sums: false);
            Execute("INSERT INTO settings (name, value) SELECT 'usage.history_until', max(id) FROM exchanges");
            await using var history = new UsageHistory(_database, TimeProvider.System, NullLogger<UsageHistory>.Instance);
            Assert.False(history.SumUp());
        }
        else
        {
            await WriteAsync(600, sums: true, ordered: state == "packed as days end", mostSets: state.Contains("not told apart", StringComparison.Ordinal) ? 2 : UsageRows.DefaultMostSets);
        }

        if (state.Contains("packed", StringComparison.Ordinal) && foldedHours == 1000)
        {
            Pack(groups: 1, isRolledBack: true);
            Pack(groups: state == "packed in part" ? 3 : 100);
        }

        if (state is "packed, and the same came late" or "packed, and packed again")
        {
            await WriteAsync(600, sums: true);
            Assert.NotEqual(0L, Scalar("SELECT count(*) FROM usage_hours JOIN usage_packed_days ON place = (hour / 24 << 32) + dimensions AND has & (1 << hour % 24)"));
            Pack(groups: state == "packed, and packed again" ? 100 : 0);
        }

        Assert.True(!state.Contains("packed", StringComparison.Ordinal) || (long)Scalar("SELECT count(*) FROM usage_packed_days")! > 50);
        Assert.Equal(state is "packed" or "packed, and packed again" or "packed, with users that are not told apart" or "summed up after an upgrade and packed", Scalar("SELECT count(*) FROM usage_hours") is 0L);
        var (names, filterKinds) = state.Contains("not told apart", StringComparison.Ordinal) ? (Bounded, 3) : (Groupings, 6);

        var random = new SeededRandom(7);
        var rows = Rows();
        for (var i = 0; i < 150; i++)
        {
            var groupBy = Enumerable.Range(0, random.Next(4)).Select(_ => names[random.Next(names.Length)]).Distinct(StringComparer.Ordinal).ToArray();
            var filters = Enumerable.Range(0, random.Next(3)).Select(_ => random.Next(filterKinds) switch
            {
                0 => ("key", "one"),
                1 => ("team", "=2+5"),
                2 => ("outcome", "completed"),
                3 => ("label.env", "prod"),
                4 => ("user", ""),
                _ => ("provider", "openai"),
            }).DistinctBy(filter => filter.Item1, StringComparer.Ordinal).ToArray();
            var from = LedgerSamples.Start.AddHours(random.Next(-20, 60));
            var to = from.AddHours(1 + random.Next(150));
            AssertSame(rows, groupBy, filters, from, to, Zones[random.Next(Zones.Length)]);
        }
    }

    [Fact]
    public async Task Hours_that_are_over_are_folded_into_days_and_late_exchanges_too()
    {
        SetFolded(HourOfStart);
        await WriteAsync(600, sums: true, ordered: true);

        // One hour for each group, of which there are at least 86.
        Assert.True(Scalar("SELECT value FROM settings WHERE name = 'usage.folded_until'") is string folded && long.Parse(folded, null) > HourOfStart + 60);
        var packed = PackedExchanges();
        // How many depends on the groups in which the rows were committed: at least two of the five days, and not the last one.
        Assert.InRange(packed, 150, 500);
        Assert.Equal(
            packed + (long)Scalar("SELECT sum(exchanges) FROM usage_hours WHERE hour < (SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'usage.folded_until')")!,
            Scalar("SELECT sum(exchanges) FROM usage_days"));
        // A day is left for what comes late; what comes later still stands beside what is packed.
        const string day = "(SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'usage.folded_until') / 24";
        Assert.InRange((long)Scalar($"SELECT count(*) FROM usage_hours WHERE hour / 24 < {day} - 1")!, 0, 1);
        Assert.InRange((long)Scalar($"SELECT count(*) FROM usage_hours WHERE hour / 24 = {day} - 1")!, 10, 200);
        Assert.Equal(0L, Scalar($"SELECT count(*) FROM usage_packed_days WHERE place >> 32 >= {day} - 1"));
        AssertSame(Rows(), ["day", "key"], [], LedgerSamples.Start.AddDays(-1), LedgerSamples.Start.AddDays(6), "UTC");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Users_and_labels_that_callers_invent_have_an_end(bool isPacked)
    {
        SetFolded(HourOfStart + (isPacked ? 1000 : 0));
        for (var begin = 0; begin < 200; begin += 100)
        {
            using var writer = new LedgerWriter(_database, fullSync: false, queueLimit: 10_000, NullLogger<LedgerWriter>.Instance, [connection => new UsageRows(connection, mostSets: 10)]);
            for (var i = begin; i < begin + 100; i++)
            {
                Assert.True(await writer.CommitAsync(Invented(i)));
            }

            if (begin == 0)
            {
                Pack(groups: 5);
            }
            else
            {
                // A set that is there already has its sums, however many others there are.
                Assert.True(await writer.CommitAsync(Invented(3)));
            }
        }

        Assert.Equal(isPacked, PackedExchanges() >= 100);
        Assert.InRange((long)Scalar("SELECT count(*) FROM usage_dimensions")!, 10, 25);
        Assert.Equal(201L, PackedExchanges() + (long)Scalar("SELECT sum(exchanges) FROM usage_hours")!);
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

    [Fact]
    public void Hours_that_are_packed_are_what_they_were()
    {
        var random = new SeededRandom(11);
        for (var round = 0; round < 200; round++)
        {
            var day = new SortedDictionary<int, long[]>();
            for (var hour = 0; hour < 24; hour++)
            {
                if (round == 0 || random.Next(3) == 0)
                {
                    day[hour] = [.. Enumerable.Range(0, UsageMeasures.Count).Select(i => round == 0 ? (i % 2 == 0 ? long.MinValue : long.MaxValue) : random.Next(3) switch
                    {
                        0 => 0,
                        1 => random.Next(-300, 300),
                        _ => (long)random.Next() << random.Next(33),
                    })];
                    day[hour][0] = 1 + random.Next(9);
                }
            }

            var bytes = new byte[PackedHours.MaxLength];
            var length = day.Aggregate(0, (at, pair) => at + PackedHours.Write(bytes.AsSpan(at), pair.Key, pair.Value));
            ReadOnlySpan<byte> left = bytes.AsSpan(0, length);
            foreach (var (expectedHour, expected) in day)
            {
                Assert.True(PackedHours.TryRead(ref left, out var hour, out var packed));
                var sums = new long[UsageMeasures.Count];
                PackedHours.Add(packed, sums);
                Assert.Equal((expectedHour, string.Join(' ', expected)), (hour, string.Join(' ', sums)));
            }

            Assert.False(PackedHours.TryRead(ref left, out _, out _));
        }
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

    /// <summary>What so many groups of the ledger pack.</summary>
    private void Pack(int groups, bool isRolledBack = false)
    {
        using var connection = _database.Connect();
        using var rows = new UsageRows(connection);
        for (var i = 0; i < groups; i++)
        {
            using var transaction = connection.BeginTransaction(deferred: false);
            rows.Write([]);
            if (isRolledBack)
            {
                transaction.Rollback();
                rows.Forget();
            }
            else
            {
                transaction.Commit();
            }
        }
    }

    private long PackedExchanges()
    {
        using var connection = _database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT hours FROM usage_packed_days";
        using var reader = command.ExecuteReader();
        var sums = new long[UsageMeasures.Count];
        while (reader.Read())
        {
            ReadOnlySpan<byte> left = (byte[])reader.GetValue(0);
            while (PackedHours.TryRead(ref left, out _, out var hour))
            {
                PackedHours.Add(hour, sums);
            }
        }

        return sums[UsageMeasures.Exchanges];
    }

    private async Task WriteAsync(int count, bool sums, bool ordered = false, int mostSets = UsageRows.DefaultMostSets)
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
            _database, fullSync: false, queueLimit: 10_000, NullLogger<LedgerWriter>.Instance, sums ? [connection => new UsageRows(connection, mostSets: mostSets)] : []);
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
