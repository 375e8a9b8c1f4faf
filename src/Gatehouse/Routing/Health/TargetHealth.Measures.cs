using Gatehouse.Routing.Attempts;

namespace Gatehouse.Routing.Health;

/// <summary>Here what it tells strategies, the walk and people.</summary>
internal sealed partial class TargetHealth
{
    /// <summary>Attempts that run now.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Peak EWMA of the time to the head of the answer, in microseconds; 0 before the first answer. It sinks while nothing is tried.</summary>
    public double LatencyMicroseconds
    {
        get
        {
            lock (_lock)
            {
                return _latency.At(Now);
            }
        }
    }

    /// <summary>95th percentile of the time to the head of the answer, of the last five to ten minutes; null below 20 answers.</summary>
    public TimeSpan? Percentile95
    {
        get
        {
            lock (_lock)
            {
                return _histogram.Percentile(Now, 0.95);
            }
        }
    }

    /// <summary>EWMA of failures, 0 to 1. It sinks while nothing is tried.</summary>
    public double ErrorRate
    {
        get
        {
            lock (_lock)
            {
                return _errors.At(Now);
            }
        }
    }

    /// <summary>
    /// Share of its ordinary traffic that it should get: below 1 for a while after it has come back. Never 0: who divides traffic by it must leave room
    /// for the trial by which it comes back.
    /// </summary>
    public double Readiness
    {
        get
        {
            lock (_lock)
            {
                return ReadinessAt(Now);
            }
        }
    }

    public BreakerState State
    {
        get
        {
            lock (_lock)
            {
                return _breaker.State(Now);
            }
        }
    }

    /// <summary>For choosing among targets that are all refused: the least is the one to <see cref="Enter"/>.</summary>
    public HealthBadness Badness()
    {
        lock (_lock)
        {
            var now = Now;
            var opens = _breaker.State(now) == BreakerState.Open ? _breaker.OpenUntil - now : TimeSpan.Zero;
            var quota = _quota.IsClosed(now) ? _quota.Until - now : TimeSpan.Zero;
            var grade = _breaker.IsEjected ? HealthGrade.Ejected
                : quota > TimeSpan.Zero ? HealthGrade.OutOfQuota
                : _breaker.State(now) != BreakerState.Closed ? HealthGrade.Failing
                : HealthGrade.Fit;
            return new HealthBadness(grade, opens > quota ? opens : quota, _errors.At(now));
        }
    }

    /// <summary>For the admin API.</summary>
    public TargetHealthView View()
    {
        lock (_lock)
        {
            var now = Now;
            var state = _breaker.State(now);
            return new TargetHealthView(
                state switch { BreakerState.Closed => "closed", BreakerState.Open => "open", _ => "half_open" },
                state == BreakerState.Closed ? null : ClockAt(now, _breaker.OpenUntil),
                HealthRefusal.Words(_breaker.Reason, _breaker.Counted),
                _lastBlame switch { null => null, Blame.None => "none", Blame.Quota => "quota", Blame.Failure => "failure", _ => "eject" },
                _errors.At(now),
                _latency.Last == 0 ? null : _latency.Last / 1000,
                _histogram.Percentile(now, 0.95)?.TotalMilliseconds,
                _inFlight,
                _breaker.ConsecutiveFailures,
                ReadinessAt(now),
                _quota.IsClosed(now) ? ClockAt(now, _quota.Until) : null,
                _breaker.OpenedCount,
                _lastRefusal.Text() is { } text ? new RefusalView(text, _lastRefusal.At) : null);
        }
    }

    private double ReadinessAt(TimeSpan now) => SlowStart.Readiness(
        _breaker.State(now) == BreakerState.Closed, _breaker.RecoveredAt is { } recovered ? now - recovered : null, _model.SlowStart);
}
