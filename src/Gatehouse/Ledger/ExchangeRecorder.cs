using System.Text.Json;
using System.Text.Json.Serialization;
using Gatehouse.Pipeline;
using Gatehouse.Telemetry;

namespace Gatehouse.Ledger;

/// <summary>Step 9: writes the exchange down, in the ledger and in the telemetry.</summary>
internal sealed class ExchangeRecorder(LedgerWriter ledger, GatewayMetrics metrics)
{
    /// <summary>The caller left before it had the whole answer (nginx's convention).</summary>
    private const int ClientClosedRequest = 499;

    /// <returns>True when the row is durable.</returns>
    public ValueTask<bool> RecordAsync(Exchange exchange)
    {
        Count(exchange);
        return ledger.CommitAsync(EntryOf(exchange));
    }

    /// <summary>Telemetry alone, for calls of nobody known.</summary>
    public void Count(Exchange exchange)
    {
        metrics.Record(exchange);
        GatewayTraces.End(exchange);
    }

    private static LedgerEntry EntryOf(Exchange exchange) => new()
    {
        Id = exchange.Id,
        StartedAtMicroseconds = (exchange.StartedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond,
        Kind = LowerName(exchange.Kind),
        Operation = exchange.Operation.Name,
        Revision = exchange.Snapshot.Revision,
        KeyId = exchange.Key!.Id,
        KeyName = exchange.Key.Name,
        Run = exchange.Run,
        Requested = exchange.Request.Model,
        Route = exchange.Route,
        Target = exchange.Target?.Name,
        Attempts = exchange.Attempts.Count == 0 ? "[]" : JsonSerializer.Serialize(exchange.Attempts, LedgerJson.Default.ListAttempt),
        Status = StatusOf(exchange),
        Outcome = LowerName(exchange.Outcome),
        Error = exchange.Error,
        ErrorPhase = exchange.Error is null ? null : exchange.ErrorPhase.ToString().ToLowerInvariant(),
        IsStream = exchange.Request.IsStream || exchange.Response.IsEventStream,
        ResponseId = exchange.Facts.Id,
        ResponseModel = exchange.Facts.Model,
        FinishReason = exchange.Facts.FinishReason,
        Usage = exchange.Usage,
        DeliveredBytes = exchange.DeliveredBytes,
        DeliveredText = exchange.Facts.TextBytes,
        Timings = exchange.Timings,
    };

    public static int StatusOf(Exchange exchange) => exchange.Outcome == ExchangeOutcome.Cancelled ? ClientClosedRequest
        : exchange.Response.HasStarted ? exchange.Response.Status
        : exchange.Error?.Status ?? StatusCodes.Status500InternalServerError;

    private static string LowerName(ExchangeKind kind) => kind switch
    {
        ExchangeKind.Model => "model",
        ExchangeKind.Tool => "tool",
        _ => "agent",
    };

    public static string LowerName(ExchangeOutcome outcome) => outcome switch
    {
        ExchangeOutcome.Completed => "completed",
        ExchangeOutcome.Refused => "refused",
        ExchangeOutcome.Failed => "failed",
        ExchangeOutcome.Truncated => "truncated",
        _ => "cancelled",
    };
}

[JsonSerializable(typeof(List<Attempt>))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class LedgerJson : JsonSerializerContext;
