using System.Net;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Pipeline;

namespace Gatehouse.Upstream.Realtime;

/// <summary>
/// The opening handshake towards the provider (RFC 6455, 4.1), sent over the provider's own transport like every other request: the same
/// credential, the same rules of addresses, and a refusal with its whole body.
/// </summary>
internal static class RealtimeHandshake
{
    private const string KeyHeader = "sec-websocket-key";
    private const string ProtocolHeader = "sec-websocket-protocol";

    /// <summary>Makes a GET of a request that has everything else.</summary>
    public static void Prepare(HttpRequestMessage message, HttpRequest caller)
    {
        message.Version = HttpVersion.Version11;
        message.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        foreach (var name in caller.Headers.Keys.Where(name => name.StartsWith("sec-websocket-", StringComparison.OrdinalIgnoreCase)))
        {
            // Key, version and extensions are about one connection.
            _ = message.Headers.Remove(name);
        }

        // "The value of this header field MUST be a nonce consisting of a randomly selected 16-byte value that has been base64-encoded".
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        _ = message.Headers.TryAddWithoutValidation("connection", "Upgrade");
        _ = message.Headers.TryAddWithoutValidation("upgrade", "websocket");
        _ = message.Headers.TryAddWithoutValidation("sec-websocket-version", "13");
        _ = message.Headers.TryAddWithoutValidation(KeyHeader, key);
        if (caller.Headers.SecWebSocketProtocol is { Count: > 0 } protocols)
        {
            _ = message.Headers.TryAddWithoutValidation(ProtocolHeader, protocols.ToString());
        }
    }

    /// <returns>Why the answer is neither a WebSocket nor a refusal that can be passed on.</returns>
    public static GatewayError? Check(HttpRequestMessage request, HttpResponseMessage response, Target target)
    {
        if ((int)response.StatusCode >= 400)
        {
            return null;
        }

        var isAccepted = response.StatusCode == HttpStatusCode.SwitchingProtocols
            && string.Equals(Value(response, "sec-websocket-accept"), AcceptOf(request.Headers.NonValidated[KeyHeader].ToString()), StringComparison.Ordinal)
            // Neither was offered: "the client MUST _Fail the WebSocket Connection_".
            && Value(response, "sec-websocket-extensions") is null
            && (Value(response, ProtocolHeader) is not { } protocol || Offered(request).Contains(protocol, StringComparer.Ordinal));
        return isAccepted ? null : new GatewayError(
            GatewayErrorCode.UpstreamInvalidResponse, $"{target.Name} did not open a WebSocket: it answered with status {(int)response.StatusCode}.");
    }

    /// <summary>
    /// What the caller is told to speak: what the provider chose, else "realtime" where that was offered, as browsers break off when they
    /// offered something and nothing was chosen.
    /// </summary>
    public static string? ProtocolOf(HttpResponseMessage response, IList<string> offered) =>
        Value(response, ProtocolHeader) ?? (offered.Contains("realtime", StringComparer.Ordinal) ? "realtime" : null);

    private static string[] Offered(HttpRequestMessage request) => request.Headers.NonValidated.TryGetValues(ProtocolHeader, out var offered)
        ? offered.ToString().Split(',', StringSplitOptions.TrimEntries)
        : [];

    private static string? Value(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) && values.ToString() is { Length: > 0 } value ? value : null;

#pragma warning disable CA5350 // RFC 6455 says SHA-1; it proves that the other side speaks WebSocket, and protects nothing.
    private static string AcceptOf(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
}
