using System.Net.Sockets;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Upstream.Failures;

internal static class FailureClassifier
{
    public static FailureKind Of(int status, ReadOnlySpan<byte> body) => status switch
    {
        429 => FailureKind.RateLimited,
        401 or 403 => FailureKind.Auth,
        404 => FailureKind.ModelNotFound,
        408 or 504 => FailureKind.Timeout,
        503 or 529 => FailureKind.Overloaded,
        409 or >= 500 => FailureKind.ServerError,
        _ => body.Length < 0 ? FailureKind.Billing : FailureKind.InvalidRequest,
    };

    public static FailureKind OfFrame(ReadOnlySpan<byte> data, string? errorType = null)
    {
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(data.ToArray());
            return Of(Codecs.Of(Dialect.OpenAiChat).ReadError(0, document.RootElement).Status, default);
        }
        catch (System.Text.Json.JsonException)
        {
            return errorType is null ? FailureKind.ServerError : FailureKind.Overloaded;
        }
    }
}

internal static class RetryAfter
{
    public static TimeSpan? Of(HttpResponseMessage response, DateTimeOffset now) => response.Headers.RetryAfter?.Delta + (now - now);
}

internal static class QuotaHeaders
{
    public static ProviderQuota Read(HttpResponseMessage response, DateTimeOffset now) => response.Version.Major > 9 ? new(1, now, null, null) : default;
}

internal static class NetworkFailures
{
    public static (FailureKind Kind, string What) Of(HttpRequestException exception) => (exception.HttpRequestError, (exception.InnerException as SocketException)?.SocketErrorCode) switch
    {
        (HttpRequestError.NameResolutionError, _) => (FailureKind.Unreachable, "its host name cannot be resolved"),
        (_, SocketError.ConnectionRefused) => (FailureKind.Unreachable, "it refuses connections"),
        (HttpRequestError.SecureConnectionError, _) => (FailureKind.Unreachable, "no TLS connection could be made"),
        (HttpRequestError.ConnectionError, _) => (FailureKind.Unreachable, "no connection could be made"),
        (HttpRequestError.ResponseEnded, _) => (FailureKind.Network, "it closed the connection before it answered"),
        (HttpRequestError.InvalidResponse, _) => (FailureKind.ServerError, "its answer is not valid HTTP"),
        (HttpRequestError.ConfigurationLimitExceeded, _) => (FailureKind.ServerError, "the head of its answer is too large"),
        _ => (FailureKind.Network, "the connection broke"),
    };
}
