using System.Collections.ObjectModel;
using System.Text.Json;

namespace Gatehouse.Alerts.Channels;

/// <summary>Posts alerts to an incoming webhook of Slack. The text says all by itself, for receivers that know nothing else.</summary>
internal sealed class SlackChannel(Uri url, HttpMessageInvoker http, TimeProvider time) : IAlertChannel
{
    public Task<SendResult> SendAsync(string id, AlertNotice notice, CancellationToken cancellationToken) => HttpPost.SendAsync(
        http, url, JsonSerializer.SerializeToUtf8Bytes(MessageOf(notice), AlertJson.Plain.SlackMessage), ReadOnlyDictionary<string, string>.Empty, time, readsReason: true,
        cancellationToken);

    public static SlackMessage MessageOf(AlertNotice notice)
    {
        var alert = notice.Alert;
        var (title, text) = (Escape(AlertProse.Title(notice)), Escape(AlertProse.Sentence(notice)));
        var fields = alert.Details.Select(detail => new SlackField(Escape(detail.Key), Escape(detail.Value), Short: true)).ToList();
        return new SlackMessage($"{title}: {text}", [new SlackAttachment(ColorOf(notice), title, Escape(AlertProse.Times(notice)), fields, notice.Time.ToUnixTimeSeconds())]);
    }

    // "Slack uses &, < and > as control characters"; escaped, nobody can be mentioned, and no link be hidden, by what a client sends.
    private static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    private static string ColorOf(AlertNotice notice) => (notice.Event, notice.Alert.Severity) switch
    {
        (AlertEvent.Resolved, _) => "#2eb67d",
        (_, AlertSeverity.Critical) => "#e01e5a",
        (_, AlertSeverity.Warning) => "#ecb22e",
        _ => "#36c5f0",
    };
}
