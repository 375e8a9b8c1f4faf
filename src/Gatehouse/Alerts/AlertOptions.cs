using System.Buffers;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Alerts;

[KeyDoc("Who is told at once of what a person should know of: budgets, prices that are not known, runs that were stopped. See docs/alerts.md.")]
internal sealed record AlertOptions
{
    private const int MostSinks = 100;

    [KeyDoc("A condition that goes on is told again after this long; `0s`: never.")]
    public TimeSpan RepeatAfter { get; set; } = TimeSpan.FromHours(4);

    public IReadOnlyList<AlertSinkOptions> Sinks { get; set; } = [];

    public static void Validate(AlertOptions options, ConfigurationErrors errors)
    {
        errors.CheckDuration("alerts.repeat_after", options.RepeatAfter, canBeZero: true);
        if (options.RepeatAfter > TimeSpan.Zero && options.RepeatAfter < TimeSpan.FromMinutes(1))
        {
            errors.Add("alerts.repeat_after", "must be at least 1m, or 0s for never");
        }

        if (options.Sinks.Count > MostSinks)
        {
            errors.Add("alerts.sinks", $"are at most {MostSinks}");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < options.Sinks.Count; i++)
        {
            var (sink, path) = (options.Sinks[i], $"alerts.sinks[{i}]");
            if (!AlertSinkOptions.Validate(sink, path, errors))
            {
                continue;
            }

            if (!names.Add(sink.Identity))
            {
                errors.Add(path, sink.Name is null ? "is the same sink as one above it" : $"the name '{sink.Name}' is used twice");
            }
        }
    }
}

[KeyDoc("A receiver of alerts: one of `webhook`, `slack` and `email`.")]
internal sealed record AlertSinkOptions
{
    private const int MaxName = 100;

    [KeyDoc("Name in the log, in metrics and in the admin API.", Default = "made of its kind and address")]
    public string? Name { get; set; }

    public WebhookOptions? Webhook { get; set; }

    public SlackOptions? Slack { get; set; }

    public EmailOptions? Email { get; set; }

    [KeyDoc("Kinds of alerts that it gets, with `*` for any text.", Default = "all")]
    public IReadOnlyList<string> Kinds { get; set; } = ["*"];

    [KeyDoc("The least severity that it gets.")]
    public AlertSeverity Severity { get; set; }

    internal string Type => Webhook is not null ? "webhook" : Slack is not null ? "slack" : "email";

    /// <summary>By this it is known again after a restart. An address may hold a secret, so only the beginning of its hash is in it.</summary>
    internal string Identity => Name ?? $"{Type}-{Fingerprint(Webhook?.Url ?? Slack?.Url?.Reveal() ?? Email?.Address ?? "")}";

    /// <returns>Whether it can be told what it is.</returns>
    public static bool Validate(AlertSinkOptions options, string path, ConfigurationErrors errors)
    {
        if (options.Name is { } name && (name.Length is 0 or > MaxName || name.Any(char.IsControl)))
        {
            errors.Add($"{path}.name", $"must be 1 to {MaxName} characters on one line");
        }

        if (options.Kinds.Count == 0 || options.Kinds.Any(string.IsNullOrWhiteSpace))
        {
            errors.Add($"{path}.kinds", "must be patterns, at least one, none of them empty");
        }

        if ((options.Webhook is null ? 0 : 1) + (options.Slack is null ? 0 : 1) + (options.Email is null ? 0 : 1) != 1)
        {
            errors.Add(path, "must have exactly one of webhook, slack and email");
            return false;
        }

        if (options.Webhook is { } webhook)
        {
            WebhookOptions.Validate(webhook, $"{path}.webhook", errors);
        }
        else if (options.Slack is { } slack)
        {
            CheckUrl($"{path}.slack", slack.Url?.Reveal() ?? "", errors, isShown: false);
        }
        else
        {
            EmailOptions.Validate(options.Email!, $"{path}.email", errors);
        }

        return true;
    }

    internal static void CheckUrl(string path, string url, ConfigurationErrors errors, bool isShown)
    {
        if (url.Length == 0)
        {
            errors.Add(path, "url is missing");
        }
        else if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || (parsed.Scheme != Uri.UriSchemeHttp && parsed.Scheme != Uri.UriSchemeHttps))
        {
            errors.Add($"{path}.url", $"{(isShown ? $"'{url}'" : "it")} is not an absolute http(s) URL");
        }
        else if (parsed.UserInfo.Length > 0)
        {
            errors.Add($"{path}.url", "must not hold a name or password");
        }
    }

    private static string Fingerprint(string address) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(address)))[..8];
}

[KeyDoc("A POST of JSON, signed as Standard Webhooks says.")]
internal sealed record WebhookOptions
{
    public const string SecretPrefix = "whsec_";

    [KeyDoc("Where to. Redirects are not followed.")]
    public string Url { get; set; } = "";

    [KeyDoc("What the receiver checks the signature with: `whsec_` and base64, or any text.")]
    public Secret? Secret { get; set; }

    public static void Validate(WebhookOptions options, string path, ConfigurationErrors errors)
    {
        AlertSinkOptions.CheckUrl(path, options.Url, errors, isShown: true);
        if (options.Secret is not { } secret)
        {
            errors.Add(path, "secret is missing; the receiver checks with it that an alert comes from this gateway");
        }
        else if (secret.Reveal().StartsWith(SecretPrefix, StringComparison.Ordinal) && KeyOf(secret) is not { Length: > 0 })
        {
            errors.Add($"{path}.secret", "begins with whsec_ but what follows is not base64");
        }
    }

    /// <summary>The key of the signature; null when it cannot be read.</summary>
    public static byte[]? KeyOf(Secret secret)
    {
        var text = secret.Reveal();
        if (!text.StartsWith(SecretPrefix, StringComparison.Ordinal))
        {
            return Encoding.UTF8.GetBytes(text);
        }

        var key = new byte[text.Length];
        return Convert.TryFromBase64String(text[SecretPrefix.Length..], key, out var length) ? key[..length] : null;
    }
}

[KeyDoc("An incoming webhook of Slack, or of what understands the same (Mattermost, Rocket.Chat, Discord with `/slack`).")]
internal sealed record SlackOptions
{
    [KeyDoc("The webhook's address. Whoever knows it can write there, so it is treated as a secret.")]
    public Secret? Url { get; set; }
}

internal enum SmtpTls
{
    Starttls,
    Implicit,
    None,
}

[KeyDoc("A mail over SMTP.")]
internal sealed record EmailOptions
{
    private const int MostRecipients = 50;
    private static readonly SearchValues<char> NotInAddresses = SearchValues.Create("<>\",;()\\");

    [KeyDoc("The mail server.")]
    public string Host { get; set; } = "";

    [KeyDoc("Its port.", Default = "587; 465 with `tls: implicit`, 25 with `tls: none`")]
    public int? Port { get; set; }

    [KeyDoc("`starttls`: the connection is encrypted before anything is said, or nothing is sent. `implicit`: encrypted from the first byte. `none`: not at all.")]
    public SmtpTls Tls { get; set; }

    [KeyDoc("With a password, the gateway logs in.")]
    public string? Username { get; set; }

    [KeyDoc("Only sent over an encrypted connection, or to this machine.")]
    public Secret? Password { get; set; }

    [KeyDoc("The sender's address.")]
    public string From { get; set; } = "";

    [KeyDoc("The addresses that get it.")]
    public IReadOnlyList<string> To { get; set; } = [];

    internal int PortInUse => Port ?? Tls switch { SmtpTls.Implicit => 465, SmtpTls.None => 25, _ => 587 };

    internal string Address => string.Create(CultureInfo.InvariantCulture, $"{Host}:{PortInUse} {From} {string.Join(' ', To)}");

    public static void Validate(EmailOptions options, string path, ConfigurationErrors errors)
    {
        if (Uri.CheckHostName(options.Host) == UriHostNameType.Unknown)
        {
            errors.Add($"{path}.host", options.Host.Length == 0 ? "is missing" : $"'{options.Host}' is not the name of a host");
        }

        if (options.Port is { } port)
        {
            errors.CheckNumber($"{path}.port", port, least: 1, IPEndPoint.MaxPort);
        }

        if (options.Username is null != options.Password is null)
        {
            errors.Add(path, "username and password belong together");
        }
        else if (options.Username is not null && options.Tls == SmtpTls.None && !IsLoopback(options.Host))
        {
            errors.Add($"{path}.tls", "the password would be sent in the clear: use starttls or implicit");
        }

        CheckAddress(options.From, $"{path}.from", errors);
        if (options.To.Count is 0 or > MostRecipients)
        {
            errors.Add($"{path}.to", $"must be 1 to {MostRecipients} addresses");
        }

        for (var i = 0; i < options.To.Count; i++)
        {
            CheckAddress(options.To[i], $"{path}.to[{i}]", errors);
        }
    }

    private static bool IsLoopback(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    // RFC 5321, 4.5.3.1.3: at most 254 characters. Quoted local parts are legal and used by nobody; without them nothing can hide in an address.
    private static void CheckAddress(string address, string path, ConfigurationErrors errors)
    {
        const int MaxLength = 254;
        var at = address.IndexOf('@', StringComparison.Ordinal);
        var hasTwoParts = at > 0 && at < address.Length - 1 && address.LastIndexOf('@') == at;
        if (!hasTwoParts || address.Length > MaxLength || address.Any(c => c is <= ' ' or > '~') || address.AsSpan().ContainsAny(NotInAddresses))
        {
            errors.Add(path, $"'{address}' is not a mail address such as ops@example.com");
        }
    }
}
