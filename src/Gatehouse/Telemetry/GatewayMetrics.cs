using System.Diagnostics;
using System.Diagnostics.Metrics;
using Gatehouse.Pipeline;

namespace Gatehouse.Telemetry;

/// <summary>
/// What is counted of exchanges. The <c>gen_ai.*</c> instruments follow the OpenTelemetry GenAI semantic conventions v1.41
/// (development status), the <c>gatehouse.*</c> ones are the gateway's own.
/// </summary>
internal sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "Gatehouse";

    /// <summary>Bucket bounds that the conventions give for durations, in seconds.</summary>
    public static readonly double[] DurationBounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

    /// <summary>Bucket bounds that the conventions give for token counts.</summary>
    public static readonly double[] TokenBounds = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

    /// <summary>Bucket bounds of the gateway's own overhead, in seconds.</summary>
    public static readonly double[] OverheadBounds = [0.00005, 0.0001, 0.0002, 0.0004, 0.0008, 0.0016, 0.0032, 0.0064, 0.0128, 0.0256, 0.1, 0.5];

    private const double NanoUsdPerUsd = 1e9;

    private readonly Meter _meter;
    private readonly Counter<long> _exchanges;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _timeToFirstChunk;
    private readonly Histogram<double> _overhead;
    private readonly Histogram<long> _tokens;
    private readonly Counter<double> _cost;
    private readonly Counter<long> _shadowsLeftOut;
    private readonly Counter<long> _shed;
    private readonly Counter<long> _alerts;
    private readonly Counter<long> _alertDeliveries;
    private readonly Counter<long> _runActions;
    private int _inFlight;

    public GatewayMetrics()
    {
        _meter = new Meter(new MeterOptions(MeterName) { Scope = this });
        _exchanges = _meter.CreateCounter<long>("gatehouse.exchanges", "{exchange}", "Exchanges that ended, by how they ended.");
        _duration = _meter.CreateHistogram<double>("gen_ai.client.operation.duration", "s", "Duration of model calls.");
        _timeToFirstChunk = _meter.CreateHistogram<double>(
            "gen_ai.client.operation.time_to_first_chunk", "s", "Time from the request to the first chunk of a streamed answer.");
        _overhead = _meter.CreateHistogram<double>(
            "gatehouse.exchange.overhead", "s", "Time of exchanges that the gateway itself took: all but the time spent waiting for targets.");
        _tokens = _meter.CreateHistogram<long>("gen_ai.client.token.usage", "{token}", "Tokens of model calls, as providers report them.");
        _cost = _meter.CreateCounter<double>("gatehouse.cost", "{USD}", "Cost of model calls whose price is known, in USD.");
        _shadowsLeftOut = _meter.CreateCounter<long>("gatehouse.shadows.left_out", "{exchange}", "Copies for shadow targets that were not sent, as too many were on the way.");
        _shed = _meter.CreateCounter<long>("gatehouse.admission.shed", "{exchange}", "Exchanges that were refused for want of room, by class and reason.");
        _alerts = _meter.CreateCounter<long>("gatehouse.alerts", "{alert}", "Alerts, by kind and what happened: raised, repeated or resolved.");
        _alertDeliveries = _meter.CreateCounter<long>("gatehouse.alerts.deliveries", "{delivery}", "Alerts for sinks, by sink and how that ended.");
        _runActions = _meter.CreateCounter<long>("gatehouse.runs.interventions", "{call}", "Calls of runs that exceeded a limit, by what became of them and by the limit.");
        _ = _meter.CreateObservableUpDownCounter("gatehouse.exchanges.in_flight", () => Volatile.Read(ref _inFlight), "{exchange}", "Exchanges in flight.");
    }

    /// <summary>Whether an instrument belongs to this gateway: meters are found by name in the whole process, where there may be others.</summary>
    public bool Owns(Instrument instrument) => ReferenceEquals(instrument.Meter.Scope, this);

    public int InFlight => Volatile.Read(ref _inFlight);

    public void ObserveLedger(Func<int> waiting, Func<long> written, Func<bool> isRefusing)
    {
        _ = _meter.CreateObservableGauge("gatehouse.ledger.queue", waiting, "{row}", "Ledger rows that wait to be written.");
        _ = _meter.CreateObservableCounter("gatehouse.ledger.rows", written, "{row}", "Ledger rows written.");
        _ = _meter.CreateObservableGauge("gatehouse.ledger.refusing", () => isRefusing() ? 1 : 0, description: "1 while exchanges are refused because the ledger cannot be written.");
    }

    public void ObserveRevision(Func<long> revision) =>
        _ = _meter.CreateObservableGauge("gatehouse.config.revision", revision, description: "Number of the configuration in force.");

    public void ObserveAdmission(Func<IEnumerable<Measurement<int>>> running, Func<IEnumerable<Measurement<int>>> waiting)
    {
        _ = _meter.CreateObservableGauge("gatehouse.admission.running", running, "{exchange}", "Exchanges that hold a slot, by class; 0 while there is no limit.");
        _ = _meter.CreateObservableGauge("gatehouse.admission.waiting", waiting, "{exchange}", "Exchanges that wait for a slot, by class.");
    }

    public void ObserveAlerts(Func<int> open, Func<long> leftOut)
    {
        _ = _meter.CreateObservableGauge("gatehouse.alerts.open", open, "{alert}", "Alerts that are open.");
        _ = _meter.CreateObservableCounter("gatehouse.alerts.left_out", leftOut, "{alert}", "Alerts that were not taken, as too many are open.");
    }

    public void CountAlert(string kind, string happened) => _alerts.Add(1, new TagList { { "kind", kind }, { "event", happened } });

    public void CountAlertDelivery(string sink, string result) => _alertDeliveries.Add(1, new TagList { { "sink", sink }, { "result", result } });
    public void ObserveRuns(Func<int> active) =>
        _ = _meter.CreateObservableGauge("gatehouse.runs.active", active, "{run}", "Runs that had a call in the last hour.");

    /// <param name="action">stop, slow or alert.</param>
    public void CountRunAction(string action, string reason) => _runActions.Add(1, new TagList { { "action", action }, { "reason", reason } });

    public void CountShed(string priority, string reason) => _shed.Add(1, new TagList { { "class", priority }, { "reason", reason } });

    public void CountShadowLeftOut(string route, string target) => _shadowsLeftOut.Add(1, new TagList { { "route", route }, { "target", target } });

    /// <param name="lookups">By route and result; the answers that were kept by route; all else by tier.</param>
    public void ObserveCache(
        Func<IEnumerable<Measurement<long>>> lookups,
        Func<IEnumerable<Measurement<long>>> stores,
        Func<IEnumerable<Measurement<long>>> entries,
        Func<IEnumerable<Measurement<long>>> bytes,
        Func<IEnumerable<Measurement<long>>> evictions)
    {
        _ = _meter.CreateObservableCounter("gatehouse.cache.lookups", lookups, "{exchange}", "Exchanges that asked the cache, by what it said.");
        _ = _meter.CreateObservableCounter("gatehouse.cache.stores", stores, "{answer}", "Answers that were kept.");
        _ = _meter.CreateObservableGauge("gatehouse.cache.entries", entries, "{answer}", "Answers that are kept, by tier.");
        _ = _meter.CreateObservableGauge("gatehouse.cache.bytes", bytes, "By", "What they take, by tier.");
        _ = _meter.CreateObservableCounter("gatehouse.cache.evictions", evictions, "{answer}", "Answers that had to go for want of room, by tier.");
    }

    /// <param name="attempts">By route, target and result.</param>
    /// <param name="breakers">By route and target.</param>
    /// <param name="retries">By route, as are the next two.</param>
    public void ObserveRoutes(
        Func<IEnumerable<Measurement<long>>> attempts,
        Func<IEnumerable<Measurement<long>>> breakers,
        Func<IEnumerable<Measurement<long>>> retries,
        Func<IEnumerable<Measurement<long>>> failOvers,
        Func<IEnumerable<Measurement<long>>> hedges)
    {
        _ = _meter.CreateObservableCounter("gatehouse.route.attempts", attempts, "{attempt}", "Attempts of routes at targets, by how they ended.");
        _ = _meter.CreateObservableGauge("gatehouse.route.breaker", breakers, description: "Circuit breakers: 0 closed, 1 half-open, 2 open.");
        _ = _meter.CreateObservableCounter("gatehouse.route.retries", retries, "{attempt}", "Attempts at a target that the exchange had asked already.");
        _ = _meter.CreateObservableCounter("gatehouse.route.fail_overs", failOvers, "{attempt}", "Attempts at another target after a failure.");
        _ = _meter.CreateObservableCounter("gatehouse.route.hedges", hedges, "{attempt}", "Attempts beside another one that was slow.");
    }

    public void Begin() => Interlocked.Increment(ref _inFlight);

    public void End() => Interlocked.Decrement(ref _inFlight);

    public void Record(Exchange exchange)
    {
        var code = exchange.Error?.Traits.Name;
        var provider = exchange.Target?.Provider;
        _exchanges.Add(1, new TagList
        {
            { "operation", exchange.Operation.Name },
            { "provider", provider?.Name },
            { "route", exchange.Route?.Name },
            { "outcome", exchange.Outcome.Word() },
            { "code", code },
        });
        if (provider is null)
        {
            return;
        }

        _overhead.Record(exchange.Timings.Overhead.TotalSeconds, new KeyValuePair<string, object?>("operation", exchange.Operation.Name));

        // A model that no target accepted, or that its provider does not list, is text from a client: as a label it would grow without bound.
        var isAccepted = exchange.Outcome is ExchangeOutcome.Completed or ExchangeOutcome.Cancelled && exchange.Response.HasStarted && IsListed(exchange.Target!);
        var model = isAccepted ? exchange.Target!.Model : "";
        var tags = new TagList
        {
            { "gen_ai.operation.name", exchange.Operation.Name },
            { "gen_ai.provider.name", provider.Entry.Kind },
            { "gatehouse.provider", provider.Name },
            { "gen_ai.request.model", model },
        };
        if (exchange.Response.IsEventStream && exchange.Timings.ToFirstByte is { } firstChunk)
        {
            _timeToFirstChunk.Record(firstChunk.TotalSeconds, tags);
        }

        RecordTokens(exchange, tags);
        if (exchange.CostNanoUsd is { } cost)
        {
            _cost.Add(cost / NanoUsdPerUsd, tags);
        }

        if (code is not null)
        {
            tags.Add("error.type", code);
        }

        _duration.Record(exchange.Timings.Total.TotalSeconds, tags);
    }

    public void Dispose() => _meter.Dispose();

    private static bool IsListed(Target target) => target.Provider.Models is not { } models || models.Contains(target.Model, StringComparer.Ordinal);

    private void RecordTokens(Exchange exchange, in TagList tags)
    {
        if (exchange.Usage is not { } usage)
        {
            return;
        }

        if (usage.InputTokens is { } input)
        {
            var inputTags = tags;
            inputTags.Add("gen_ai.token.type", "input");
            _tokens.Record(input + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0), inputTags);
        }

        if (usage.OutputTokens is { } output)
        {
            var outputTags = tags;
            outputTags.Add("gen_ai.token.type", "output");
            _tokens.Record(output, outputTags);
        }
    }
}
