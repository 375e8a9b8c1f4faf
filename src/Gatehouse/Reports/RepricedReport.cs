using System.Globalization;
using System.Text.Json;
using Gatehouse.Catalog;
using Gatehouse.Configuration;
using Gatehouse.Ledger;
using Gatehouse.Metering;
using Gatehouse.Protocols.Chat;
using Gatehouse.Storage;

namespace Gatehouse.Reports;

/// <summary>One of the three: a report, what is wrong with the question, or neither while another one is computed.</summary>
internal sealed record RepricedAnswer(RepricedReportView? View, UsageMistake? Mistake);

/// <summary>
/// Prices the exchanges of a period again, each by itself, as tiers by length of the input cannot be told from sums. It reads the ledger, so its
/// period is bounded, and one is computed at a time, on a thread of low priority.
/// </summary>
/// <param name="mostRows">Exchanges of one report.</param>
internal sealed class RepricedReport(Database database, PriceHistory history, int mostRows = RepricedReport.DefaultMostRows)
{
    public const string Current = "current";
    public const int DefaultMostRows = 2_000_000;

    private const int MaxDays = 31;
    private const int MaxGroups = 10_000;
    private const int BytesPerToken = 4;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    private const string Columns =
        "started_at, operation, outcome, target, service_tier, cost_nano_usd, delivered_text, continuations, attempts, cache, input_tokens, cache_read_tokens, "
        + "cache_write_tokens, output_tokens, reasoning_tokens, cache_write_one_hour_tokens, audio_input_tokens, audio_cache_read_tokens, audio_output_tokens, "
        + "image_input_tokens, image_output_tokens, web_search_calls";

    private const int FirstUsage = 10;
    private const int FirstGroup = 22;

    private int _isRunning;

    /// <param name="revision">A number, or <see cref="Current"/>.</param>
    public async Task<RepricedAnswer> RunAsync(UsageQuery query, string revision, Snapshot snapshot, CancellationToken cancellation)
    {
        var number = snapshot.PriceRevision;
        if (revision != Current && !long.TryParse(revision, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            return new RepricedAnswer(null, new UsageMistake("price_revision", $"'price_revision' must be the number of a revision, or {Current}."));
        }

        if (query.To - query.From > MaxDays * 24)
        {
            return new RepricedAnswer(null, new UsageMistake("from", $"At most {MaxDays} days can be priced again at once."));
        }

        var (prices, reason) = history.Find(number, snapshot);
        if (prices is null)
        {
            return new RepricedAnswer(null, new UsageMistake("price_revision", reason!));
        }

        if (Interlocked.Exchange(ref _isRunning, 1) == 1)
        {
            return new RepricedAnswer(null, null);
        }

        var done = new TaskCompletionSource<RepricedAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            Action tell;
            try
            {
                var answer = Run(query, number, prices, snapshot, cancellation);
                tell = () => done.SetResult(answer);
            }
#pragma warning disable CA1031 // It is thrown where it is waited for.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                tell = () => done.SetException(exception);
            }

            // Before it is told, so that who has the answer can ask for the next one.
            _ = Interlocked.Exchange(ref _isRunning, 0);
            tell();
        })
        { IsBackground = true, Priority = ThreadPriority.Lowest, Name = "repricing" };
        thread.Start();
        return await done.Task;
    }

    private RepricedAnswer Run(UsageQuery query, long number, ModelCatalog prices, Snapshot snapshot, CancellationToken cancellation)
    {
        using var connection = database.Connect();
        using var rows = Rows(connection, query);
        var calendar = new UsageCalendar(query.Zone, [.. query.GroupBy.Where(UsageGrouping.IsTime)]);
        var groups = new Dictionary<string, RepricedGroupView>(StringComparer.Ordinal);
        var totals = new RepricedSums();
        var (hour, periods) = (long.MinValue, Array.Empty<string>());
        while (rows.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            if (totals.Exchanges == mostRows)
            {
                return new RepricedAnswer(null, new UsageMistake("from", $"There are more than {mostRows} exchanges in this period; take a shorter one, or a filter."));
            }

            if (UsageRows.HourOf(rows.Number(0)) is var next && next != hour)
            {
                (hour, periods) = (next, calendar.PeriodsOf(next));
            }

            var (before, after) = (Nullable(rows, 5), Reprice(rows, prices, snapshot));
            totals.Count(before, after);
            if (GroupOf(rows, query.GroupBy, periods, groups) is not { } group)
            {
                return new RepricedAnswer(null, new UsageMistake("group_by", $"That makes more than {MaxGroups} groups."));
            }

            group.Count(before, after);
        }

        return new RepricedAnswer(
            new RepricedReportView(
                UsageQuery.TimeOf(query.From), UsageQuery.TimeOf(query.To), query.Zone.Id, number, query.GroupBy, totals,
                [.. groups.Values.OrderByDescending(group => Math.Abs((decimal)group.DifferenceNanoUsd))]),
            null);
    }

    private static SqliteStatement Rows(Microsoft.Data.Sqlite.SqliteConnection connection, UsageQuery query)
    {
        var names = query.GroupBy.Where(name => !UsageGrouping.IsTime(name)).ToArray();
        var columns = string.Concat(names.Select(name => ", " + UsageGrouping.ExpressionOf(name)));
        var conditions = string.Concat(query.Filters.Select(filter => $" AND {UsageGrouping.ConditionOf(filter.Key)}"));
        // Ids begin with their time, and the table is in their order.
        var rows = new SqliteStatement(connection, $"SELECT {Columns}{columns} FROM exchanges WHERE id >= ? AND id < ? AND started_at >= ? AND started_at < ?{conditions}");
        var mark = 1;
        foreach (var name in names.Where(UsageGrouping.IsLabel))
        {
            rows.Bind(mark++, name[UsageGrouping.LabelPrefix.Length..]);
        }

        rows.Bind(mark++, FirstId(query.From - 1));
        rows.Bind(mark++, FirstId(query.To + 1));
        rows.Bind(mark++, query.From * UsageRows.MicrosecondsPerHour);
        rows.Bind(mark++, query.To * UsageRows.MicrosecondsPerHour);
        foreach (var (name, value) in query.Filters)
        {
            if (UsageGrouping.IsLabel(name))
            {
                rows.Bind(mark++, name[UsageGrouping.LabelPrefix.Length..]);
            }

            rows.Bind(mark++, value);
        }

        return rows;
    }

    /// <summary>Not after any id of an hour: 48 bits of milliseconds stand before all else.</summary>
    private static string FirstId(long hour)
    {
        var uuid = (UInt128)(ulong)Math.Max(hour * 3_600_000, 0) << 80;
        return string.Create(30, uuid, (text, value) =>
        {
            "exc_".CopyTo(text);
            for (var i = text.Length - 1; i >= 4; i--)
            {
                text[i] = Alphabet[(int)(value & 31)];
                value >>= 5;
            }
        });
    }

    private static RepricedGroupView? GroupOf(SqliteStatement row, IReadOnlyList<string> groupBy, string[] periods, Dictionary<string, RepricedGroupView> groups)
    {
        var (column, period) = (FirstGroup, 0);
        var values = groupBy.Select(name => UsageGrouping.IsTime(name) ? periods[period++] : row.Text(column++)).ToArray();
        var identity = string.Join(',', values.Select(value => value is null ? "-" : $"{value.Length}:{value}"));
        if (!groups.TryGetValue(identity, out var group) && groups.Count < MaxGroups)
        {
            group = groups[identity] = new RepricedGroupView { Group = groupBy.Zip(values).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal) };
        }

        return group;
    }

    /// <summary>As <see cref="CostMeter"/> does it, from what the row keeps.</summary>
    private static long? Reprice(SqliteStatement row, ModelCatalog prices, Snapshot snapshot)
    {
        var (operation, isCompleted) = (row.Text(1), row.Text(2) == "completed");
        if (operation == "count_tokens" || row.Text(3) is not { } target || row.Text(9) is "hit" or "semantic")
        {
            // No price has a part in it.
            return Nullable(row, 5);
        }

        if (row.Number(7) > 0 || UsageOf(row) is not { } usage)
        {
            // Of an answer that went on at another target, the row does not tell which of them had which part.
            return row.Number(7) == 0 && isCompleted ? CostOf(new Usage(), target) : null;
        }

        if (!isCompleted && operation == "chat" && row.Number(6) > 0)
        {
            usage = usage with { OutputTokens = Math.Max(usage.OutputTokens ?? 0, (row.Number(6) + BytesPerToken - 1) / BytesPerToken) };
        }

        var cost = CostOf(usage, target);
        if (usage.InputTokens is { } input && row.Text(8) is { } attempts && attempts.Contains("\"cost_nano_usd\"", StringComparison.Ordinal))
        {
            var whole = new Usage { InputTokens = input + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0) };
            cost = JsonSerializer.Deserialize(attempts, LedgerJson.Default.ListAttemptView)!.Where(attempt => attempt.CostNanoUsd is not null)
                .Aggregate(cost, (sum, attempt) => sum + CostOf(whole, attempt.Target));
        }

        return cost;

        long? CostOf(Usage used, string name) => PriceHistory.PriceOf(prices, snapshot, name) is { } price
            ? CostCalculator.Calculate(used, price, PriceHistory.TierOf(row.Text(4)), DateTimeOffset.UnixEpoch.AddTicks(row.Number(0) * TimeSpan.TicksPerMicrosecond))?.NanoUsd
            : null;
    }

    private static Usage? UsageOf(SqliteStatement row)
    {
        var usage = new Usage
        {
            InputTokens = Nullable(row, FirstUsage),
            CacheReadTokens = Nullable(row, FirstUsage + 1),
            CacheWriteTokens = Nullable(row, FirstUsage + 2),
            OutputTokens = Nullable(row, FirstUsage + 3),
            ReasoningTokens = Nullable(row, FirstUsage + 4),
            CacheWriteOneHourTokens = Nullable(row, FirstUsage + 5),
            AudioInputTokens = Nullable(row, FirstUsage + 6),
            AudioCacheReadTokens = Nullable(row, FirstUsage + 7),
            AudioOutputTokens = Nullable(row, FirstUsage + 8),
            ImageInputTokens = Nullable(row, FirstUsage + 9),
            ImageOutputTokens = Nullable(row, FirstUsage + 10),
            WebSearchCalls = Nullable(row, FirstUsage + 11),
        };
        return usage == new Usage() ? null : usage;
    }

    private static long? Nullable(SqliteStatement row, int column) => row.IsNull(column) ? null : row.Number(column);
}
