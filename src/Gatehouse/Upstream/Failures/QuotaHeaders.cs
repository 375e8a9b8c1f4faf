using System.Collections.Frozen;
using System.Globalization;

namespace Gatehouse.Upstream.Failures;

/// <summary>Reads what a provider says is left of its rate limits.</summary>
/// <remarks>
/// The names are those of the recorded traffic and of the providers' pages: OpenAI, Azure, Groq and xAI (<c>x-ratelimit-remaining-tokens</c>),
/// Anthropic (docs.claude.com/en/api/rate-limits), Cerebras (inference-docs.cerebras.ai/support/rate-limits), Mistral, Together
/// (docs.together.ai/docs/rate-limits), OpenRouter (openrouter.ai/docs/api-reference/limits). Limits of images, pages or seconds of audio
/// are left out: a target without these still answers others.
/// </remarks>
internal static class QuotaHeaders
{
    private static readonly FrozenDictionary<string, Window> Windows = new Window[]
    {
        new("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", IsTokens: false),
        new("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", IsTokens: true),
        new("x-ratelimit-remaining-project-requests", "x-ratelimit-reset-project-requests", IsTokens: false),
        new("x-ratelimit-remaining-project-tokens", "x-ratelimit-reset-project-tokens", IsTokens: true),
        new("x-ratelimit-remaining-tokens_usage_based", "x-ratelimit-reset-tokens_usage_based", IsTokens: true),

        new("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset", IsTokens: false),
        new("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset", IsTokens: true),
        new("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset", IsTokens: true),
        new("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset", IsTokens: true),

        new("x-ratelimit-remaining-requests-minute", "x-ratelimit-reset-requests-minute", IsTokens: false),
        new("x-ratelimit-remaining-requests-hour", "x-ratelimit-reset-requests-hour", IsTokens: false),
        new("x-ratelimit-remaining-requests-day", "x-ratelimit-reset-requests-day", IsTokens: false),
        new("x-ratelimit-remaining-tokens-minute", "x-ratelimit-reset-tokens-minute", IsTokens: true),
        new("x-ratelimit-remaining-tokens-hour", "x-ratelimit-reset-tokens-hour", IsTokens: true),
        new("x-ratelimit-remaining-tokens-day", "x-ratelimit-reset-tokens-day", IsTokens: true),

        new("x-ratelimit-remaining-req-minute", "x-ratelimit-reset-req-minute", IsTokens: false),
        new("x-ratelimit-remaining-req-10-second", "x-ratelimit-reset-req-10-second", IsTokens: false),
        new("x-ratelimit-remaining-tokens-month", "x-ratelimit-reset-tokens-month", IsTokens: true),
        new("ratelimitbysize-remaining", "ratelimitbysize-reset", IsTokens: true),
        new("x-ratelimitbysize-remaining", "x-ratelimitbysize-reset", IsTokens: true),
        new("x-ratelimitbysize-remaining-minute", "x-ratelimitbysize-reset-minute", IsTokens: true),
        new("x-ratelimitbysize-remaining-month", "x-ratelimitbysize-reset-month", IsTokens: true),

        // Without a word of what: requests. Together's are those of a second.
        new("x-ratelimit-remaining", "x-ratelimit-reset", IsTokens: false),
        new("x-tokenlimit-remaining", "x-tokenlimit-reset", IsTokens: true),
    }.ToFrozenDictionary(window => window.Remaining, StringComparer.OrdinalIgnoreCase);

    /// <summary>Allocates nothing where there are no such headers.</summary>
    public static ProviderQuota Read(HttpResponseMessage response, DateTimeOffset now)
    {
        var requests = default(Left);
        var tokens = default(Left);
        var headers = response.Headers.NonValidated;
        foreach (var header in headers)
        {
            if (MayBeOne(header.Key) && Windows.TryGetValue(header.Key, out var window)
                && long.TryParse(header.Value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var remaining))
            {
                var left = new Left(remaining, headers.TryGetValues(window.Reset, out var reset) ? HeaderTime.Reset(reset.ToString(), now) : null);
                if (window.IsTokens)
                {
                    tokens = left.Scarcer(tokens);
                }
                else
                {
                    requests = left.Scarcer(requests);
                }
            }
        }

        return new ProviderQuota(requests.Remaining, requests.Reset, tokens.Remaining, tokens.Reset);
    }

    /// <summary>x-..., anthropic-... or ratelimit...: saves the hashing of most names.</summary>
    private static bool MayBeOne(string name) => name.Length >= "x-ratelimit-remaining".Length && (name[0] | 0x20) is 'x' or 'a' or 'r';

    private sealed record Window(string Remaining, string Reset, bool IsTokens);

    private readonly record struct Left(long? Remaining, DateTimeOffset? Reset)
    {
        /// <summary>Of two windows the one that stops the target first, or of two that do the one that opens later.</summary>
        public Left Scarcer(Left other) =>
            other.Remaining is null || Remaining < other.Remaining || (Remaining == other.Remaining && (other.Reset is null || Reset > other.Reset)) ? this : other;
    }
}
