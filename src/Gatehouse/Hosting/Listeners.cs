using System.Text;
using Gatehouse.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gatehouse.Hosting;

/// <summary>Builds a listener with the limits that keep slow or greedy clients from hurting others.</summary>
internal static class Listeners
{
    private static readonly TimeSpan DataRateGrace = TimeSpan.FromSeconds(5);

    public static WebApplication Build(ILoggerFactory logging, string listen, ServerOptions options, Action<IServiceCollection> configureServices)
    {
        // An empty builder reads no settings of its own: everything there is to set stands in gatehouse.yaml.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.Services.AddSingleton(logging).AddRouting();
        _ = builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        _ = builder.WebHost.UseKestrelCore().UseSockets();
        _ = builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.AllowSynchronousIO = false;
            // Bytes of a provider's header beyond ASCII pass as they came: the client of the other side reads them as Latin-1, too.
            kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
            kestrel.Listen(ListenAddress.TryParse(listen)!, endpoint => endpoint.Protocols = HttpProtocols.Http1);
            SetLimits(kestrel.Limits, options);
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
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.RequestHeadersTimeout = options.HeadersTimeout;
        limits.KeepAliveTimeout = options.KeepAlive;
        limits.MinRequestBodyDataRate = rate;
        limits.MinResponseDataRate = rate;
    }
}
