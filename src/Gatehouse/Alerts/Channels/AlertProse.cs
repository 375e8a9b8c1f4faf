using System.Globalization;

namespace Gatehouse.Alerts.Channels;

/// <summary>Alerts in words, for people.</summary>
internal static class AlertProse
{
    /// <summary><c>[critical] budget_exceeded: team-a</c></summary>
    public static string Title(AlertNotice notice)
    {
        var alert = notice.Alert;
        var label = notice.Event switch
        {
            AlertEvent.Resolved => "resolved",
            AlertEvent.Repeated => $"{alert.Severity.Word()}, goes on",
            _ => alert.Severity.Word(),
        };
        return $"[{label}] {alert.Kind}: {alert.Subject}";
    }

    public static string Sentence(AlertNotice notice) => notice.Event == AlertEvent.Resolved && notice.Alert.Resolution is { Length: > 0 } resolution ? resolution : notice.Alert.Message;

    public static string Times(AlertNotice notice)
    {
        var alert = notice.Alert;
        var times = $"since {Time(alert.OpenedAt)}, {alert.Count.ToString(CultureInfo.InvariantCulture)}x, last {Time(alert.LastAt)}";
        return alert.ResolvedAt is { } end ? $"{times}, over {Time(end)} ({alert.Id})" : $"{times} ({alert.Id})";
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
