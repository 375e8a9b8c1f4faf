using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Upstream.Credentials;

/// <summary>Asks a token endpoint or a metadata service. Whatever goes wrong is a sentence, not an exception.</summary>
internal sealed class CredentialClient(HttpMessageInvoker transport)
{
    private const int MaxAnswerLength = 256 * 1024;
    private const int MaxQuotedLength = 300;

    /// <summary>
    /// One that reaches the metadata services of clouds, which no provider may; past any proxy, as they answer for this machine alone.
    /// </summary>
    /// <param name="hosts">The hosts it is made for; another link-local or metadata address is refused all the same.</param>
    public static CredentialClient ForMetadata(IReadOnlyList<string> hosts, TimeProvider time) => new(Transports.Create(
        new TransportKey("metadata", "", ConnectTimeout: TimeSpan.FromSeconds(2), string.Join(' ', hosts)), hosts, time, useProxy: false));

    public static CredentialClient ForTokens(TimeProvider time) =>
        new(Transports.Create(new TransportKey("tokens", "", ConnectTimeout: TimeSpan.FromSeconds(5), ""), [], time));

    /// <returns>The body of a success; or where it was asked and what was wrong.</returns>
    public async Task<(byte[]? Body, string? Error)> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var where = request.RequestUri!.GetLeftPart(UriPartial.Path);
        try
        {
            using (request)
            {
                using var response = await transport.SendAsync(request, cancellationToken);
                await response.Content.LoadIntoBufferAsync(MaxAnswerLength, cancellationToken);
                var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
                return response.IsSuccessStatusCode ? (body, null) : (null, $"{where} answered {(int)response.StatusCode}{Reason(body)}");
            }
        }
        catch (OperationCanceledException)
        {
            return (null, $"{where} did not answer in time");
        }
        catch (HttpRequestException exception)
        {
            return (null, $"{where} could not be reached ({Why(exception)})");
        }
    }

    /// <summary>Members of an answer that must be an object of JSON; null where it is not.</summary>
    public static JsonElement? ObjectOf(byte[] body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            return JsonElement.ParseValue(ref reader) is { ValueKind: JsonValueKind.Object } element ? element : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A member that is a text and not empty.</summary>
    public static string? TextOf(JsonElement element, string name)
    {
        try
        {
            return element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
                ? text
                : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair in it, or in a name: JSON (RFC 8259, 8.2), but no text.
            return null;
        }
    }

    /// <summary>A member that is a text which can be sent in a header.</summary>
    public static string? TokenOf(JsonElement element, string name) =>
        TextOf(element, name) is { } text && text.All(c => c is > ' ' and <= '~') ? text : null;

    private static string Why(HttpRequestException exception) =>
        (exception.HttpRequestError, (exception.InnerException as SocketException)?.SocketErrorCode) switch
        {
            (HttpRequestError.NameResolutionError, _) => "its name is not known here",
            (_, SocketError.ConnectionRefused) => "it refuses connections",
            (_, SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.TimedOut) => "there is no way to it",
            (HttpRequestError.ConfigurationLimitExceeded, _) => "its answer is too long",
            (HttpRequestError.SecureConnectionError, _) => "no TLS connection could be made",
            _ => "the connection failed",
        };

    /// <summary>RFC 6749, 5.2: <c>error</c> and <c>error_description</c>; AWS services say <c>message</c>.</summary>
    private static string Reason(byte[] body)
    {
        if (ObjectOf(body) is not { } answer)
        {
            return "";
        }

        string?[] said = [TextOf(answer, "error"), TextOf(answer, "error_description"), TextOf(answer, "message"), TextOf(answer, "Message")];
        var text = new StringBuilder(": ").AppendJoin(", ", said.Where(part => part is not null));
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]))
            {
                text[i] = ' ';
            }
        }

        return text.Length == 2 ? "" : text.ToString(0, Math.Min(text.Length, MaxQuotedLength)).TrimEnd('.');
    }
}
