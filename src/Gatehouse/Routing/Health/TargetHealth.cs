using Gatehouse.Routing.Attempts;
using Gatehouse.Upstream;

namespace Gatehouse.Routing.Health;

/// <summary>
/// How one target of one route is: its circuit breaker, its latency, its errors, what it has left of its provider's quota. Thread-safe. It outlives
/// a reload of the configuration. Here what lets attempts in and learns from them; beside it what it tells, and what probes tell it.
/// </summary>
/// <param name="model">Its limits.</param>
/// <param name="time">Durations go by its timestamps, so that a clock that is set does not matter.</param>
/// <param name="random">For jitter. One that is shared must be thread-safe.</param>
internal sealed partial class TargetHealth(HealthModel model, TimeProvider time, Random random)
{
    /// <summary>A target that has answered others within this time has not lost its credential, its money or its model.</summary>
    private static readonly TimeSpan Recently = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly long _origin = time.GetTimestamp();
    private readonly CircuitBreaker _breaker = new(model, random);
    private readonly QuotaGate _quota = new();
    private readonly RunningAttempts _attempts = new();
    private readonly PeakEwma _latency = new();
    private readonly ErrorEwma _errors = new();
    private readonly LatencyHistogram _histogram = new();
    private HealthModel _model = model;
    private HealthRefusal _lastRefusal;
    private Blame? _lastBlame;
    private TimeSpan? _answeredAt;
    private int _inFlight;
    private TimeSpan _lastTraffic;
    private bool _isLastFaultOfProbe;

    /// <summary>How attempts have ended.</summary>
    public AttemptCounts Counts { get; } = new();

    // Within the lock only: so no two calls see time run backwards.
    private TimeSpan Now => time.GetElapsedTime(_origin);

    /// <summary>Of the configuration from now on. What is known stays; a cool-down that runs is not changed.</summary>
    public void Apply(HealthModel changed)
    {
        lock (_lock)
        {
            _model = changed;
            _breaker.Apply(changed);
        }
    }

    /// <summary>Lets one attempt in, or says why not. With a pass comes the duty to <see cref="Leave"/>.</summary>
    public GateDecision TryEnter(out HealthPass pass)
    {
        lock (_lock)
        {
            var now = Now;
            if (!_quota.IsClosed(now) && _breaker.TryEnter(now, out var ticket))
            {
                pass = Admit(ticket, now);
                return default;
            }

            pass = default;
            _lastRefusal = RefusalAt(now);
            return new GateDecision(_lastRefusal);
        }
    }

    /// <summary>What <see cref="TryEnter"/> would say now; nothing is let in, and nothing changes.</summary>
    public GateDecision Peek()
    {
        lock (_lock)
        {
            var now = Now;
            return !_quota.IsClosed(now) && _breaker.LetsIn(now) ? default : new GateDecision(RefusalAt(now));
        }
    }

    /// <summary>Lets one attempt in, whatever its state: when there is nothing better.</summary>
    public HealthPass Enter()
    {
        lock (_lock)
        {
            var now = Now;
            return Admit(_breaker.Force(now), now);
        }
    }

    /// <summary>The attempt that was let in answered; it may still be sending, and it may still fail.</summary>
    public void Succeeded(in HealthPass pass, TimeSpan toHead)
    {
        lock (_lock)
        {
            if (!_attempts.IsRunning(pass))
            {
                return;
            }

            ref var attempt = ref _attempts[pass];
            if (attempt.Verdict != AttemptVerdict.None)
            {
                return;
            }

            var now = Now;
            attempt.Verdict = AttemptVerdict.Succeeded;
            _answeredAt = now;
            _breaker.Succeeded(ref attempt.Breaker, now);
            _quota.Succeeded(attempt.QuotaPeriod);
            _errors.Observe(now, failed: false);
            _latency.Observe(now, toHead.TotalMicroseconds);
            _histogram.Observe(now, toHead);
        }
    }

    /// <summary>Another attempt was faster and this one was given up: it would have taken at least so long.</summary>
    public void Overtaken(in HealthPass pass, TimeSpan waited)
    {
        lock (_lock)
        {
            if (_attempts.IsRunning(pass) && _attempts[pass].Verdict == AttemptVerdict.None)
            {
                var now = Now;
                _latency.Observe(now, waited.TotalMicroseconds);
                _histogram.Observe(now, waited);
            }
        }
    }

    /// <summary>The attempt that was let in failed, before its answer or in the middle of it. Only the first failure of an attempt counts.</summary>
    public void Failed(in HealthPass pass, Blame blame, TimeSpan? retryAfter)
    {
        lock (_lock)
        {
            if (!_attempts.IsRunning(pass))
            {
                return;
            }

            ref var attempt = ref _attempts[pass];
            if (attempt.Verdict == AttemptVerdict.Decided)
            {
                return;
            }

            var now = Now;
            var isCut = attempt.Verdict == AttemptVerdict.Succeeded;
            attempt.Verdict = AttemptVerdict.Decided;
            _lastBlame = blame;
            switch (blame)
            {
                case Blame.Quota:
                    _breaker.Answered(ref attempt.Breaker, now);
                    _quota.Refused(attempt.QuotaPeriod, now, retryAfter);
                    break;
                case Blame.Failure or Blame.Refused or Blame.Eject:
                    var ejects = blame == Blame.Eject || (blame == Blame.Refused && !(now - _answeredAt < Recently));
                    _breaker.Failed(ref attempt.Breaker, now, ejects, isCut, retryAfter);
                    _errors.Observe(now, failed: true);
                    _isLastFaultOfProbe = attempt.IsProbe;
                    break;
                default:
                    _breaker.Answered(ref attempt.Breaker, now);
                    break;
            }
        }
    }

    /// <summary>The attempt that was let in is over, however it ended: it counts no more as in flight. Nothing may be said of it afterwards.</summary>
    public void Leave(in HealthPass pass)
    {
        lock (_lock)
        {
            if (!_attempts.IsRunning(pass))
            {
                return;
            }

            ref var attempt = ref _attempts[pass];
            if (attempt.Verdict == AttemptVerdict.Succeeded)
            {
                _breaker.Completed(attempt.Breaker);
            }

            _breaker.Left(attempt.Breaker);
            if (!attempt.IsProbe)
            {
                _inFlight--;
                _lastTraffic = Now;
            }

            _attempts.Remove(pass);
        }
    }

    /// <summary>What the provider said is left, in the headers of an answer.</summary>
    public void Observe(ProviderQuota quota)
    {
        // Nearly all answers have something left.
        if (quota.RemainingRequests is not <= 0 && quota.RemainingTokens is not <= 0)
        {
            return;
        }

        lock (_lock)
        {
            _quota.Observe(quota, Now, time.GetUtcNow());
        }
    }

    private HealthPass Admit(in BreakerTicket ticket, TimeSpan now)
    {
        _inFlight++;
        _lastTraffic = now;
        return _attempts.Add(ticket, _quota.Period);
    }

    private HealthRefusal RefusalAt(TimeSpan now)
    {
        if (_quota.IsClosed(now))
        {
            return new HealthRefusal { Kind = RefusalKind.Quota, At = time.GetUtcNow(), Until = ClockAt(now, _quota.Until), Quota = _quota.Reason };
        }

        return _breaker.IsTrialRunning
            ? new HealthRefusal { Kind = RefusalKind.TrialRunning, At = time.GetUtcNow() }
            : new HealthRefusal
            {
                Kind = RefusalKind.BreakerOpen,
                At = time.GetUtcNow(),
                Until = ClockAt(now, _breaker.OpenUntil),
                Reason = _breaker.Reason,
                Counted = _breaker.Counted,
            };
    }

    private DateTimeOffset ClockAt(TimeSpan now, TimeSpan then) => time.GetUtcNow() + (then - now);
}
