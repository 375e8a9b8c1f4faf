using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Gatehouse.Alerts;
using Gatehouse.Alerts.Channels;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Tests.Alerts;

/// <summary>Mails over a real connection to a mail server: what is said in which order, and that nothing in an alert can add to it.</summary>
public sealed partial class EmailChannelTests
{
    private const string Password = "the-password-itself";

    [Fact]
    public async Task A_mail_is_sent_as_the_standard_says()
    {
        await using var server = new MailServer();

        var result = await SendAsync(server, Options(server, SmtpTls.None), TestAlerts.Notice());

        Assert.Equal(SendResult.Delivered, result);
        Assert.Equal(
            "EHLO [127.0.0.1], MAIL FROM:<gatehouse@example.com>, RCPT TO:<ops@example.com>, RCPT TO:<boss@example.com>, DATA", string.Join(", ", server.Commands));
        var mail = Assert.Single(server.Mails);
        Assert.Equal("Gatehouse <gatehouse@example.com>", Header(mail, "From"));
        Assert.Equal("ops@example.com, boss@example.com", Header(mail, "To"));
        Assert.Equal("[critical] budget_exceeded: team", Header(mail, "Subject"));
        Assert.Equal("Fri, 20 Nov 2026 12:00:00 +0000", Header(mail, "Date"));
        Assert.Equal("<dlv_1@example.com>", Header(mail, "Message-ID"));
        Assert.Equal("auto-generated", Header(mail, "Auto-Submitted"));
        Assert.Equal("Something is wrong.\r\n\r\nlimit: 50 <USD>\r\n\r\n", Body(mail)[..Body(mail).IndexOf("since", StringComparison.Ordinal)]);
        Assert.All(mail.Split("\r\n"), line => Assert.True(line.Length <= 78, line));
    }

    [Theory]
    [InlineData(nameof(SmtpTls.Starttls), "EHLO [127.0.0.1], STARTTLS, TLS, EHLO [127.0.0.1], AUTH PLAIN AG1lAHRoZS1wYXNzd29yZC1pdHNlbGY=, MAIL")]
    [InlineData(nameof(SmtpTls.Implicit), "TLS, EHLO [127.0.0.1], AUTH PLAIN AG1lAHRoZS1wYXNzd29yZC1pdHNlbGY=, MAIL")]
    public async Task The_password_is_said_under_encryption_only(string tls, string conversation)
    {
        await using var server = new MailServer { IsImplicit = tls == nameof(SmtpTls.Implicit) };

        var result = await SendAsync(server, LoggedIn(server, Enum.Parse<SmtpTls>(tls)), TestAlerts.Notice());

        Assert.Equal(SendOutcome.Delivered, result.Outcome);
        Assert.StartsWith(conversation, string.Join(", ", server.Commands), StringComparison.Ordinal);
        Assert.Single(server.Mails);
    }

    [Fact]
    public async Task An_older_way_to_log_in_is_understood()
    {
        await using var server = new MailServer
        {
            Extensions = ["AUTH LOGIN"],
            Answer = line => line == Base64("me") ? "334 UGFzc3dvcmQ6" : line == Base64(Password) ? "235 welcome" : null,
        };

        var result = await SendAsync(server, LoggedIn(server, SmtpTls.None), TestAlerts.Notice());

        Assert.Equal(SendOutcome.Delivered, result.Outcome);
        Assert.Equal($"EHLO [127.0.0.1], AUTH LOGIN, {Base64("me")}, {Base64(Password)}", string.Join(", ", server.Commands.Take(4)));
    }

    [Fact]
    public async Task Nothing_is_sent_to_a_server_that_does_not_encrypt()
    {
        await using var server = new MailServer { Answer = line => line == "STARTTLS" ? "502 not here" : null };

        var result = await SendAsync(server, LoggedIn(server, SmtpTls.Starttls), TestAlerts.Notice());

        Assert.Equal((SendOutcome.Refused, "The mail server answered STARTTLS with 502 not here"), (result.Outcome, result.Error));
        Assert.Equal("EHLO [127.0.0.1], STARTTLS", string.Join(", ", server.Commands));
    }

    [Fact]
    public async Task Nothing_is_sent_to_a_server_with_a_wrong_certificate()
    {
        await using var server = new MailServer();
        var channel = new EmailChannel(LoggedIn(server, SmtpTls.Starttls), validateCertificate: null);

        var result = await channel.SendAsync("dlv_1", TestAlerts.Notice(), TestContext.Current.CancellationToken);

        Assert.Equal(SendOutcome.Failed, result.Outcome);
        Assert.Equal("EHLO [127.0.0.1], STARTTLS", string.Join(", ", server.Commands.Where(command => command != "TLS")));
    }

    [Fact]
    public async Task What_was_said_in_the_clear_does_not_count_as_said_under_encryption()
    {
        // CVE-2011-0411: somebody between puts a command's answer behind that to STARTTLS.
        await using var server = new MailServer { Answer = line => line == "STARTTLS" ? "220 go ahead\r\n250 AUTH PLAIN" : null };

        var result = await SendAsync(server, LoggedIn(server, SmtpTls.Starttls), TestAlerts.Notice());

        Assert.Equal(SendOutcome.Failed, result.Outcome);
        Assert.DoesNotContain(server.Commands, command => command.StartsWith("AUTH", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("team\r\nBcc: everybody@example.com")]
    [InlineData("team\r\n\r\nA body")]
    [InlineData("team\r\n.\r\nMAIL FROM:<x@example.com>")]
    [InlineData("team\nBcc: everybody@example.com")]
    [InlineData("team\rBcc: everybody@example.com")]
    [InlineData("t\u00e9am \u2028 =?UTF-8?B?DQpCY2M6IHg=?= \u65e5\u672c\u8a9e\U0001F600 with a text that is long enough for several words of it, and for more")]
    public async Task Nothing_in_an_alert_can_add_a_header_a_recipient_or_a_command(string subject)
    {
        await using var server = new MailServer();

        // Not even past the cleaning that comes before.
        var result = await SendAsync(server, Options(server, SmtpTls.None), TestAlerts.Notice(subject, $"{subject}\r\n.\r\nRCPT TO:<x@example.com>"));

        Assert.Equal(SendOutcome.Delivered, result.Outcome);
        Assert.Equal(5, server.Commands.Count);
        var mail = Assert.Single(server.Mails);
        var head = mail[..mail.IndexOf("\r\n\r\n", StringComparison.Ordinal)];
        Assert.Equal(
            "From To Subject Date Message-ID References Auto-Submitted MIME-Version Content-Type Content-Transfer-Encoding",
            string.Join(' ', head.Replace("\r\n ", " ", StringComparison.Ordinal).Split("\r\n").Select(line => line.Split(':')[0])));
        Assert.All(head, c => Assert.InRange(c, '\n', '~'));
        Assert.All(head.Split("\r\n"), line => Assert.True(line.Length <= 76, line));
        Assert.Equal($"[critical] budget_exceeded: {subject}", Decoded(Header(mail, "Subject")));
        Assert.Contains(subject, Body(mail), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\r\n.b\r\n..c\r\n.", "a\r\n..b\r\n...c\r\n..\r\n.\r\n")]
    [InlineData("a\n.\nb\r.\rc", "a\r\n..\r\nb\r\n..\r\nc\r\n.\r\n")]
    [InlineData("", "\r\n.\r\n")]
    public void Lines_that_begin_with_a_dot_get_another_one(string mail, string sent) => Assert.Equal(sent, SmtpSession.Stuffed(mail));

    [Theory]
    [InlineData("CONNECT", "554 go away", "Refused")]
    [InlineData("CONNECT", "421 later", "Failed")]
    [InlineData("CONNECT", "SSH-2.0-OpenSSH_9.9", "Failed")]
    [InlineData("CONNECT", "", "Failed")]
    [InlineData("MAIL FROM:<gatehouse@example.com>", "451 later", "Failed")]
    [InlineData("MAIL FROM:<gatehouse@example.com>", "550 not you", "Refused")]
    [InlineData("DATA", "554 no", "Refused")]
    [InlineData("DATA", "250 what", "Failed")]
    [InlineData(".", "452 full", "Failed")]
    [InlineData(".", "550 spam", "Refused")]
    public async Task A_no_is_told_from_a_not_now(string command, string answer, string outcome)
    {
        await using var server = new MailServer { Answer = line => line == command ? answer : null };

        var result = await SendAsync(server, Options(server, SmtpTls.None), TestAlerts.Notice());

        Assert.Equal(outcome, result.Outcome.ToString());
        Assert.NotNull(result.Error);
    }

    [Fact]
    public async Task When_one_of_two_recipients_is_refused_the_other_gets_it()
    {
        await using var server = new MailServer { Answer = line => line == "RCPT TO:<boss@example.com>" ? "550 no such user" : null };

        var result = await SendAsync(server, Options(server, SmtpTls.None), TestAlerts.Notice());

        Assert.Equal(SendOutcome.Delivered, result.Outcome);
        Assert.Contains("1 of 2 recipients were refused", result.Error, StringComparison.Ordinal);
        Assert.Single(server.Mails);
    }

    [Fact]
    public async Task When_all_recipients_are_refused_and_one_for_now_only_it_is_tried_again()
    {
        await using var server = new MailServer { Answer = line => line == "RCPT TO:<ops@example.com>" ? "450 busy" : line.StartsWith("RCPT", StringComparison.Ordinal) ? "550 no" : null };

        var result = await SendAsync(server, Options(server, SmtpTls.None), TestAlerts.Notice());

        Assert.Equal(SendOutcome.Failed, result.Outcome);
        Assert.Empty(server.Mails);
    }

    [Fact]
    public async Task A_refused_log_in_does_not_show_what_was_sent()
    {
        await using var server = new MailServer { Answer = line => line.StartsWith("AUTH PLAIN", StringComparison.Ordinal) ? $"535 not {line}" : null };

        var result = await SendAsync(server, LoggedIn(server, SmtpTls.None), TestAlerts.Notice());

        Assert.Equal((SendOutcome.Refused, "The mail server answered the log-in with 535."), (result.Outcome, result.Error));
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(0)]
    public async Task An_endless_greeting_is_not_read_for_ever(int lineLength)
    {
        var endless = lineLength > 0 ? new string('x', lineLength) : string.Concat(Enumerable.Repeat("220-and\r\n", 200)) + "220 done";
        await using var server = new MailServer { Answer = line => line == "CONNECT" ? endless : null };

        var result = await SendAsync(server, Options(server, SmtpTls.None), TestAlerts.Notice());

        Assert.Equal(SendOutcome.Failed, result.Outcome);
        Assert.Contains("not a mail server", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_a_failure_that_can_pass()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var channel = new EmailChannel(new EmailOptions { Host = "127.0.0.1", Port = port, From = "a@b.c", To = ["d@e.f"] }, validateCertificate: null);

        var result = await channel.SendAsync("dlv_1", TestAlerts.Notice(), TestContext.Current.CancellationToken);

        Assert.Equal(SendOutcome.Failed, result.Outcome);
    }

    private static Task<SendResult> SendAsync(MailServer server, EmailOptions options, AlertNotice notice) =>
        new EmailChannel(options, (_, certificate, _, _) => server.Trusts(certificate)).SendAsync("dlv_1", notice, TestContext.Current.CancellationToken);

    private static EmailOptions Options(MailServer server, SmtpTls tls) =>
        new() { Host = "127.0.0.1", Port = server.Port, Tls = tls, From = "gatehouse@example.com", To = ["ops@example.com", "boss@example.com"] };

    private static EmailOptions LoggedIn(MailServer server, SmtpTls tls) => Options(server, tls) with { Username = "me", Password = new Secret(Password) };

    private static string Header(string mail, string name) =>
        mail.Replace("\r\n ", " ", StringComparison.Ordinal).Split("\r\n").Single(line => line.StartsWith($"{name}: ", StringComparison.Ordinal))[(name.Length + 2)..];

    private static string Body(string mail) => Encoding.UTF8.GetString(Convert.FromBase64String(mail[(mail.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]));

    // RFC 2047: spaces between encoded words are no part of the text.
    private static string Decoded(string header) => EncodedWord().Replace(header, match => Encoding.UTF8.GetString(Convert.FromBase64String(match.Groups["text"].Value)));

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    [GeneratedRegex(@"=\?UTF-8\?B\?(?<text>[A-Za-z0-9+/=]*)\?= ?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EncodedWord();
}
