namespace Gatehouse.Alerts;

/// <summary>A condition in memory. Everything here is read and changed under the lock of <see cref="OpenAlerts"/>.</summary>
internal sealed class AlertCondition(AlertState state)
{
    private AlertState _state = state;

    public string Id => _state.Id;

    public (string Kind, string Subject) Key => (_state.Kind, _state.Subject);

    public AlertSeverity Severity => _state.Severity;

    public bool IsOpen => _state.ResolvedAt is null;

    public bool IsAcknowledged => _state.AcknowledgedAt is not null;

    public DateTimeOffset SentAt => _state.SentAt;

    /// <summary>What is in memory is not in the database yet.</summary>
    public bool IsDirty { get; set; }

    private long _count = state.Count;
    private DateTimeOffset _lastAt = state.LastAt;

    /// <summary>Nothing but a count, so that it costs nothing on the path of exchanges.</summary>
    public void CountOne(DateTimeOffset now)
    {
        _count++;
        _lastAt = now;
    }

    public AlertState Snapshot() => _state = _state with { Count = _count, LastAt = _lastAt };

    public AlertNotice Repeat(Alert alert, DateTimeOffset now)
    {
        // It is as severe as it has been at worst.
        var severity = alert.Severity > _state.Severity ? alert.Severity : _state.Severity;
        _state = _state with { Severity = severity, Message = alert.Message, Details = alert.Details, SentAt = now };
        return new AlertNotice(AlertEvent.Repeated, now, Snapshot());
    }

    public AlertNotice Resolve(string message, DateTimeOffset now)
    {
        _state = _state with { ResolvedAt = now, Resolution = message };
        return new AlertNotice(AlertEvent.Resolved, now, Snapshot());
    }

    public void Acknowledge(DateTimeOffset now) => _state = _state with { AcknowledgedAt = _state.AcknowledgedAt ?? now };

    public bool WasTold(string sink) => _state.Told.Contains(sink, StringComparer.Ordinal);

    public void MarkTold(string sink) => _state = _state with { Told = [.. _state.Told, sink] };
}
