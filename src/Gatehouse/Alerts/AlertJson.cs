using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gatehouse.Alerts;

/// <summary>The body of a webhook: type, timestamp and data, as the Standard Webhooks specification proposes.</summary>
/// <param name="Type"><c>alert.raised</c>, <c>alert.repeated</c>, <c>alert.resolved</c> or <c>alert.test</c>.</param>
internal sealed record AlertMessage(string Type, DateTimeOffset Timestamp, AlertMessageData Data)
{
    public static AlertMessage Of(AlertNotice notice)
    {
        var alert = notice.Alert;
        return new AlertMessage($"alert.{notice.Event.Word()}", notice.Time, new AlertMessageData(
            alert.Id, alert.Kind, alert.Subject, alert.Severity.Word(), alert.Message, alert.Details, alert.ResolvedAt is null ? "open" : "resolved", alert.Count,
            alert.OpenedAt, alert.LastAt, alert.ResolvedAt, alert.Resolution));
    }
}

internal sealed record AlertMessageData(
    string Id,
    string Kind,
    string Subject,
    string Severity,
    string Message,
    IReadOnlyDictionary<string, string> Details,
    string State,
    long Count,
    DateTimeOffset OpenedAt,
    DateTimeOffset LastAt,
    DateTimeOffset? ResolvedAt,
    string? Resolution);

/// <summary>What Slack takes: a text, and an attachment with a colour and a few fields.</summary>
internal sealed record SlackMessage(string Text, IReadOnlyList<SlackAttachment> Attachments);

internal sealed record SlackAttachment(string Color, string Fallback, string Text, IReadOnlyList<SlackField> Fields, long Ts);

internal sealed record SlackField(string Title, string Value, bool Short);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AlertMessage))]
[JsonSerializable(typeof(SlackMessage))]
[JsonSerializable(typeof(AlertNotice))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(List<string>))]
internal sealed partial class AlertJson : JsonSerializerContext
{
    /// <summary>Other letters than English ones stay readable; nothing here goes into a page.</summary>
    public static readonly AlertJson Plain = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
