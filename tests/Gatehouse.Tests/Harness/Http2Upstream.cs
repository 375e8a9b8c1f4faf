using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Harness;

/// <summary>
/// A provider as they are on the internet: HTTP/2 over TLS, and nothing else. Its certificate is its own; a gateway trusts it when
/// <c>SSL_CERT_FILE</c>, which the TLS library itself reads, says so.
/// </summary>
internal sealed class Http2Upstream : IAsyncDisposable
{
    private readonly X509Certificate2 _certificate;
    private readonly WebApplication _application;
    private int _requests;
    private int _aborted;

    private Http2Upstream(X509Certificate2 certificate, WebApplication application) => (_certificate, _application) = (certificate, application);

    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>Requests whose head has arrived.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Requests that the other side reset.</summary>
    public int Aborted => Volatile.Read(ref _aborted);

    /// <summary>The protocols that were spoken.</summary>
    public ConcurrentDictionary<string, bool> Protocols { get; } = new(StringComparer.Ordinal);

    /// <summary>The connections that were made for requests.</summary>
    public ConcurrentDictionary<string, bool> Connections { get; } = new(StringComparer.Ordinal);

    public static async Task<Http2Upstream> StartAsync(RequestDelegate script)
    {
        var certificate = CreateCertificate();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        {
            // A script may leave a body unread for as long as it likes.
            options.Limits.MinRequestBodyDataRate = null;
            options.Limits.MaxRequestBodySize = null;
            // Room on the connection for the requests beside those that are left unread.
            options.Limits.Http2.InitialConnectionWindowSize = 64 * 1024 * 1024;
            options.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                _ = listen.UseHttps(certificate);
            });
        });
        var upstream = new Http2Upstream(certificate, builder.Build());
        upstream._application.Run(http => upstream.AnswerAsync(http, script));
        await upstream._application.StartAsync();
        return upstream;
    }

    /// <summary>Writes the certificate where a gateway can be told to trust it.</summary>
    public string WriteCertificate(string folder)
    {
        var file = Path.Combine(folder, "upstream.pem");
        File.WriteAllText(file, _certificate.ExportCertificatePem());
        return file;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _certificate.Dispose();
    }

    private static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Gatehouse test upstream", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(
            certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private async Task AnswerAsync(HttpContext http, RequestDelegate script)
    {
        Protocols[http.Request.Protocol] = true;
        Connections[http.Connection.Id] = true;
        _ = Interlocked.Increment(ref _requests);
        try
        {
            await script(http);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested)
        {
            _ = Interlocked.Increment(ref _aborted);
        }
    }
}
