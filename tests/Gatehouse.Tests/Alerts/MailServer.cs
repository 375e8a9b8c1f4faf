using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gatehouse.Tests.Alerts;

/// <summary>
/// A mail server on loopback that speaks SMTP line by line. What it says to a command can be replaced; what it is told, commands and mails, it
/// keeps as it came over the wire.
/// </summary>
internal sealed class MailServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly X509Certificate2 _certificate = Certificate();
    private readonly Task _loop;

    public MailServer()
    {
        _listener.Start();
        _loop = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>TLS from the first byte.</summary>
    public bool IsImplicit { get; init; }

    /// <summary>Lines of the answer to EHLO behind the first.</summary>
    public string[] Extensions { get; init; } = ["SIZE 1000000", "AUTH LOGIN PLAIN", "STARTTLS"];

    /// <summary>What is said to a command instead of yes; null for yes. <c>CONNECT</c> and <c>.</c> stand for the greeting and the end of a mail.</summary>
    public Func<string, string?> Answer { get; init; } = _ => null;

    /// <summary>All that was said to it; <c>TLS</c> stands where the encryption began.</summary>
    public ConcurrentQueue<string> Commands { get; } = new();

    /// <summary>Mails with their dots as they came.</summary>
    public ConcurrentQueue<string> Mails { get; } = new();

    public bool Trusts(X509Certificate? certificate) => certificate is not null && certificate.GetCertHashString() == _certificate.GetCertHashString();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _listener.Stop();
        await Task.WhenAll(_connections);
        _certificate.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                await TalkAsync(client.GetStream());
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The gateway left.
        }
    }

    private async Task TalkAsync(Stream stream)
    {
        if (IsImplicit)
        {
            stream = await EncryptAsync(stream);
        }

        await SayAsync(stream, Answer("CONNECT") ?? "220 mail.test ready");
        while (await LineAsync(stream) is { } line)
        {
            Commands.Enqueue(line);
            var answer = Answer(line) ?? DefaultAnswer(line);
            await SayAsync(stream, answer);
            if (line == "STARTTLS" && answer == "220 go ahead")
            {
                stream = await EncryptAsync(stream);
            }
            else if (line == "DATA" && answer.StartsWith("354", StringComparison.Ordinal))
            {
                Mails.Enqueue(await MailAsync(stream));
                await SayAsync(stream, Answer(".") ?? "250 queued");
            }
        }
    }

    private string DefaultAnswer(string line) => line.Split(' ', ':')[0] switch
    {
        "EHLO" => $"250-mail.test\r\n{string.Concat(Extensions.Select(extension => $"250-{extension}\r\n"))}250 HELP",
        "STARTTLS" => "220 go ahead",
        "DATA" => "354 end with a dot",
        "AUTH" when line == "AUTH LOGIN" => "334 VXNlcm5hbWU6",
        "AUTH" => "235 welcome",
        "MAIL" or "RCPT" => "250 fine",
        _ => "500 what?",
    };

    private static async Task<string> MailAsync(Stream stream)
    {
        var mail = new StringBuilder();
        while (await LineAsync(stream) is { } line && line != ".")
        {
            _ = mail.Append(line).Append("\r\n");
        }

        return mail.ToString();
    }

    private async Task<Stream> EncryptAsync(Stream stream)
    {
        var encrypted = new SslStream(stream);
        await encrypted.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
        Commands.Enqueue("TLS");
        return encrypted;
    }

    private static async Task<string?> LineAsync(Stream stream)
    {
        // Byte by byte: what follows STARTTLS must not be taken by a reader of plain text.
        var line = new List<byte>();
        var one = new byte[1];
        while (await stream.ReadAsync(one, TestContext.Current.CancellationToken) == 1)
        {
            line.Add(one[0]);
            if (line is [.., (byte)'\r', (byte)'\n'])
            {
                return Encoding.Latin1.GetString([.. line[..^2]]);
            }
        }

        return null;
    }

    private static async Task SayAsync(Stream stream, string text)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text + "\r\n"), TestContext.Current.CancellationToken);
        await stream.FlushAsync(TestContext.Current.CancellationToken);
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mail.test", key, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(TestAlerts.Start.AddYears(-10), TestAlerts.Start.AddYears(100));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null);
    }
}
