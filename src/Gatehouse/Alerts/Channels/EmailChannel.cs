using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Gatehouse.Alerts.Channels;

/// <summary>Sends alerts by mail, with a conversation of its own for each.</summary>
/// <param name="validateCertificate">Null: as the system does.</param>
internal sealed class EmailChannel(EmailOptions options, RemoteCertificateValidationCallback? validateCertificate) : IAlertChannel
{
    /// <summary>Many mail servers let whoever connects wait for some ten seconds, to be rid of those who cannot.</summary>
    public TimeSpan AttemptLimit => TimeSpan.FromMinutes(1);

    public async Task<SendResult> SendAsync(string id, AlertNotice notice, CancellationToken cancellationToken)
    {
        try
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(options.Host, options.PortInUse, cancellationToken);
            await using var session = new SmtpSession(tcp, options, validateCertificate);
            return await session.SendAsync(AlertMail.Write(id, notice, options), cancellationToken);
        }
        catch (SmtpReplyException exception)
        {
            // RFC 5321, 4.2.1: 4yz "the requestor should [...] try again", 5yz "the SMTP client SHOULD NOT repeat the exact request".
            return new SendResult(exception.Code / 100 == 5 ? SendOutcome.Refused : SendOutcome.Failed, exception.Message);
        }
        catch (SocketException exception)
        {
            return new SendResult(SendOutcome.Failed, string.Create(CultureInfo.InvariantCulture, $"{options.Host}:{options.PortInUse}: {exception.Message}"));
        }
        catch (Exception exception) when (exception is IOException or AuthenticationException)
        {
            return new SendResult(SendOutcome.Failed, exception.Message);
        }
    }
}
