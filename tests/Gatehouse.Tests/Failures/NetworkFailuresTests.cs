using System.Net.Sockets;
using System.Security.Authentication;
using Gatehouse.Pipeline;
using Gatehouse.Upstream.Failures;

namespace Gatehouse.Tests.Failures;

public sealed class NetworkFailuresTests
{
    [Theory]
    [InlineData(HttpRequestError.NameResolutionError, SocketError.HostNotFound, "Unreachable")]
    [InlineData(HttpRequestError.NameResolutionError, SocketError.TryAgain, "Unreachable")]
    [InlineData(HttpRequestError.ConnectionError, SocketError.ConnectionRefused, "Unreachable")]
    [InlineData(HttpRequestError.ConnectionError, SocketError.HostUnreachable, "Unreachable")]
    [InlineData(HttpRequestError.ConnectionError, SocketError.NetworkUnreachable, "Unreachable")]
    [InlineData(HttpRequestError.ConnectionError, SocketError.TimedOut, "Timeout")]
    [InlineData(HttpRequestError.ConnectionError, SocketError.ConnectionReset, "Network")]
    [InlineData(HttpRequestError.ConnectionError, null, "Unreachable")]
    [InlineData(HttpRequestError.ProxyTunnelError, null, "Unreachable")]
    [InlineData(HttpRequestError.SecureConnectionError, null, "Unreachable")]
    [InlineData(HttpRequestError.SecureConnectionError, SocketError.ConnectionReset, "Network")]
    [InlineData(HttpRequestError.ResponseEnded, null, "Network")]
    [InlineData(HttpRequestError.HttpProtocolError, null, "Network")]
    [InlineData(HttpRequestError.Unknown, SocketError.ConnectionReset, "Network")]
    [InlineData(HttpRequestError.InvalidResponse, null, "ServerError")]
    [InlineData(HttpRequestError.ConfigurationLimitExceeded, null, "ServerError")]
    public void A_broken_connection_has_its_kind(HttpRequestError error, SocketError? socket, string kind)
    {
        var inner = socket is { } code ? new IOException("broken", new SocketException((int)code)) : null;

        var (found, what) = NetworkFailures.Of(new HttpRequestException(error, "broken", inner));

        Assert.Equal(kind, found.ToString());
        Assert.NotEmpty(what);
    }

    [Fact]
    public void A_certificate_that_is_refused_is_no_accident()
    {
        var refused = new HttpRequestException(HttpRequestError.SecureConnectionError, "x", new AuthenticationException("x", new IOException()));

        Assert.Equal((FailureKind.Unreachable, "no TLS connection could be made"), NetworkFailures.Of(refused));
    }
}
