using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Gatehouse.Upstream.Sandbox;

namespace Gatehouse.Upstream;

/// <summary>Makes the connections to a provider.</summary>
internal static class Transports
{
    public static HttpMessageInvoker Create(TransportKey key, IReadOnlyList<string> allowedHosts, TimeProvider time, bool useProxy = true)
    {
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
            PooledConnectionLifetime = TimeSpan.FromMinutes(15),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(90),
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
            ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, allowedHosts, cancellationToken),
        });
    }

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, IReadOnlyList<string> allowedHosts, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(endPoint.Host, out var literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(endPoint.Host, cancellationToken);
        if (!allowedHosts.Contains(endPoint.Host, StringComparer.OrdinalIgnoreCase))
        {
            addresses = Array.FindAll(addresses, address => !UpstreamAddresses.Refuses(address));
            if (addresses.Length == 0)
            {
                throw new HttpRequestException(HttpRequestError.ConnectionError, $"{endPoint.Host} leads to a link-local or cloud metadata address");
            }
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, endPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
