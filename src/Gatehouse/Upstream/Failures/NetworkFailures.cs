using System.Net.Sockets;
using System.Security.Authentication;
using Gatehouse.Pipeline;

namespace Gatehouse.Upstream.Failures;

/// <summary>What it means that there is no answer at all.</summary>
internal static class NetworkFailures
{
    /// <returns>The kind, and what happened in words that follow "NAME could not be reached: ".</returns>
    public static (FailureKind Kind, string What) Of(HttpRequestException exception) => (exception.HttpRequestError, SocketErrorOf(exception)) switch
    {
        (HttpRequestError.NameResolutionError, _) => (FailureKind.Unreachable, "its host name cannot be resolved"),
        (_, SocketError.ConnectionRefused) => (FailureKind.Unreachable, "it refuses connections"),
        (_, SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown) =>
            (FailureKind.Unreachable, "there is no route to it"),
        (HttpRequestError.ConnectionError, SocketError.TimedOut) => (FailureKind.Timeout, "no connection could be made in time"),

        // A handshake that breaks off is a matter of the moment; a certificate that is refused is one tomorrow, too.
        (HttpRequestError.SecureConnectionError, _) when !Has<AuthenticationException>(exception) && Has<IOException>(exception) =>
            (FailureKind.Network, "the connection broke during the TLS handshake"),
        (HttpRequestError.SecureConnectionError, _) => (FailureKind.Unreachable, "no TLS connection could be made"),

        (HttpRequestError.ProxyTunnelError, _) => (FailureKind.Unreachable, "the proxy does not let it through"),
        (HttpRequestError.ConnectionError, SocketError.ConnectionReset or SocketError.ConnectionAborted) => (FailureKind.Network, "the connection broke"),
        (HttpRequestError.ConnectionError, _) => (FailureKind.Unreachable, "no connection could be made"),
        (HttpRequestError.ResponseEnded, _) => (FailureKind.Network, "it closed the connection before it answered"),
        (HttpRequestError.InvalidResponse, _) => (FailureKind.ServerError, "its answer is not valid HTTP"),
        (HttpRequestError.ConfigurationLimitExceeded, _) => (FailureKind.ServerError, "the head of its answer is too large"),
        _ => (FailureKind.Network, "the connection broke"),
    };

    private static SocketError? SocketErrorOf(Exception exception) => Find<SocketException>(exception)?.SocketErrorCode;

    private static bool Has<T>(Exception exception)
        where T : Exception => Find<T>(exception) is not null;

    private static T? Find<T>(Exception exception)
        where T : Exception
    {
        var current = exception.InnerException;
        while (current is not null and not T)
        {
            current = current.InnerException;
        }

        return (T?)current;
    }
}
