using System.Globalization;
using System.Net.Http.Headers;
using Gatehouse.Protocols.Chat;
using Gatehouse.Upstream.Failures;

namespace Gatehouse.Upstream.Translation;

/// <summary>
/// What a provider says of its rate limits and of the call, in the caller's words: OpenAI's <c>x-ratelimit-remaining-tokens</c> with
/// durations (<c>6m0s</c>), Anthropic's <c>anthropic-ratelimit-tokens-remaining</c> with times (RFC 3339). <c>retry-after</c> is common to
/// all.
/// </summary>
internal static class RateLimitHeaders
{
    private static readonly string[] Kept = ["retry-after", "retry-after-ms", "x-should-retry"];
    private static readonly string[] RequestIds = ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-goog-request-id"];
    private static readonly string[] Resources = ["requests", "tokens", "input-tokens", "output-tokens"];
    private static readonly string[] Facts = ["limit", "remaining", "reset"];

    public static void Copy(HttpResponseMessage from, IHeaderDictionary to, Dialect caller, DateTimeOffset now)
    {
        var headers = from.Headers.NonValidated;
        foreach (var name in Kept)
        {
            if (Value(headers, name) is { } value)
            {
                to[name] = value;
            }
        }

        foreach (var name in RequestIds)
        {
            if (Value(headers, name) is { } id)
            {
                to[NameOfRequestId(caller)] = id;
                break;
            }
        }

        foreach (var resource in Resources)
        {
            foreach (var fact in Facts)
            {
                var openAi = Value(headers, $"x-ratelimit-{fact}-{resource}");
                var anthropic = openAi is null ? Value(headers, $"anthropic-ratelimit-{resource}-{fact}") : null;
                if (openAi is not null || anthropic is not null)
                {
                    Write(to, caller, resource, fact, openAi, anthropic, now);
                }
            }
        }
    }

    /// <summary>The header by which the SDKs of a dialect know a call.</summary>
    public static string NameOfRequestId(Dialect caller) => caller == Dialect.Anthropic ? "request-id" : "x-request-id";

    public static bool IsOne(string header) => header.StartsWith("x-ratelimit-", StringComparison.OrdinalIgnoreCase) || header.StartsWith("anthropic-ratelimit-", StringComparison.OrdinalIgnoreCase);

    /// <param name="resource">Such as <c>input-tokens</c>.</param>
    /// <param name="fact"><c>limit</c>, <c>remaining</c> or <c>reset</c>.</param>
    public static string NameOf(Dialect caller, string resource, string fact) =>
        caller == Dialect.Anthropic ? $"anthropic-ratelimit-{resource}-{fact}" : $"x-ratelimit-{fact}-{resource}";

    /// <summary>RFC 3339, in whole seconds: never too early.</summary>
    public static string Time(DateTimeOffset time) =>
        time.AddTicks(TimeSpan.TicksPerSecond - 1).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>As OpenAI writes it: <c>120ms</c>, <c>1s</c>, <c>6m0s</c>, <c>1h0m0s</c>; never too early.</summary>
    public static string Duration(TimeSpan wait)
    {
        if (wait <= TimeSpan.Zero)
        {
            return "0s";
        }

        if (wait < TimeSpan.FromSeconds(1))
        {
            return string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(wait.TotalMilliseconds)}ms");
        }

        var seconds = (long)Math.Ceiling(wait.TotalSeconds);
        return seconds < 60 ? string.Create(CultureInfo.InvariantCulture, $"{seconds}s")
            : seconds < 3600 ? string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}m{seconds % 60}s")
            : string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600}h{seconds / 60 % 60}m{seconds % 60}s");
    }

    private static void Write(IHeaderDictionary to, Dialect caller, string resource, string fact, string? openAi, string? anthropic, DateTimeOffset now)
    {
        var toAnthropic = caller == Dialect.Anthropic;
        var value = fact != "reset" ? openAi ?? anthropic
            : toAnthropic ? anthropic ?? (HeaderTime.Duration(openAi) is { } wait ? Time(now + wait) : null)
            : openAi ?? (DateTimeOffset.TryParse(anthropic, CultureInfo.InvariantCulture, out var time) ? Text(time - now) : null);
        if (value is not null)
        {
            to[NameOf(caller, resource, fact)] = value;
        }
    }

    private static string Text(TimeSpan wait) => wait <= TimeSpan.Zero ? "0s" : $"{Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture)}s";

    private static string? Value(HttpHeadersNonValidated headers, string name)
    {
        var value = headers.TryGetValues(name, out var values) ? values.ToString() : null;
        return value is { Length: > 0 and < 256 } && !value.Any(char.IsControl) && value.All(char.IsAscii) ? value : null;
    }
}
