using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Gatehouse.Alerts.Channels;

/// <summary>The mail server said no.</summary>
/// <param name="code">0 when it said something that is not SMTP.</param>
internal sealed class SmtpReplyException(int code, string message) : Exception(message)
{
    public int Code { get; } = code;
}

/// <summary>
/// One conversation with a mail server (RFC 5321, STARTTLS of RFC 3207, AUTH of RFC 4954). The library's own client is obsolete and
/// cannot do TLS from the first byte.
/// </summary>
internal sealed class SmtpSession(TcpClient tcp, EmailOptions options, RemoteCertificateValidationCallback? validateCertificate) : IAsyncDisposable
{
    /// <summary>RFC 5321 allows 512; servers say more.</summary>
    private const int MaxLine = 4096;

    private const int MaxLines = 100;
    private const string LogIn = "AUTH";
    private readonly byte[] _buffer = new byte[MaxLine];
    private Stream _stream = tcp.GetStream();
    private int _start;
    private int _end;

    /// <returns>Delivered when at least one recipient was taken.</returns>
    /// <exception cref="SmtpReplyException">The server refused.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public async Task<SendResult> SendAsync(string mail, CancellationToken cancellationToken)
    {
        if (options.Tls == SmtpTls.Implicit)
        {
            await EncryptAsync(cancellationToken);
        }

        _ = await ExpectAsync("the connection", 220, cancellationToken);
        var extensions = await HelloAsync(cancellationToken);
        if (options.Tls == SmtpTls.Starttls)
        {
            _ = await SayAsync("STARTTLS", 220, cancellationToken);
            // What is here already was said in the clear, by the server or by somebody between: it must not count as said under TLS (CVE-2011-0411).
            if (_start != _end)
            {
                throw new SmtpReplyException(0, "The mail server spoke before the encryption that it had agreed to.");
            }

            await EncryptAsync(cancellationToken);
            extensions = await HelloAsync(cancellationToken);
        }

        if (options.Username is not null)
        {
            await LogInAsync(extensions, cancellationToken);
        }

        _ = await SayAsync($"MAIL FROM:<{options.From}>", 250, cancellationToken);
        var refused = await RecipientsAsync(cancellationToken);
        _ = await SayAsync("DATA", 354, cancellationToken);
        await WriteAsync(Stuffed(mail), cancellationToken);
        _ = await ExpectAsync("the mail", 250, cancellationToken);
        return refused is null ? SendResult.Delivered : new SendResult(SendOutcome.Delivered, refused);
    }

    /// <summary>Lines that begin with a dot get another one, and the mail ends with a line that is a dot (RFC 5321, 4.5.2).</summary>
    internal static string Stuffed(string mail)
    {
        // A lone CR or LF is a line's end for some servers and not for others: what stands behind it could become a command.
        var lines = mail.ReplaceLineEndings("\r\n").TrimEnd('\r', '\n').Split("\r\n");
        return string.Concat(lines.Select(line => line.StartsWith('.') ? $".{line}\r\n" : $"{line}\r\n")) + ".\r\n";
    }

    public async ValueTask DisposeAsync()
    {
        // Without a QUIT: the mail is taken or it is not, and a server that hangs must not hold this up.
        await _stream.DisposeAsync();
        tcp.Dispose();
    }

    private async Task EncryptAsync(CancellationToken cancellationToken)
    {
        var encrypted = new SslStream(_stream, leaveInnerStreamOpen: false, validateCertificate);
        _stream = encrypted;
        await encrypted.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = options.Host }, cancellationToken);
    }

    /// <returns>What the server can do, one a line.</returns>
    private async Task<IReadOnlyList<string>> HelloAsync(CancellationToken cancellationToken)
    {
        // "the client SHOULD [...] send an address literal" where it has no name that means anything to the server.
        var address = ((IPEndPoint)tcp.Client.LocalEndPoint!).Address;
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var literal = address.AddressFamily == AddressFamily.InterNetworkV6 ? $"IPv6:{new IPAddress(address.GetAddressBytes())}" : address.ToString();
        return await SayAsync($"EHLO [{literal}]", 250, cancellationToken);
    }

    private async Task LogInAsync(IReadOnlyList<string> extensions, CancellationToken cancellationToken)
    {
        var mechanisms = extensions.FirstOrDefault(line => line.StartsWith("AUTH ", StringComparison.OrdinalIgnoreCase))?.ToUpperInvariant().Split(' ') ?? [];
        var (username, password) = (options.Username!, options.Password!.Reveal());
        if (mechanisms.Contains("PLAIN", StringComparer.Ordinal))
        {
            _ = await SayAsync($"AUTH PLAIN {Base64($"\0{username}\0{password}")}", 235, cancellationToken, shownAs: LogIn);
        }
        else if (mechanisms.Contains("LOGIN", StringComparer.Ordinal))
        {
            _ = await SayAsync("AUTH LOGIN", 334, cancellationToken);
            _ = await SayAsync(Base64(username), 334, cancellationToken, shownAs: LogIn);
            _ = await SayAsync(Base64(password), 235, cancellationToken, shownAs: LogIn);
        }
        else
        {
            throw new SmtpReplyException(0, "The mail server offers neither AUTH PLAIN nor AUTH LOGIN.");
        }
    }

    /// <returns>Which recipients were refused, in words; null when none was.</returns>
    private async Task<string?> RecipientsAsync(CancellationToken cancellationToken)
    {
        var refused = 0;
        SmtpReplyException? last = null;
        foreach (var recipient in options.To)
        {
            try
            {
                _ = await SayAsync($"RCPT TO:<{recipient}>", 250, cancellationToken);
            }
            catch (SmtpReplyException exception) when (exception.Code != 0)
            {
                // While one of them is refused for now only, the mail is worth another attempt, if nobody got it.
                last = last is { Code: < 500 } ? last : exception;
                refused++;
            }
        }

        return last is null ? null
            : refused == options.To.Count ? throw last
            : string.Create(CultureInfo.InvariantCulture, $"{refused} of {options.To.Count} recipients were refused: {last.Message}");
    }

    private async Task<IReadOnlyList<string>> SayAsync(string command, int expected, CancellationToken cancellationToken, string? shownAs = null)
    {
        // No part of a command comes from outside the configuration, which has checked it; this holds even if that is forgotten.
        if (command.AsSpan().IndexOfAny('\r', '\n') >= 0)
        {
            throw new SmtpReplyException(0, "A command to the mail server would have had more than one line.");
        }

        await WriteAsync($"{command}\r\n", cancellationToken);
        return await ExpectAsync(shownAs ?? command, expected, cancellationToken);
    }

    private async Task WriteAsync(string text, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(Encoding.ASCII.GetBytes(text), cancellationToken);
        await _stream.FlushAsync(cancellationToken);
    }

    /// <returns>The lines of the reply without its code.</returns>
    private async Task<IReadOnlyList<string>> ExpectAsync(string answered, int expected, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        while (true)
        {
            var line = await LineAsync(cancellationToken);
            if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var code) || lines.Count == MaxLines)
            {
                throw new SmtpReplyException(0, "What answers there is not a mail server.");
            }

            lines.Add(line.Length > 4 ? line[4..] : "");
            // "The last line [...] will begin with the reply code, followed immediately by <SP>, optionally some text"; a dash says that more follows.
            if (line.Length > 3 && line[3] == '-')
            {
                continue;
            }

            // 251: "User not local; will forward".
            return code == expected || (expected == 250 && code == 251)
                ? lines
                : throw new SmtpReplyException(code, Refusal(answered, code, lines[^1]));
        }
    }

    private async Task<string> LineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (end >= 0)
            {
                var line = Encoding.Latin1.GetString(_buffer, _start, end).TrimEnd('\r');
                _start += end + 1;
                return line;
            }

            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            if (_end == _buffer.Length)
            {
                throw new SmtpReplyException(0, "What answers there is not a mail server: its line does not end.");
            }

            var read = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                throw new IOException("The mail server closed the connection.");
            }

            _end += read;
        }
    }

    /// <summary>What is said to a log-in is left out: it could repeat what was sent.</summary>
    private static string Refusal(string answered, int code, string text) => string.Equals(answered, LogIn, StringComparison.Ordinal)
        ? string.Create(CultureInfo.InvariantCulture, $"The mail server answered the log-in with {code}.")
        : string.Create(CultureInfo.InvariantCulture, $"The mail server answered {answered} with {code} {string.Concat(text.Take(200).Where(c => c is >= ' ' and <= '~'))}");

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
