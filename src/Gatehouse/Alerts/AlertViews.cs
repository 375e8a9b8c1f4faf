using System.ComponentModel;

namespace Gatehouse.Alerts;

internal sealed record AlertView(
    string Id,
    [property: Description("A stable word, such as budget_exceeded.")] string Kind,
    [property: Description("What it is about; with the kind, it identifies the condition.")] string Subject,
    [property: Description("info, warning or critical.")] string Severity,
    [property: Description("open or resolved.")] string State,
    string Message,
    IReadOnlyDictionary<string, string> Details,
    [property: Description("How often it was raised.")] long Count,
    DateTimeOffset OpenedAt,
    [property: Description("When it was last raised.")] DateTimeOffset LastAt,
    [property: Description("When sinks were last given it.")] DateTimeOffset SentAt,
    DateTimeOffset? ResolvedAt,
    [property: Description("Why it is over.")] string? Resolution,
    DateTimeOffset? AcknowledgedAt,
    [property: Description("The newest 50, newest first; null in lists.")] IReadOnlyList<AlertDeliveryView>? Deliveries);

internal sealed record AlertDeliveryView(
    string Id,
    string Sink,
    [property: Description("raised, repeated or resolved.")] string Event,
    [property: Description("waiting, delivered, refused, given_up, dropped, or not_told: the end of an alert whose beginning was not delivered.")] string State,
    int Attempts,
    string? Error,
    DateTimeOffset? EndedAt);

internal sealed record AlertTestView(string Sink, [property: Description("webhook, slack or email.")] string Type, bool Ok, string? Error);
