using System.Collections.Concurrent;
using Gatehouse.Alerts;
using Gatehouse.Alerts.Channels;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Alerts;

internal static class TestAlerts
{
    public static readonly DateTimeOffset Start = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public static AlertState State(string kind, string subject, AlertSeverity severity, string message = "Something is wrong.") => new(
        "alr_" + subject.GetHashCode(StringComparison.Ordinal), kind, subject, severity, message, new Dictionary<string, string>(StringComparer.Ordinal) { ["limit"] = "50 <USD>" },
        OpenedAt: Start, SentAt: Start, Count: 1, LastAt: Start, ResolvedAt: null, Resolution: null, AcknowledgedAt: null, Told: []);

    public static AlertNotice Notice(string subject = "team", string message = "Something is wrong.") =>
        new(AlertEvent.Raised, Start, State("budget_exceeded", subject, AlertSeverity.Critical, message));
}

/// <summary>A channel that answers as it is told, and by itself with yes.</summary>
internal sealed class ScriptedChannel : IAlertChannel
{
    private readonly ConcurrentQueue<string> _subjects = new();

    public ConcurrentQueue<SendResult> Answers { get; } = new();

    public ConcurrentQueue<string> Ids { get; } = new();

    /// <summary>Subjects of all attempts.</summary>
    public string Sent => string.Join(' ', _subjects);

    public bool IsSilent { get; set; }

    public Exception? Throws { get; set; }

    public async Task<SendResult> SendAsync(string id, AlertNotice notice, CancellationToken cancellationToken)
    {
        _subjects.Enqueue(notice.Alert.Subject);
        Ids.Enqueue(id);
        if (Throws is { } exception)
        {
            throw exception;
        }

        if (IsSilent)
        {
            await new TaskCompletionSource<SendResult>().Task.WaitAsync(cancellationToken);
        }

        return Answers.TryDequeue(out var answer) ? answer : SendResult.Delivered;
    }
}

/// <summary>A clock turned by hand that knows how long sinks leave their receivers alone.</summary>
internal sealed class PauseTime : TimeProvider
{
    /// <summary>Of attempts, and of what is written later: no pauses.</summary>
    private static readonly TimeSpan[] Others = [TimeSpan.FromSeconds(20), Timeout.InfiniteTimeSpan];

    private readonly ManualTime _time = new();
    private readonly ConcurrentQueue<TimeSpan> _pauses = new();

    public TimeSpan[] Pauses => [.. _pauses];

    public override long TimestampFrequency => _time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => _time.GetUtcNow();

    public override long GetTimestamp() => _time.GetTimestamp();

    public void Advance(TimeSpan by) => _time.Advance(by);

    public Task PausedAsync(int count) => Eventually.TrueAsync(() => _pauses.Count >= count, $"pause {count}");

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = _time.CreateTimer(callback, state, dueTime, period);
        if (!Others.Contains(dueTime))
        {
            _pauses.Enqueue(dueTime);
        }

        return timer;
    }
}
