using System.Text;
using Gatehouse.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gatehouse.Hosting;

/// <summary>Builds a listener with the limits that keep slow or greedy clients from hurting others.</summary>
internal static class Listeners
{
    private static readonly TimeSpan DataRateGrace = TimeSpan.FromSeconds(5);

    /// <param name="logging">Where the server logs.</param>
    /// <param name="listen">Where it listens.</param>
    /// <param name="options">Its limits.</param>
    /// <param name="isNonBlocking">
    /// The application never blocks a thread: then it may run where a socket became ready, without a hop over the thread pool's queue. On
    /// two busy cores that hop was two thirds of the added time to the first token of a stream (docs/performance.md).
    /// </param>
    /// <param name="takesWebSockets">Connections may be upgraded; as many as there may be others.</param>
    /// <param name="configureServices">What the application's endpoints need.</param>
    public static WebApplication Build(
        ILoggerFactory logging, string listen, ServerOptions options, bool isNonBlocking, bool takesWebSockets, Action<IServiceCollection> configureServices)
    {
        // An empty builder reads no settings of its own: everything there is to set stands in gatehouse.yaml.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.Services.AddSingleton(logging).AddRouting();
        // Whoever stops it says how long that may take.
        _ = builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        _ = builder.WebHost.UseKestrelCore().UseSockets(sockets => sockets.UnsafePreferInlineScheduling = isNonBlocking);
        _ = builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.AllowSynchronousIO = false;
            kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.Listen(ListenAddress.TryParse(listen)!, endpoint => endpoint.Protocols = HttpProtocols.Http1);
            SetLimits(kestrel.Limits, options);
            kestrel.Limits.MaxConcurrentUpgradedConnections = takesWebSockets ? options.MaxConnections : 0;
        });
        configureServices(builder.Services);
        return builder.Build();
    }

    private static void SetLimits(KestrelServerLimits limits, ServerOptions options)
    {
        var rate = options.MinDataRate.Bytes == 0 ? null : new MinDataRate(options.MinDataRate.Bytes, DataRateGrace);
        limits.MaxRequestBodySize = options.MaxRequestBody.Bytes;
        limits.MaxRequestHeadersTotalSize = (int)options.MaxRequestHeaders.Bytes;
        limits.MaxRequestLineSize = (int)Math.Min(options.MaxRequestHeaders.Bytes, 16 * 1024);
        limits.MaxRequestHeaderCount = 100;
        limits.MaxConcurrentConnections = options.MaxConnections;
        limits.RequestHeadersTimeout = options.HeadersTimeout;
        limits.KeepAliveTimeout = options.KeepAlive;
        limits.MinRequestBodyDataRate = rate;
        limits.MinResponseDataRate = rate;
    }
}
