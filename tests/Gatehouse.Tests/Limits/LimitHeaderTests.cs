using System.Globalization;
using System.Net;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>Rate limit headers say what is left to the caller, in its dialect, and exactly.</summary>
public sealed class LimitHeaderTests
{
    private const string Body = """{"model":"mock/m","max_tokens":100,"messages":[{"role":"user","content":"Hello"}]}""";

    [Fact]
    public async Task Of_a_hundred_calls_at_once_each_sees_another_number_left()
    {
        await using var upstream = Upstream();
        await using var gateway = await StartAsync(upstream, "{ requests: 100, per: hour }, { name: wide, requests: 100000, per: day }");

        var answers = await Task.WhenAll(Enumerable.Range(0, 101).Select(_ => gateway.PostAsync("/v1/chat/completions", Body)));

        var refused = Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.Equal(("100", "0"), (refused.Header("x-ratelimit-limit-requests"), refused.Header("x-ratelimit-remaining-requests")));
        Assert.NotNull(refused.Headers.RetryAfter);
        var passed = answers.Where(answer => answer != refused).ToArray();
        Assert.Equal(
            Enumerable.Range(0, 100),
            passed.Select(answer => int.Parse(answer.Header("x-ratelimit-remaining-requests")!, CultureInfo.InvariantCulture)).Order());
        // Nothing of what the provider says of the gateway's own account.
        Assert.All(passed, answer => Assert.Null(answer.Header("x-ratelimit-remaining-tokens")));
        Assert.All(answers, answer => answer.Dispose());
    }

    [Fact]
    public async Task OpenAi_callers_see_durations_and_the_fewest_left_of_each_unit()
    {
        await using var upstream = Upstream();
        var time = new ManualTime();
        await using var gateway = await StartAsync(upstream, "{ requests: 10, per: minute }, { name: day, requests: 1000, per: day }, { total_tokens: 5000, per: minute }, { output_tokens: 4000, per: minute }", time);

        using var first = await gateway.PostAsync("/v1/chat/completions", Body);
        using var second = await gateway.PostAsync("/v1/chat/completions", Body);

        Assert.Equal(("10", "8", "1m1s"), Of(second, "requests"));
        Assert.Equal("5000", second.Header("x-ratelimit-limit-tokens"));
        Assert.Equal("4000", second.Header("x-ratelimit-limit-output-tokens"));
        // 10 + 40 were used by the first; 100 of output may be by the second.
        Assert.Equal((4000 - 40 - 100).ToString(CultureInfo.InvariantCulture), second.Header("x-ratelimit-remaining-output-tokens"));
        Assert.Null(second.Header("x-ratelimit-limit-input-tokens"));

        static (string?, string?, string?) Of(HttpResponseMessage answer, string unit) =>
            (answer.Header($"x-ratelimit-limit-{unit}"), answer.Header($"x-ratelimit-remaining-{unit}"), answer.Header($"x-ratelimit-reset-{unit}"));
    }

    [Fact]
    public async Task Anthropic_callers_see_times_on_answers_and_refusals()
    {
        await using var upstream = Upstream();
        var time = new ManualTime();
        await using var gateway = await StartAsync(upstream, "{ requests: 1, per: minute }, { input_tokens: 5000, per: minute }", time);

        using var answer = await gateway.PostAsync("/v1/messages", Body);
        time.Advance(TimeSpan.FromSeconds(10));
        using var refused = await gateway.PostAsync("/v1/messages", Body);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(("1", "0", "2026-11-20T12:01:01Z"), Of(answer, "requests"));
        Assert.Equal(("1", "0", "2026-11-20T12:01:01Z"), Of(refused, "requests"));
        Assert.Equal("51", refused.Header("retry-after"));
        Assert.Equal("5000", refused.Header("anthropic-ratelimit-input-tokens-limit"));
        Assert.DoesNotContain(answer.Headers.Concat(refused.Headers), header => header.Key.StartsWith("x-ratelimit", StringComparison.OrdinalIgnoreCase));

        static (string?, string?, string?) Of(HttpResponseMessage answer, string unit) =>
            (answer.Header($"anthropic-ratelimit-{unit}-limit"), answer.Header($"anthropic-ratelimit-{unit}-remaining"), answer.Header($"anthropic-ratelimit-{unit}-reset"));
    }

    [Fact]
    public async Task Without_rates_here_the_providers_own_pass()
    {
        await using var upstream = Upstream();
        await using var gateway = await StartAsync(upstream, "{ concurrency: 5 }");

        using var answer = await gateway.PostAsync("/v1/chat/completions", Body);

        Assert.Equal("77", answer.Header("x-ratelimit-remaining-tokens"));
    }

    private static ScriptedUpstream Upstream() => new(async (_, connection) => await connection.RespondAsync(
        200, "application/json",
        """{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":40,"total_tokens":50}}""",
        "x-ratelimit-remaining-tokens: 77"));

    private static Task<GatewayHost> StartAsync(ScriptedUpstream upstream, string limits, TimeProvider? time = null) => GatewayHost.StartAsync(
        GatewayHost.MockProvider(upstream.Address, $"keys:\n  - {{ name: test, secret: {GatewayHost.Key}, models: [\"*\"], limits: [ {limits} ] }}\n"), time);
}
