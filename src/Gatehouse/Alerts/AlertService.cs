using System.Collections.ObjectModel;
using System.Net.Security;
using Gatehouse.Alerts.Channels;
using Gatehouse.Pipeline;
using Gatehouse.Storage;
using Gatehouse.Telemetry;

namespace Gatehouse.Alerts;

/// <summary>What alerts are sent with; tests bring their own.</summary>
/// <param name="ValidateCertificate">Of mail servers; null: as the system does.</param>
internal sealed record AlertTransport(HttpMessageHandler Http, RemoteCertificateValidationCallback? ValidateCertificate = null);

/// <summary>How one sink took a test alert.</summary>
internal sealed record SinkTest(string Sink, string Type, string? Error);

/// <summary>
/// Takes alerts from wherever they are raised, writes them down and hands them to the sinks, in a task of its own. What is to be delivered is in the
/// database before it is sent, so that a crash delays it, and never loses it; while the database cannot be written, alerts are sent all the same.
/// </summary>
internal sealed partial class AlertService : IAlerts, IAsyncDisposable
{
    /// <summary>Counts of conditions that go on are written down no more often; new alerts and ends at once.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Somebody waits for the answer.</summary>
    private static readonly TimeSpan TestLimit = TimeSpan.FromSeconds(20);

    private readonly OpenAlerts _open;
    private readonly AlertStore _store;
    private readonly AlertJournal _journal;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger<AlertService> _logger;
    private readonly AlertTransport _transport;
    private readonly HttpMessageInvoker _http;
    private readonly Signal _happened = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, AlertSink> _sinks = new(StringComparer.Ordinal);
    private readonly List<AlertSink> _removed = [];
    private readonly ITimer _later;
    private readonly Task _loop;
    private List<TaskCompletionSource> _waiters = [];
    private IReadOnlyList<AlertDelivery> _restored;

    public AlertService(
        Database database, TimeProvider time, Random random, GatewayMetrics metrics, ILogger<AlertService> logger, AlertTransport? transport = null)
    {
        (_time, _random, _metrics, _logger) = (time, random, metrics, logger);
        _transport = transport ?? new AlertTransport(HttpPost.CreateHandler());
        _http = new HttpMessageInvoker(_transport.Http);
        _store = new AlertStore(database);
        _open = new OpenAlerts(time);
        _journal = new AlertJournal(_open, _store, time, logger);
        var (conditions, waiting) = _store.Restore(OpenAlerts.MostOpen + 1);
        foreach (var condition in conditions)
        {
            _open.Restore(condition);
        }

        _restored = waiting;
        metrics.ObserveAlerts(() => _open.Count, () => _open.LeftOut);
        _later = time.CreateTimer(_ => _happened.Set(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _loop = Task.Run(RunAsync);
    }

    public void Raise(Alert alert)
    {
        switch (_open.Raise(alert))
        {
            case RaiseEffect.Happened:
                _happened.Set();
                break;
            case RaiseEffect.Counted:
                _ = _later.Change(Interval, Timeout.InfiniteTimeSpan);
                break;
        }
    }

    public void Resolve(string kind, string subject, string message)
    {
        if (_open.Resolve(kind, subject, message))
        {
            _happened.Set();
        }
    }

    /// <summary>Puts sinks in force. One that was there before, by its name, keeps what waits for it.</summary>
    public void Configure(AlertOptions options)
    {
        _open.RepeatAfter = options.RepeatAfter;
        var models = options.Sinks.Select(ModelOf).ToDictionary(model => model.Name, StringComparer.Ordinal);
        var removed = new List<AlertSink>();
        lock (_gate)
        {
            foreach (var sink in _sinks.Values.Where(sink => !models.ContainsKey(sink.Name)).ToList())
            {
                _ = _sinks.Remove(sink.Name);
                removed.Add(sink);
            }

            foreach (var model in models.Values)
            {
                if (_sinks.TryGetValue(model.Name, out var known))
                {
                    known.Become(model);
                }
                else
                {
                    var sink = new AlertSink(model, _open.WasTold, Ended, _time, _random, _logger);
                    _sinks.Add(model.Name, sink);
                    sink.Start();
                }
            }

            _removed.AddRange(removed);
            DeliverRestored();
        }

        removed.ForEach(sink => sink.Remove());
    }

    /// <summary>Waits until all that was raised by now is written down, or could not be.</summary>
    public Task WrittenAsync()
    {
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiters.Add(waiter);
        }

        _happened.Set();
        return waiter.Task.WaitAsync(_stop.Token);
    }

    public async Task<IReadOnlyList<AlertState>> ListAsync(AlertQuery query)
    {
        await WrittenAsync();
        return _store.List(query);
    }

    /// <summary>The newest deliveries of an alert, newest first.</summary>
    public IReadOnlyList<DeliveryRow> Deliveries(string id, int limit) => _store.Deliveries(id, limit);

    /// <summary>Somebody takes care of it: it is not told again while it goes on. Its end is told.</summary>
    public void Acknowledge(string id)
    {
        if (!_open.Acknowledge(id))
        {
            _store.Acknowledge(id, _time.GetUtcNow());
        }
    }

    /// <summary>Sends a test alert to all sinks at once, past their queues, whatever kinds and severities they want.</summary>
    public async Task<IReadOnlyList<SinkTest>> TestAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var notice = new AlertNotice(AlertEvent.Test, now, new AlertState(
            Id.New("alr", now), "test", "gatehouse", AlertSeverity.Info, "This is a test. Alerts of this gateway reach you.", ReadOnlyDictionary<string, string>.Empty,
            OpenedAt: now, SentAt: now, Count: 1, LastAt: now, ResolvedAt: null, Resolution: null, AcknowledgedAt: null, Told: []));
        return await Task.WhenAll(Sinks().Select(async sink =>
        {
            var result = await sink.SendAsync(Id.New("dlv", now), notice, TestLimit, cancellationToken);
            return new SinkTest(sink.Name, sink.Model.Type, result.Outcome == SendOutcome.Delivered ? null : result.Error ?? "failed");
        }));
    }

    /// <summary>Writes down what is left and stops. What was not delivered yet will be after the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await _later.DisposeAsync();
        await _stop.CancelAsync();
        await _loop;
        List<AlertSink> sinks;
        lock (_gate)
        {
            sinks = [.. _sinks.Values, .. _removed];
        }

        await Task.WhenAll(sinks.Select(sink => sink.DisposeAsync().AsTask()));
        WriteSafely(handsOver: false);
        _store.Dispose();
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _happened.WaitAsync(_stop.Token);
                WriteSafely(handsOver: true);
            }
        }
        catch (OperationCanceledException)
        {
            // The gateway stops.
        }
    }

    private void WriteSafely(bool handsOver)
    {
        List<TaskCompletionSource> waiters;
        lock (_gate)
        {
            (waiters, _waiters) = (_waiters, []);
        }

        try
        {
            Work(handsOver);
        }
#pragma warning disable CA1031 // A mistake in one round must not make it the last one.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogUnexpected(_logger, exception);
        }

        waiters.ForEach(waiter => waiter.TrySetResult());
    }

    private void Work(bool handsOver)
    {
        var created = new List<(AlertSink Sink, AlertDelivery Delivery)>();
        var sinks = Sinks();
        foreach (var (condition, notice) in _open.TakeEvents())
        {
            Tell(notice);
            created.AddRange(sinks.Where(sink => IsFor(sink, notice)).Select(sink => (sink, new AlertDelivery(Id.New("dlv", notice.Time), sink.Name, condition, notice))));
        }

        created.ForEach(pair => _journal.Add(pair.Delivery));
        if (!_journal.Write())
        {
            _ = _later.Change(Interval, Timeout.InfiniteTimeSpan);
        }

        if (handsOver)
        {
            created.ForEach(pair => pair.Sink.Enqueue(pair.Delivery));
        }
    }

    /// <summary>An end also goes to who took the beginning, and would not get it any more.</summary>
    private static bool IsFor(AlertSink sink, AlertNotice notice) =>
        sink.Model.Wants(notice.Alert) || (notice.Event == AlertEvent.Resolved && notice.Alert.Told.Contains(sink.Name, StringComparer.Ordinal));

    /// <summary>Of a delivery that is not waiting any more; called by the sinks.</summary>
    private void Ended(AlertDelivery delivery)
    {
        var state = delivery.Status.State;
        _metrics.CountAlertDelivery(delivery.Sink, AlertStore.Word(state));
        if (state == DeliveryState.Delivered)
        {
            _open.MarkTold(delivery.Condition, delivery.Sink);
        }

        _journal.Add(delivery);
        _happened.Set();
    }

    /// <summary>What was not delivered before the last stop goes to the sinks that are there now, before anything else does.</summary>
    private void DeliverRestored()
    {
        foreach (var delivery in _restored)
        {
            if (_sinks.TryGetValue(delivery.Sink, out var sink))
            {
                sink.Enqueue(delivery);
            }
            else
            {
                delivery.Status = delivery.Status with { State = DeliveryState.Dropped, Error = AlertSink.Removed, EndedAt = _time.GetUtcNow() };
                Ended(delivery);
            }
        }

        _restored = [];
    }

    private List<AlertSink> Sinks()
    {
        lock (_gate)
        {
            return [.. _sinks.Values];
        }
    }

    private AlertSinkModel ModelOf(AlertSinkOptions options)
    {
        IAlertChannel channel = options switch
        {
            { Webhook: { } webhook } => new WebhookChannel(new Uri(webhook.Url), WebhookOptions.KeyOf(webhook.Secret!)!, _http, _time),
            { Slack: { } slack } => new SlackChannel(new Uri(slack.Url!.Reveal()), _http, _time),
            _ => new EmailChannel(options.Email!, _transport.ValidateCertificate),
        };
        return new AlertSinkModel(options.Identity, options.Type, options.Kinds, options.Severity, channel);
    }

    private void Tell(AlertNotice notice)
    {
        var alert = notice.Alert;
        _metrics.CountAlert(alert.Kind, notice.Event.Word());
        if (notice.Event == AlertEvent.Resolved)
        {
            LogResolved(_logger, alert.Id, alert.Kind, alert.Subject, alert.Resolution);
        }
        else
        {
            LogRaised(_logger, alert.Id, alert.Severity.Word(), alert.Kind, alert.Subject, alert.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Alert {Alert} ({Severity} {Kind}, {Subject}): {Text}")]
    private static partial void LogRaised(ILogger logger, string alert, string severity, string kind, string subject, string text);

    [LoggerMessage(Level = LogLevel.Information, Message = "Alert {Alert} ({Kind}, {Subject}) is over: {Text}")]
    private static partial void LogResolved(ILogger logger, string alert, string kind, string subject, string? text);

    [LoggerMessage(Level = LogLevel.Error, Message = "Handling alerts failed in an unexpected way; please report this.")]
    private static partial void LogUnexpected(ILogger logger, Exception exception);
}
