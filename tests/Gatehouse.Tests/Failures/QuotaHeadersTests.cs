using System.Globalization;
using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;
using Gatehouse.Upstream;
using Gatehouse.Upstream.Failures;

namespace Gatehouse.Tests.Failures;

public sealed class QuotaHeadersTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Provider, what it says, and in how many answers.</summary>
    private static readonly string[] Recorded =
    [
        "anthropic requests+reset tokens+reset: 26",
        "anthropic requests+reset: 3",
        "anthropic tokens+reset: 3",
        "azure requests tokens: 4",
        "azure requests+reset tokens+reset: 4",
        "gateway requests tokens: 1",
        "gateway requests+reset tokens+reset: 2",
        "groq requests+reset tokens+reset: 3",
        "mistral requests tokens: 9",
        "mistral requests: 2",
        "mistral tokens+reset: 2",
        "openai requests+reset tokens+reset: 89",
        "openai requests+reset: 8",
        "portkey requests+reset tokens+reset: 1",
        "together requests+reset: 1",
        "xai requests tokens: 8",
    ];

    [Theory]
    // OpenAI, Groq
    [InlineData("x-ratelimit-remaining-requests: 29999|x-ratelimit-reset-requests: 2ms|x-ratelimit-remaining-tokens: 149998952|x-ratelimit-reset-tokens: 0s", 29999L, 0.002, 149998952L, 0.0)]
    [InlineData("x-ratelimit-remaining-requests: 0|x-ratelimit-reset-requests: 6m0s", 0L, 360.0, null, null)]
    [InlineData("X-RateLimit-Remaining-Tokens: 5987|X-RateLimit-Reset-Tokens: 1m26.4s", null, null, 5987L, 86.4)]
    [InlineData("x-ratelimit-remaining-requests: 9|x-ratelimit-reset-requests: 5s|x-ratelimit-remaining-project-requests: 3|x-ratelimit-reset-project-requests: 7s", 3L, 7.0, null, null)]
    // Azure: seconds; xAI: no reset
    [InlineData("x-ratelimit-remaining-requests: 49|x-ratelimit-reset-requests: 1|x-ratelimit-remaining-tokens: 49974|x-ratelimit-reset-tokens: 0", 49L, 1.0, 49974L, 0.0)]
    [InlineData("x-ratelimit-remaining-requests: 1800|x-ratelimit-remaining-tokens: 10000000", 1800L, null, 10000000L, null)]
    // Anthropic: the scarcest of three
    [InlineData("anthropic-ratelimit-requests-remaining: 3999|anthropic-ratelimit-requests-reset: 2026-11-21T12:00:01Z|anthropic-ratelimit-tokens-remaining: 207000|anthropic-ratelimit-tokens-reset: 2026-11-21T12:00:36Z|anthropic-ratelimit-input-tokens-remaining: 141000|anthropic-ratelimit-input-tokens-reset: 2026-11-21T12:00:44Z|anthropic-ratelimit-output-tokens-remaining: 66000|anthropic-ratelimit-output-tokens-reset: 2026-11-21T12:00:30Z", 3999L, 1.0, 66000L, 30.0)]
    // Cerebras: day and minute; of two that are used up the one that lasts longer
    [InlineData("x-ratelimit-remaining-requests-day: 13693|x-ratelimit-reset-requests-day: 11726.25|x-ratelimit-remaining-tokens-minute: 60000|x-ratelimit-reset-tokens-minute: 26.25", 13693L, 11726.25, 60000L, 26.25)]
    [InlineData("x-ratelimit-remaining-requests-minute: 0|x-ratelimit-reset-requests-minute: 26|x-ratelimit-remaining-requests-day: 0|x-ratelimit-reset-requests-day: 11726", 0L, 11726.0, null, null)]
    [InlineData("x-ratelimit-remaining-requests-day: 0|x-ratelimit-reset-requests-day: 11726|x-ratelimit-remaining-requests-minute: 0|x-ratelimit-reset-requests-minute: 26", 0L, 11726.0, null, null)]
    // Mistral, Together, OpenRouter (milliseconds since 1970), others in seconds since 1970
    [InlineData("x-ratelimit-remaining-req-minute: 352|x-ratelimit-remaining-tokens-minute: 93544|x-ratelimit-tokens-query-cost: 5", 352L, null, 93544L, null)]
    [InlineData("ratelimitbysize-remaining: 342032|ratelimitbysize-reset: 60|ratelimitbysize-query-cost: 32010", null, null, 342032L, 60.0)]
    [InlineData("x-ratelimit-limit: 2|x-ratelimit-remaining: 0|x-ratelimit-reset: 1|x-tokenlimit-remaining: 7", 0L, 1.0, 7L, null)]
    [InlineData("X-RateLimit-Limit: 50|X-RateLimit-Remaining: 0|X-RateLimit-Reset: 1795262430000", 0L, 30.0, null, null)]
    [InlineData("x-ratelimit-remaining: 0|x-ratelimit-reset: 1795262430", 0L, 30.0, null, null)]
    // Not the target's: other things run out. Not a number, or no reset: nothing is made up
    [InlineData("x-ratelimit-remaining-input-images: 0|x-ratelimit-reset-input-images: 1m|x-ratelimit-remaining-ocr-pages-minute: 0|x-ratelimit-key: m", null, null, null, null)]
    [InlineData("x-ratelimit-remaining-requests: -1|x-ratelimit-reset-requests: 5s", null, null, null, null)]
    [InlineData("x-ratelimit-remaining-requests: many|x-ratelimit-remaining-tokens: 1e5", null, null, null, null)]
    [InlineData("x-ratelimit-remaining-requests: 99999999999999999999", null, null, null, null)]
    [InlineData("x-ratelimit-remaining-requests: 0|x-ratelimit-reset-requests: soon", 0L, null, null, null)]
    [InlineData("x-ratelimit-remaining-requests: 0|x-ratelimit-reset-requests: -Infinity", 0L, null, null, null)]
    [InlineData("x-ratelimit-remaining-requests: 0|x-ratelimit-reset-requests: 99999999999999999999999", 0L, null, null, null)]
    [InlineData("x-ratelimit-remaining-requests: 0|x-ratelimit-reset-requests: 9999-12-31T23:59:59Z", 0L, 2_678_400.0, null, null)]
    [InlineData("x-request-id: 1|server: x", null, null, null, null)]
    public void What_is_left_is_read(string headers, long? requests, double? requestsReset, long? tokens, double? tokensReset)
    {
        using var response = Answers.With(headers);

        Assert.Equal(new ProviderQuota(requests, In(requestsReset), tokens, In(tokensReset)), QuotaHeaders.Read(response, Now));
    }

    [Fact]
    public void Headers_without_limits_cost_no_memory()
    {
        using var response = Answers.With("x-request-id: 1|server: x|date: y|alt-svc: z|cf-ray: 1|strict-transport-security: max-age=31536000; includeSubDomains; preload|access-control-expose-headers: x");
        _ = QuotaHeaders.Read(response, Now);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            _ = QuotaHeaders.Read(response, Now);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Which providers say what, of all recorded answers that have a header of this kind.</summary>
    [Fact]
    public void Recorded_limits_are_read()
    {
        Require.Present(SharedData.IsPresent("wire.tar.gz"), "the recorded traffic");
        var found = JsonNode.Parse(SharedData.Read("wire.tar.gz")["wire/index.json"])!["entries"]!.AsArray()
            .Select(entry =>
            {
                var headers = entry!["response_headers"]?.AsObject().Select(header => $"{header.Key}: {(string)header.Value!}") ?? [];
                using var response = Answers.With(string.Join('|', headers.Where(header => header.Contains("limit", StringComparison.OrdinalIgnoreCase))));
                var quota = QuotaHeaders.Read(response, Now);
                return string.Create(CultureInfo.InvariantCulture, $"{entry["provider"]}{Said(" requests", quota.RemainingRequests, quota.RequestsReset)}{Said(" tokens", quota.RemainingTokens, quota.TokensReset)}");
            })
            .Where(said => said.Contains(' ', StringComparison.Ordinal))
            .GroupBy(said => said, StringComparer.Ordinal)
            .Select(group => $"{group.Key}: {group.Count()}")
            .Order(StringComparer.Ordinal);

        Assert.Equal(string.Join('\n', Recorded.Order(StringComparer.Ordinal)), string.Join('\n', found));
    }

    private static string Said(string what, long? remaining, DateTimeOffset? reset) => remaining is null ? "" : what + (reset is null ? "" : "+reset");

    private static DateTimeOffset? In(double? seconds) => seconds is { } s ? Now + TimeSpan.FromSeconds(s) : null;
}
