using Gatehouse.Pipeline;

namespace Gatehouse.Alerts;

/// <summary>What is to be done about an alert that was raised.</summary>
internal enum RaiseEffect
{
    Nothing,

    /// <summary>A count changed: to be written down some time.</summary>
    Counted,

    /// <summary>Something is to be told at once.</summary>
    Happened,
}

/// <summary>
/// The conditions that are open, and what happened to them since it was last taken. All in memory, behind one lock that is held for a few
/// additions; what is written and sent is up to whoever takes it.
/// </summary>
/// <remarks>
/// Bounded: what would be one condition, or one unsent event, too many is not taken, but counted. Only ends are always taken: there is at most
/// one for each condition that is open.
/// </remarks>
internal sealed class OpenAlerts(TimeProvider time, int mostOpen = OpenAlerts.MostOpen, int mostEvents = OpenAlerts.MostEvents)
{
    public const int MostOpen = 5000;
    public const int MostEvents = 10_000;

    /// <summary>Told instead of all conditions for which there is no room.</summary>
    public static readonly (string Kind, string Subject) Overflow = ("alert_overflow", "alerts");

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Kind, string Subject), AlertCondition> _open = [];
    private List<(AlertCondition Condition, AlertNotice Notice)> _events = [];
    private List<AlertCondition> _dirty = [];
    private TimeSpan _repeatAfter;
    private long _leftOut;

    /// <summary>Zero: never again.</summary>
    public TimeSpan RepeatAfter
    {
        set
        {
            lock (_gate)
            {
                _repeatAfter = value;
            }
        }
    }

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>Alerts for which there was no room, since the start.</summary>
    public long LeftOut => Interlocked.Read(ref _leftOut);

    /// <summary>Takes over a condition from before the last restart.</summary>
    public void Restore(AlertCondition condition)
    {
        lock (_gate)
        {
            if (condition.IsOpen)
            {
                _open[condition.Key] = condition;
            }
        }
    }

    public RaiseEffect Raise(Alert alert)
    {
        var key = AlertText.Key(alert.Kind, alert.Subject);
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (!_open.TryGetValue(key, out var condition))
            {
                return HasRoom() ? Open(AlertText.Clean(alert), now) : LeaveOut(now);
            }

            condition.CountOne(now);
            var isWorse = alert.Severity > condition.Severity;
            var isDue = _repeatAfter > TimeSpan.Zero && now - condition.SentAt >= _repeatAfter && !condition.IsAcknowledged;
            if ((!isWorse && !isDue) || _events.Count >= mostEvents)
            {
                return MarkDirty(condition) ? RaiseEffect.Counted : RaiseEffect.Nothing;
            }

            Happened(condition, condition.Repeat(AlertText.Clean(alert), now));
            return RaiseEffect.Happened;
        }
    }

    /// <returns>Whether something is to be told.</returns>
    public bool Resolve(string kind, string subject, string message)
    {
        var key = AlertText.Key(kind, subject);
        lock (_gate)
        {
            if (!_open.Remove(key, out var condition))
            {
                return false;
            }

            Happened(condition, condition.Resolve(AlertText.Message(message), time.GetUtcNow()));
            return true;
        }
    }

    /// <returns>False when no open alert has this id.</returns>
    public bool Acknowledge(string id)
    {
        lock (_gate)
        {
            if (_open.Values.FirstOrDefault(condition => string.Equals(condition.Id, id, StringComparison.Ordinal)) is not { } found)
            {
                return false;
            }

            found.Acknowledge(time.GetUtcNow());
            _ = MarkDirty(found);
            return true;
        }
    }

    /// <summary>Whether a sink was ever told that a condition began.</summary>
    public bool WasTold(AlertCondition condition, string sink)
    {
        lock (_gate)
        {
            return condition.WasTold(sink);
        }
    }

    public void MarkTold(AlertCondition condition, string sink)
    {
        lock (_gate)
        {
            if (!condition.WasTold(sink))
            {
                condition.MarkTold(sink);
                _ = MarkDirty(condition);
            }
        }
    }

    /// <summary>What happened since the last time, in its order.</summary>
    public IReadOnlyList<(AlertCondition Condition, AlertNotice Notice)> TakeEvents()
    {
        lock (_gate)
        {
            // Only with a tenth of the room free again: at the brim it would come and go all the time.
            if (_open.Count <= mostOpen - (mostOpen / 10) && _events.Count < mostEvents && _open.Remove(Overflow, out var overflow))
            {
                Happened(overflow, overflow.Resolve("There is room for alerts again.", time.GetUtcNow()));
            }

            var events = _events;
            _events = [];
            return events;
        }
    }

    /// <summary>What is not in the database yet, as it is now.</summary>
    public IReadOnlyList<(AlertCondition Condition, AlertState State)> TakeUnwritten()
    {
        lock (_gate)
        {
            var dirty = _dirty;
            _dirty = [];
            return dirty.ConvertAll(condition =>
            {
                condition.IsDirty = false;
                return (condition, condition.Snapshot());
            });
        }
    }

    /// <summary>It could not be written.</summary>
    /// <returns>How many conditions that are over were forgotten, as there are too many.</returns>
    public int GiveBack(IReadOnlyList<(AlertCondition Condition, AlertState State)> unwritten)
    {
        lock (_gate)
        {
            foreach (var (condition, _) in unwritten)
            {
                _ = MarkDirty(condition);
            }

            var spare = _dirty.Count - mostEvents;
            return spare <= 0 ? 0 : _dirty.RemoveAll(condition => !condition.IsOpen && spare-- > 0);
        }
    }

    private bool HasRoom() => _open.Count < mostOpen && _events.Count < mostEvents;

    private RaiseEffect Open(Alert alert, DateTimeOffset now)
    {
        var condition = new AlertCondition(new AlertState(
            Id.New("alr", now), alert.Kind, alert.Subject, alert.Severity, alert.Message, alert.Details, OpenedAt: now, SentAt: now, Count: 1, LastAt: now,
            ResolvedAt: null, Resolution: null, AcknowledgedAt: null, Told: []));
        _open.Add(condition.Key, condition);
        Happened(condition, new AlertNotice(AlertEvent.Raised, now, condition.Snapshot()));
        return RaiseEffect.Happened;
    }

    private RaiseEffect LeaveOut(DateTimeOffset now)
    {
        _ = Interlocked.Increment(ref _leftOut);
        if (_open.TryGetValue(Overflow, out var overflow))
        {
            overflow.CountOne(now);
            return MarkDirty(overflow) ? RaiseEffect.Counted : RaiseEffect.Nothing;
        }

        return Open(
            new Alert(Overflow.Kind, Overflow.Subject, AlertSeverity.Critical, $"{_open.Count} alerts are open, and there is no room for more: further ones are only counted."), now);
    }

    private void Happened(AlertCondition condition, AlertNotice notice)
    {
        _events.Add((condition, notice));
        _ = MarkDirty(condition);
    }

    private bool MarkDirty(AlertCondition condition)
    {
        if (condition.IsDirty)
        {
            return false;
        }

        condition.IsDirty = true;
        _dirty.Add(condition);
        return true;
    }
}
