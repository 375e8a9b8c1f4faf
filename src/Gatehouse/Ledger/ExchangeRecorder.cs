using System.Text.Json;
using System.Text.Json.Serialization;
using Gatehouse.Pipeline;
using Gatehouse.Telemetry;

namespace Gatehouse.Ledger;

/// <summary>Step 9: writes the exchange down, in the ledger and in the telemetry.</summary>
internal sealed class ExchangeRecorder(LedgerWriter ledger, GatewayMetrics metrics)
{
    private const int MaxText = 512;

    /// <returns>True when the row is durable.</returns>
    public ValueTask<bool> RecordAsync(Exchange exchange)
    {
        _ = Count(exchange);
        return ledger.CommitAsync(EntryOf(exchange));
    }

    /// <summary>Telemetry alone, for calls that take no room in the ledger.</summary>
    /// <returns>True: there is nothing to wait for.</returns>
    public bool Count(Exchange exchange)
    {
        metrics.Record(exchange);
        GatewayTraces.End(exchange);
        return true;
    }

    /// <summary>What a provider says of itself is of any length; a row is not.</summary>
    private static string? Clip(string? text) => text is { Length: > MaxText } ? text[..MaxText] : text;

    private static LedgerEntry EntryOf(Exchange exchange) => new()
    {
        Id = exchange.Id,
        StartedAtMicroseconds = (exchange.StartedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond,
        Kind = exchange.Kind.Word(),
        Operation = exchange.Operation.Name,
        Revision = exchange.Snapshot.Revision,
        KeyId = exchange.Key!.Id,
        KeyName = exchange.Key.Name,
        Run = exchange.Run,
        RunFirst = exchange.RunFirst,
        Payer = exchange.Payer,
        User = exchange.User,
        Parent = exchange.Parent,
        Cache = exchange.Cache,
        SavedNanoUsd = exchange.SavedNanoUsd,
        PromptCacheSavedNanoUsd = exchange.PromptCacheSavedNanoUsd,
        IsCostEstimated = exchange.IsCostEstimated,
        Requested = exchange.Request.Model,
        Route = exchange.Route?.Name,
        Target = exchange.Target?.Name,
        Attempts = exchange.Attempts.Count == 0 ? "[]" : JsonSerializer.Serialize(exchange.Attempts, LedgerJson.Default.ListAttempt),
        Status = exchange.Status,
        Outcome = exchange.Outcome.Word(),
        Error = exchange.Error,
        ErrorPhase = exchange.Error is null ? null : exchange.ErrorPhase.ToString().ToLowerInvariant(),
        IsStream = exchange.Request.IsStream || exchange.Response.IsEventStream,
        ResponseId = Clip(exchange.Facts.Id),
        ResponseModel = Clip(exchange.Facts.Model),
        FinishReason = Clip(exchange.Facts.FinishReason),
        Usage = exchange.Usage,
        ServiceTier = exchange.ServiceTier == default ? null : exchange.ServiceTier.ToString().ToLowerInvariant(),
        CostNanoUsd = exchange.CostNanoUsd,
        PriceRevision = exchange.Snapshot.PriceRevision,
        ShadowOf = exchange.ShadowOf,
        Continuations = exchange.Joined?.Continuations ?? 0,
        DeliveredBytes = exchange.DeliveredBytes,
        DeliveredText = exchange.Facts.TextBytes,
        Timings = exchange.Timings,
        Companions = exchange.Companions,
    };
}

[JsonSerializable(typeof(List<Attempt>))]
[JsonSerializable(typeof(List<AttemptView>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class LedgerJson : JsonSerializerContext;
