using Gatehouse.Limits;

namespace Gatehouse.Routing.Health;

internal enum BreakerState
{
    /// <summary>Everything is let in.</summary>
    Closed,

    /// <summary>Nothing is let in until the cool-down is over.</summary>
    Open,

    /// <summary>The cool-down is over: one trial is let in, and it decides.</summary>
    HalfOpen,
}

/// <summary>Why a breaker opened the last time.</summary>
internal enum BreakerReason
{
    None,
    FailuresInARow,
    StreamsCutInARow,
    ErrorRate,

    /// <summary>A failure of the kind that another request does not help against.</summary>
    Ejected,

    TrialFailed,
}

/// <summary>What an attempt is to the breaker: what it says counts only in the period in which it was let in.</summary>
internal record struct BreakerTicket(int Period, bool IsTrial);

/// <summary>
/// The circuit breaker of one target. It opens after a number of failures in a row, at a share of failures in a window, or at once; stays open for a
/// cool-down that doubles each time, and then lets exactly one trial in, whose outcome closes or opens it. Not thread-safe: its owner holds a lock.
/// </summary>
internal sealed class CircuitBreaker(HealthModel model, Random random)
{
    // A provider that says "come back in a week" is asked once a day all the same: accounts are topped up.
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(24);

    private HealthModel _model = model;
    private SlidingCount _requests = new(model.Window);
    private SlidingCount _failures = new(model.Window);
    private bool _closed = true;
    private bool _isTrialRunning;
    private int _period;

    // Two rows: the head of an answer ends a row of failures, but only an answer that came to its end ends a row of cut streams. Else a target that
    // answers every request and cuts every answer would never have two failures in a row.
    private int _failuresInARow;
    private int _cutsInARow;

    private int _timesOpenedInARow;
    private TimeSpan _lastCooldown;

    /// <summary>When the cool-down ends; without meaning while closed.</summary>
    public TimeSpan OpenUntil { get; private set; }

    /// <summary>When it closed the last time after having been open; null if it never did.</summary>
    public TimeSpan? RecoveredAt { get; private set; }

    public BreakerReason Reason { get; private set; }

    /// <summary>Opened by a failure that ejects and not tried since.</summary>
    public bool IsEjected => !_closed && Reason == BreakerReason.Ejected;

    /// <summary>Failures and requests at the time at which it opened.</summary>
    public (long Failures, long Requests) Counted { get; private set; }

    public long OpenedCount { get; private set; }

    public int ConsecutiveFailures => Math.Max(_failuresInARow, _cutsInARow);

    public bool IsTrialRunning => _isTrialRunning;

    public BreakerState State(TimeSpan now) =>
        _closed ? BreakerState.Closed : _isTrialRunning || now >= OpenUntil ? BreakerState.HalfOpen : BreakerState.Open;

    public void Apply(HealthModel changed)
    {
        if (changed.Window != _model.Window)
        {
            _requests = new SlidingCount(changed.Window);
            _failures = new SlidingCount(changed.Window);
        }

        _model = changed;
    }

    /// <summary>What <see cref="TryEnter"/> would say.</summary>
    public bool LetsIn(TimeSpan now) => _closed || (!_isTrialRunning && now >= OpenUntil);

    public bool TryEnter(TimeSpan now, out BreakerTicket ticket)
    {
        var isTrial = State(now) == BreakerState.HalfOpen && !_isTrialRunning;
        ticket = new BreakerTicket(_period, isTrial);
        _isTrialRunning |= isTrial;
        return _closed || isTrial;
    }

    /// <summary>An attempt that is made although it is open, because there is nothing better.</summary>
    public BreakerTicket Force(TimeSpan now) => TryEnter(now, out var ticket) ? ticket : new BreakerTicket(_period, IsTrial: false);

    /// <summary>The head of a good answer is here.</summary>
    public void Succeeded(ref BreakerTicket ticket, TimeSpan now)
    {
        Answered(ref ticket, now);
        if (ticket.Period != _period)
        {
            return;
        }

        if (_closed)
        {
            _failuresInARow = 0;
            _requests.Add(now);
        }
        else if (now < OpenUntil)
        {
            // One that was forced got through. Closing is for a trial to decide, but there is no reason to wait with it.
            OpenUntil = now;
        }
    }

    /// <summary>The answer that <see cref="Succeeded"/> was called for came to its end.</summary>
    public void Completed(in BreakerTicket ticket)
    {
        if (_closed && ticket.Period == _period)
        {
            _cutsInARow = 0;
        }
    }

    /// <summary>An answer that is neither good nor the target's fault: it proves that something answers there, which is what a trial is to find out.</summary>
    public void Answered(ref BreakerTicket ticket, TimeSpan now)
    {
        if (ticket.IsTrial)
        {
            Close(now);

            // From here on it is an attempt like others: its stream may still be cut.
            ticket = new BreakerTicket(_period, IsTrial: false);
        }
    }

    /// <param name="ticket">Of the attempt.</param>
    /// <param name="now">The time since the same beginning as in the other calls.</param>
    /// <param name="ejects">Opens at once.</param>
    /// <param name="isCut">After <see cref="Succeeded"/>: the request is counted already.</param>
    /// <param name="retryAfter">Least cool-down if this opens it.</param>
    public void Failed(ref BreakerTicket ticket, TimeSpan now, bool ejects, bool isCut, TimeSpan? retryAfter)
    {
        if (ticket.Period != _period)
        {
            return;
        }

        if (ticket.IsTrial)
        {
            ticket.IsTrial = false;
            _isTrialRunning = false;
            Open(now, ejects ? BreakerReason.Ejected : BreakerReason.TrialFailed, (1, 1), retryAfter);
        }
        else if (_closed)
        {
            Count(now, ejects, isCut, retryAfter);
        }
        else if (Floor(retryAfter) is { } floor && now + floor > OpenUntil)
        {
            // One that was forced: it tells how long to wait, but does not lengthen the cool-down, else an outage with traffic would go to the maximum at once.
            OpenUntil = now + floor;
        }
    }

    /// <summary>The attempt is over. A trial without a verdict proved nothing: the next attempt is the trial.</summary>
    public void Left(in BreakerTicket ticket)
    {
        if (ticket.IsTrial)
        {
            _isTrialRunning = false;
        }
    }

    private void Count(TimeSpan now, bool ejects, bool isCut, TimeSpan? retryAfter)
    {
        _ = isCut ? _cutsInARow++ : _failuresInARow++;
        _requests.Add(now, isCut ? 0 : 1);
        _failures.Add(now);

        // The heads of streams that are cut may be older than the window.
        var failures = _failures.AtLeast(now);
        var requests = Math.Max(failures, _requests.AtLeast(now));
        if (ejects)
        {
            Open(now, BreakerReason.Ejected, (1, 1), retryAfter);
        }
        else if (_failuresInARow >= _model.ConsecutiveFailures)
        {
            Open(now, BreakerReason.FailuresInARow, (_failuresInARow, _failuresInARow), retryAfter);
        }
        else if (_cutsInARow >= _model.ConsecutiveFailures)
        {
            Open(now, BreakerReason.StreamsCutInARow, (_cutsInARow, _cutsInARow), retryAfter);
        }
        else if (requests >= _model.MinimumRequests && failures >= _model.ErrorRate * requests)
        {
            Open(now, BreakerReason.ErrorRate, (failures, requests), retryAfter);
        }
    }

    private void Open(TimeSpan now, BreakerReason reason, (long Failures, long Requests) counted, TimeSpan? retryAfter)
    {
        // It has recovered when it stayed closed for as long as it had been left alone, and for a window at least: one that works for a moment after
        // each trial is left alone for longer and longer.
        var longEnough = _lastCooldown > _model.Window ? _lastCooldown : _model.Window;
        var recovered = _closed && now - RecoveredAt >= longEnough;
        _timesOpenedInARow = recovered ? 1 : _timesOpenedInARow + 1;
        _lastCooldown = Cooldown();
        OpenUntil = now + (Floor(retryAfter) is { } floor && floor > _lastCooldown ? floor : _lastCooldown);
        OpenedCount++;
        Reason = reason;
        Counted = counted;
        Begin(closed: false);
    }

    private void Close(TimeSpan now)
    {
        _isTrialRunning = false;
        RecoveredAt = now;
        Begin(closed: true);
        _failuresInARow = 0;
        _cutsInARow = 0;
        _requests.Clear();
        _failures.Clear();
    }

    private void Begin(bool closed)
    {
        _closed = closed;
        _period++;
    }

    /// <summary>Gateways that saw the same outage do not come back in the same moment: give or take 10 %, of the longest, too.</summary>
    private TimeSpan Cooldown()
    {
        var doubled = _model.Cooldown.Ticks * Math.ScaleB(1, Math.Min(_timesOpenedInARow - 1, 62));
        var jitter = 0.9 + (0.2 * random.NextDouble());
        return TimeSpan.FromTicks((long)(Math.Min(doubled, _model.MaxCooldown.Ticks) * jitter));
    }

    private static TimeSpan? Floor(TimeSpan? retryAfter) => retryAfter > LongestRetryAfter ? LongestRetryAfter : retryAfter;
}
