using System.Net;
using System.Net.Security;
using System.Text;
using Gatehouse.Upstream.Sandbox;

namespace Gatehouse.Upstream;

/// <summary>
/// Makes the connections to a provider. A transport that a reload has replaced is not disposed of: exchanges in flight may still begin a retry on
/// it. When the last of them is over nobody knows it any more, and its connections close like any others that are idle.
/// </summary>
internal static class Transports
{
    /// <param name="key">What it is for.</param>
    /// <param name="allowedHosts">Hosts that may be connected to in spite of their address.</param>
    /// <param name="time">The clock.</param>
    /// <param name="useProxy">Goes through the proxy that the environment names, if it does.</param>
    /// <param name="pool">How long connections are kept; as <see cref="ConnectionPoolLimits"/> has it by default.</param>
    /// <param name="resolve">Finds the addresses of a host; the system's resolver by default.</param>
    public static HttpMessageInvoker Create(
        TransportKey key, IReadOnlyList<string> allowedHosts, TimeProvider time, bool useProxy = true,
        ConnectionPoolLimits? pool = null, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        pool ??= new ConnectionPoolLimits();
        resolve ??= Dns.GetHostAddressesAsync;
        if (string.Equals(key.Kind, ProviderTable.Sandbox, StringComparison.Ordinal))
        {
            return new HttpMessageInvoker(new SandboxHandler(time));
        }

        return new HttpMessageInvoker(new SocketsHttpHandler
        {
            // A redirect would carry the provider's key to another host.
            AllowAutoRedirect = false,
            UseProxy = useProxy,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            // Headers pass byte for byte, whatever encoding they are in; the listener reads and writes them in the same way.
            RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
            ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
            ConnectTimeout = key.ConnectTimeout,
            PooledConnectionLifetime = pool.Lifetime,
            PooledConnectionIdleTimeout = pool.IdleTimeout,
            EnableMultipleHttp2Connections = true,
            // A connection whose other end vanished without a word (a NAT entry, a host) would swallow every call that shares it, each up to
            // its own time limit. Asked only while somebody waits: some servers close a connection that pings when it is idle.
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            // A call that ends early closes its connection at once: the provider stops working, and stops charging.
            MaxResponseDrainSize = 0,
            ResponseDrainTimeout = TimeSpan.Zero,
            SslOptions = new SslClientAuthenticationOptions { CertificateRevocationCheckMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck },
            ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, allowedHosts, resolve, time, cancellationToken),
        });
    }

    private static async ValueTask<Stream> ConnectAsync(
        DnsEndPoint endPoint, IReadOnlyList<string> allowedHosts, Func<string, CancellationToken, Task<IPAddress[]>> resolve, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(endPoint.Host, out var literal) ? [literal] : await resolve(endPoint.Host, cancellationToken);
        if (addresses.Length == 0)
        {
            throw new HttpRequestException(HttpRequestError.NameResolutionError, $"{endPoint.Host} has no address");
        }

        if (!allowedHosts.Contains(endPoint.Host, StringComparer.OrdinalIgnoreCase))
        {
            addresses = Array.FindAll(addresses, address => !UpstreamAddresses.Refuses(address));
            if (addresses.Length == 0)
            {
                throw new HttpRequestException(HttpRequestError.ConnectionError, $"{endPoint.Host} leads to a link-local or cloud metadata address");
            }
        }

        return await HappyEyeballs.ConnectAsync(
            addresses, (address, token) => TcpConnection.OpenAsync(address, endPoint.Port, token), time, cancellationToken);
    }
}

/// <summary>How long connections to a provider are kept.</summary>
internal sealed record ConnectionPoolLimits
{
    /// <summary>
    /// A connection is not used for new calls after this time, so that they go where the name leads by then; a call that runs on it is not disturbed.
    /// As long as IHttpClientFactory keeps its handlers, for the same reason ("Guidelines for using HttpClient", learn.microsoft.com, 2025).
    /// </summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>A connection that nobody uses is closed after this time.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(90);
}
