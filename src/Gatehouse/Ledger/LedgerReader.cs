using System.Text;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Storage;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Ledger;

/// <param name="Before">Only exchanges older than this id.</param>
/// <param name="Key">Id or name of a key.</param>
/// <param name="Model">As the caller wrote it, the target, or the target's model.</param>
internal sealed record LedgerQuery(
    int Limit, string? Before, string? Key, string? Run, string? Model, int? Status, string? Outcome, DateTimeOffset? From, DateTimeOffset? To);

/// <summary>Reads the ledger, on connections of its own: it never waits for the writer, nor the writer for it.</summary>
internal sealed class LedgerReader(Database database)
{
    /// <summary>Bytes of generated text per token, about, over the common tokenizers and English text.</summary>
    private const int BytesPerToken = 4;

    /// <summary>By the indexes that there are: the first exchanges of runs of the name, and those that follow them.</summary>
    private const string OfRun =
        "id IN (SELECT id FROM exchanges WHERE run = $run AND run_first IS NULL UNION ALL "
        + "SELECT later.id FROM exchanges AS first JOIN exchanges AS later ON later.run_first = first.id WHERE first.run = $run AND first.run_first IS NULL)";

    public IReadOnlyList<ExchangeView> List(LedgerQuery query)
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        var sql = new StringBuilder("SELECT * FROM exchanges WHERE 1 = 1");
        Where(query.Before, "id < $before", "$before");
        Where(query.Key, "(key_id = $key OR key_name = $key)", "$key");
        Where(query.Run, OfRun, "$run");
        Where(query.Model, "(requested = $model OR target = $model OR substr(target, instr(target, '/') + 1) = $model)", "$model");
        Where(query.Status, "status = $status", "$status");
        Where(query.Outcome, "outcome = $outcome", "$outcome");
        Where(query.From is { } from ? Microseconds(from) : null, "started_at >= $from", "$from");
        Where(query.To is { } to ? Microseconds(to) : null, "started_at < $to", "$to");
        command.CommandText = sql.Append(" ORDER BY id DESC LIMIT $limit").ToString();
        _ = command.Parameters.AddWithValue("$limit", query.Limit);
        return Read(command);

        void Where(object? value, string condition, string parameter)
        {
            if (value is not null)
            {
                _ = sql.Append(" AND ").Append(condition);
                _ = command.Parameters.AddWithValue(parameter, value);
            }
        }
    }

    public ExchangeView? Find(string id)
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT * FROM exchanges WHERE id = $id";
        _ = command.Parameters.AddWithValue("$id", id);
        return Read(command).FirstOrDefault();
    }

    private static object Microseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static List<ExchangeView> Read(SqliteCommand command)
    {
        using var reader = command.ExecuteReader();
        var rows = new List<ExchangeView>();
        while (reader.Read())
        {
            rows.Add(View(new Row(reader)));
        }

        return rows;
    }

    private static ExchangeView View(Row row)
    {
        var usage = new UsageView(
            row.Number("input_tokens"), row.Number("cache_read_tokens"), row.Number("cache_write_tokens"), row.Number("output_tokens"),
            row.Number("reasoning_tokens"), row.Number("audio_input_tokens"), row.Number("audio_output_tokens"), row.Number("cache_write_one_hour_tokens"),
            row.Number("audio_cache_read_tokens"), row.Number("image_input_tokens"), row.Number("image_output_tokens"), row.Number("web_search_calls"));
        var hasUsage = usage.InputTokens is not null || usage.OutputTokens is not null;
        var text = row.Number("delivered_text")!.Value;
        return new ExchangeView(
            Id: row.Text("id")!,
            Time: DateTimeOffset.UnixEpoch.AddTicks(row.Number("started_at")!.Value * TimeSpan.TicksPerMicrosecond),
            Kind: row.Text("kind")!,
            Operation: row.Text("operation")!,
            Key: row.Text("key_name")!,
            KeyId: row.Text("key_id")!,
            Run: row.Text("run")!,
            Parent: row.Text("parent"),
            Organization: row.Text("organization"),
            Team: row.Text("team"),
            Project: row.Text("project"),
            User: row.Text("user"),
            Agent: row.Text("agent"),
            Labels: row.Text("labels") is { } labels ? JsonSerializer.Deserialize(labels, LedgerJson.Default.DictionaryStringString)! : [],
            Model: row.Text("requested")!,
            Route: row.Text("route"),
            Target: row.Text("target"),
            Attempts: JsonSerializer.Deserialize(row.Text("attempts")!, LedgerJson.Default.ListAttemptView)!,
            Status: (int)row.Number("status")!.Value,
            Outcome: row.Text("outcome")!,
            Error: row.Text("error_code") is { } code ? new ErrorView(code, row.Text("error_message"), row.Text("error_phase")) : null,
            Stream: row.Number("stream") == 1,
            ResponseId: row.Text("response_id"),
            ResponseModel: row.Text("response_model"),
            FinishReason: row.Text("finish_reason"),
            Usage: hasUsage ? usage : null,
            Delivered: new DeliveredView(
                row.Number("delivered_bytes")!.Value, text, usage.OutputTokens is null && text > 0 ? (text + BytesPerToken - 1) / BytesPerToken : null),
            ServiceTier: row.Text("service_tier") ?? "standard",
            CostNanoUsd: row.Number("cost_nano_usd"),
            PriceRevision: row.Number("price_revision"),
            Continued: (int)(row.Number("continuations") ?? 0),
            CostIsEstimated: row.Number("cost_is_estimated") == 1,
            Cache: row.Text("cache") ?? CacheStatus.Bypass.Word(),
            SavedNanoUsd: row.Number("saved_nano_usd"),
            PromptCacheSavedNanoUsd: row.Number("prompt_cache_saved_nano_usd"),
            Verdicts: [],
            Timings: new TimingsView(
                row.Number("total_us")!.Value / 1000.0, row.Number("upstream_us")!.Value / 1000.0, row.Number("overhead_us")!.Value,
                row.Number("first_byte_us") / 1000.0),
            ShadowOf: row.Text("shadow_of"),
            Revision: row.Number("revision")!.Value);
    }

    private readonly struct Row(SqliteDataReader reader)
    {
        public string? Text(string column) => reader.GetOrdinal(column) is var i && reader.IsDBNull(i) ? null : reader.GetString(i);

        public long? Number(string column) => reader.GetOrdinal(column) is var i && reader.IsDBNull(i) ? null : reader.GetInt64(i);
    }
}
