using Gatehouse.Alerts.Channels;
using Gatehouse.Identity;

namespace Gatehouse.Alerts;

/// <summary>A sink as configured, ready to send.</summary>
internal sealed record AlertSinkModel(string Name, string Type, IReadOnlyList<string> Kinds, AlertSeverity Severity, IAlertChannel Channel)
{
    public bool Wants(AlertState alert) => alert.Severity >= Severity && Kinds.Any(pattern => Glob.Matches(pattern, alert.Kind));
}

/// <summary>
/// One receiver with a queue of its own, told of one thing after the other, in order. What fails is tried again with back-off, and what is behind it waits:
/// an end is never told before its beginning. The queue is bounded; the oldest gives way.
/// </summary>
/// <param name="wasTold">Whether the sink knows of a condition, so that it is to be told of its end.</param>
/// <param name="ended">Told of each delivery that is not waiting any more.</param>
internal sealed partial class AlertSink(
    AlertSinkModel model, Func<AlertCondition, string, bool> wasTold, Action<AlertDelivery> ended, TimeProvider time, Random random, ILogger logger)
    : IAsyncDisposable
{
    public const int MostWaiting = 1000;
    public const int MostAttempts = 24;
    public const string Removed = "the sink was taken out of the configuration";
    private const string TooMany = "too many waited for the sink";

    /// <summary>Back-off: 2 s, 4 s, 8 s ... and 5 minutes at most, of which a random half is taken off. 24 attempts are about an hour.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly Queue<AlertDelivery> _waiting = new();
    private readonly Signal _arrived = new();
    private readonly CancellationTokenSource _stop = new();
    private CancellationTokenSource _pause = new();
    private volatile AlertSinkModel _model = model;
    private Task _loop = Task.CompletedTask;
    private bool _isRemoved;
    private bool _isDropping;
    private bool _isDisposed;
    private int _failures;

    public AlertSinkModel Model => _model;

    public string Name => _model.Name;

    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    public void Start() => _loop = Task.Run(RunAsync);

    public void Enqueue(AlertDelivery delivery)
    {
        AlertDelivery? dropped = null;
        var (reason, isFirst) = (Removed, false);
        lock (_gate)
        {
            if (_isRemoved)
            {
                dropped = delivery;
            }
            else
            {
                if (_waiting.Count >= MostWaiting)
                {
                    dropped = _waiting.Dequeue();
                    (reason, isFirst, _isDropping) = (TooMany, !_isDropping, true);
                }

                _waiting.Enqueue(delivery);
            }
        }

        if (isFirst)
        {
            LogDropping(logger, Name, MostWaiting);
        }

        if (dropped is not null)
        {
            End(dropped, DeliveryState.Dropped, reason);
        }

        _arrived.Set();
    }

    /// <summary>The configuration changed. What waits is tried again at once, as it may have been for this.</summary>
    public void Become(AlertSinkModel changed)
    {
        CancellationTokenSource pause;
        lock (_gate)
        {
            _model = changed;
            _failures = 0;
            pause = _pause;
            _pause = new CancellationTokenSource();
        }

        pause.Cancel();
    }

    /// <summary>It is not in the configuration any more.</summary>
    public void Remove()
    {
        List<AlertDelivery> left;
        lock (_gate)
        {
            _isRemoved = true;
            left = [.. _waiting];
            _waiting.Clear();
        }

        _stop.Cancel();
        foreach (var delivery in left)
        {
            End(delivery, DeliveryState.Dropped, Removed);
        }
    }

    /// <summary>Stops at once. What waits is delivered after the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
        _pause.Dispose();
    }

    /// <summary>One attempt, whatever else waits.</summary>
    public async Task<SendResult> SendAsync(string id, AlertNotice notice, TimeSpan mostTime, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(mostTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await _model.Channel.SendAsync(id, notice, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new SendResult(SendOutcome.Failed, $"no answer within {mostTime.TotalSeconds:0} s");
        }
#pragma warning disable CA1031 // Nothing that a receiver answers may be the last thing that it is told.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogUnexpected(logger, exception, Name);
            return new SendResult(SendOutcome.Failed, "unexpected failure; the log has the reason");
        }
    }

    private async Task RunAsync()
    {
        AlertDelivery? current = null;
        try
        {
            while (true)
            {
                while ((current = Next()) is null)
                {
                    await _arrived.WaitAsync(_stop.Token);
                }

                await DeliverAsync(current);
            }
        }
        catch (OperationCanceledException)
        {
            if (current is not null && _isRemoved)
            {
                End(current, DeliveryState.Dropped, Removed);
            }
        }
    }

    private AlertDelivery? Next()
    {
        lock (_gate)
        {
            _isDropping &= _waiting.Count >= MostWaiting / 2;
            return _waiting.TryDequeue(out var next) ? next : null;
        }
    }

    private async Task DeliverAsync(AlertDelivery delivery)
    {
        if (delivery.Notice.Event == AlertEvent.Resolved && !wasTold(delivery.Condition, Name))
        {
            End(delivery, DeliveryState.NotTold, error: null);
            return;
        }

        while (true)
        {
            var result = await SendAsync(delivery.Id, delivery.Notice, _model.Channel.AttemptLimit, _stop.Token);
            delivery.Status = delivery.Status with { Attempts = delivery.Status.Attempts + 1, Error = result.Error };
            switch (result.Outcome)
            {
                case SendOutcome.Delivered:
                    if (_failures > 0)
                    {
                        _failures = 0;
                        LogRecovered(logger, Name);
                    }

                    End(delivery, DeliveryState.Delivered, result.Error);
                    return;
                case SendOutcome.Refused:
                    LogRefused(logger, Name, delivery.Notice.Alert.Id, result.Error);
                    End(delivery, DeliveryState.Refused, result.Error);
                    return;
                case SendOutcome.Failed when delivery.Status.Attempts >= MostAttempts:
                    LogGivenUp(logger, Name, delivery.Notice.Alert.Id, MostAttempts, result.Error);
                    End(delivery, DeliveryState.GivenUp, result.Error);
                    await PauseAsync(result);
                    return;
                default:
                    await PauseAsync(result);
                    break;
            }
        }
    }

    private async Task PauseAsync(SendResult result)
    {
        if (_failures == 0)
        {
            LogFailing(logger, Name, result.Error);
        }

        var pause = FirstPause * Math.Pow(2, Math.Min(_failures++, 16));
        pause = pause > LongestPause ? LongestPause : pause;
        pause *= 0.5 + (0.5 * random.NextDouble());
        pause = result.RetryAfter > pause ? result.RetryAfter.Value : pause;
        CancellationTokenSource changed;
        lock (_gate)
        {
            changed = _pause;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, changed.Token);
        try
        {
            await Task.Delay(pause, time, either.Token);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            // The configuration changed.
        }
    }

    private void End(AlertDelivery delivery, DeliveryState state, string? error)
    {
        delivery.Status = delivery.Status with { State = state, Error = error, EndedAt = time.GetUtcNow() };
        ended(delivery);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Alerts cannot be delivered to {Sink}, they are tried again: {Reason}")]
    private static partial void LogFailing(ILogger logger, string sink, string? reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Alerts can be delivered to {Sink} again.")]
    private static partial void LogRecovered(ILogger logger, string sink);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Sink} does not take alert {Alert}: {Reason}")]
    private static partial void LogRefused(ILogger logger, string sink, string alert, string? reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Alert {Alert} was not delivered to {Sink} in {Attempts} attempts: {Reason}")]
    private static partial void LogGivenUp(ILogger logger, string sink, string alert, int attempts, string? reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "More than {Most} alerts wait for {Sink}: the oldest are dropped.")]
    private static partial void LogDropping(ILogger logger, string sink, int most);

    [LoggerMessage(Level = LogLevel.Error, Message = "Telling {Sink} of an alert failed in an unexpected way; please report this.")]
    private static partial void LogUnexpected(ILogger logger, Exception exception, string sink);
}
