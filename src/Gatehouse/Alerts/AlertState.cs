using System.Text.Json.Serialization;

namespace Gatehouse.Alerts;

/// <summary>One condition from its beginning to its end, as it is at one moment.</summary>
/// <param name="Id"><c>alr_...</c></param>
/// <param name="Message">Of the last time that it was raised.</param>
/// <param name="Count">How often it was raised.</param>
/// <param name="SentAt">When sinks were last given it.</param>
/// <param name="Resolution">Why it is over, in one sentence.</param>
/// <param name="Told">Names of the sinks that have taken it: they are told of its end.</param>
internal sealed record AlertState(
    string Id,
    string Kind,
    string Subject,
    AlertSeverity Severity,
    string Message,
    IReadOnlyDictionary<string, string> Details,
    DateTimeOffset OpenedAt,
    DateTimeOffset SentAt,
    long Count,
    DateTimeOffset LastAt,
    DateTimeOffset? ResolvedAt,
    string? Resolution,
    DateTimeOffset? AcknowledgedAt,
    IReadOnlyList<string> Told);

[JsonConverter(typeof(JsonStringEnumConverter<AlertEvent>))]
internal enum AlertEvent
{
    Raised,

    /// <summary>It goes on for longer than <c>repeat_after</c>, or became more severe.</summary>
    Repeated,
    Resolved,

    /// <summary>Sent on demand, to see whether sinks work.</summary>
    Test,
}

/// <summary>What sinks are told: an alert as it was when something happened to it.</summary>
internal sealed record AlertNotice(AlertEvent Event, DateTimeOffset Time, AlertState Alert);

internal static class AlertWords
{
    public static string Word(this AlertSeverity severity) => severity switch
    {
        AlertSeverity.Info => "info",
        AlertSeverity.Warning => "warning",
        _ => "critical",
    };

    public static string Word(this AlertEvent happened) => happened switch
    {
        AlertEvent.Raised => "raised",
        AlertEvent.Repeated => "repeated",
        AlertEvent.Resolved => "resolved",
        _ => "test",
    };
}
