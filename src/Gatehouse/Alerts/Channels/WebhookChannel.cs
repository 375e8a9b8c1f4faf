using System.Text.Json;

namespace Gatehouse.Alerts.Channels;

/// <summary>Posts alerts as JSON, signed.</summary>
internal sealed class WebhookChannel(Uri url, byte[] key, HttpMessageInvoker http, TimeProvider time) : IAlertChannel
{
    public Task<SendResult> SendAsync(string id, AlertNotice notice, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(AlertMessage.Of(notice), AlertJson.Plain.AlertMessage);
        var headers = WebhookSignature.Headers(key, id, time.GetUtcNow(), body);
        return HttpPost.SendAsync(http, url, body, headers, time, readsReason: false, cancellationToken);
    }
}
