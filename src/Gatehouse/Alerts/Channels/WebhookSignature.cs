using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Alerts.Channels;

/// <summary>The headers of Standard Webhooks (specification 1.0.0): an id, a time, and an HMAC-SHA-256 over both and the body.</summary>
internal static class WebhookSignature
{
    /// <param name="id">"a unique identifier for the webhook message [...] the same when the same webhook is being resent"</param>
    /// <param name="sentAt">Of this attempt: receivers refuse what is too old, so that nobody can play it back.</param>
    public static IReadOnlyDictionary<string, string> Headers(byte[] key, string id, DateTimeOffset sentAt, ReadOnlySpan<byte> body)
    {
        var timestamp = sentAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hmac.AppendData(Encoding.UTF8.GetBytes($"{id}.{timestamp}."));
        hmac.AppendData(body);
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["webhook-id"] = id,
            ["webhook-timestamp"] = timestamp,
            ["webhook-signature"] = $"v1,{Convert.ToBase64String(hmac.GetHashAndReset())}",
        };
    }
}
