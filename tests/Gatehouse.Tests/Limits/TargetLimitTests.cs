using System.Net;
using Gatehouse.Limits;
using Gatehouse.Limits.Accounts;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>Limits of what is asked beside the target that was expected, or after it.</summary>
public sealed class TargetLimitTests
{
    private const string Call = """{"model":"chat","messages":[{"role":"user","content":"hi"}]}""";
    private const string Answer = """{"id":"x","usage":{"prompt_tokens":7,"completion_tokens":3}}""";

    [Theory]
    [InlineData("{ budget_usd: 0, per: day }", 1, 1)]
    [InlineData("{ concurrency: 5 }", null, 1)]
    public async Task A_second_attempt_is_not_made_at_a_target_that_has_no_room_or_whose_price_is_unknown(string limitOfSecond, int? priceOfSecond, int budget)
    {
        var time = new ManualTime();
        using var mayAnswer = new SemaphoreSlim(0);
        await using var first = new ScriptedUpstream(async (_, connection) =>
        {
            await mayAnswer.WaitAsync(connection.Stop);
            await connection.RespondAsync(200, "application/json", Answer);
        });
        await using var second = ScriptedUpstream.Json(Answer);
        await using var gateway = await GatewayHost.StartAsync(Route(first, second, limitOfSecond, priceOfSecond, budget), time);

        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await Eventually.TrueAsync(() => first.Requests.Count == 1, "the first request");
        time.Advance(TimeSpan.FromSeconds(2));
        mayAnswer.Release();
        using var response = await call;

        Assert.Equal((HttpStatusCode.OK, "1"), (response.StatusCode, response.Header("x-gatehouse-attempts")));
        Assert.Empty(second.Requests);
    }

    [Fact]
    public async Task What_a_second_attempt_costs_is_charged_to_its_own_target()
    {
        var time = new ManualTime();
        await using var slow = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var fast = ScriptedUpstream.Json(Answer);
        await using var gateway = await GatewayHost.StartAsync(Route(slow, fast, "{ budget_usd: 1, per: day }, { concurrency: 1 }", 2, 1), time);

        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await Eventually.TrueAsync(() => slow.Requests.Count == 1, "the first request");
        time.Advance(TimeSpan.FromSeconds(2));
        using var response = await call;
        Assert.Equal("b/m", response.Header("x-gatehouse-target"));
        var row = await gateway.ExchangeAsync(response);
        var costs = row.GetProperty("attempts").EnumerateArray().ToDictionary(attempt => attempt.GetProperty("target").GetString()!, attempt => attempt.GetProperty("cost_nano_usd").GetInt64(), StringComparer.Ordinal);

        var accounts = gateway.Application.Limits.Accounts.ToArray();
        Assert.Equal((costs["a/m"], costs["b/m"]), (Used("provider=a"), Used("provider=b")));
        Assert.Equal(row.GetProperty("cost_nano_usd").GetInt64(), costs["a/m"] + costs["b/m"]);
        Assert.True(costs["a/m"] > 0 && costs["b/m"] > 0);
        Assert.All(accounts, account => Assert.Equal(0, account.Held + account.Claims));
        Assert.All(accounts.OfType<ConcurrencyAccount>(), account => Assert.Equal(0, account.Used(gateway.Application.Limits.Now)));

        long Used(string where) => Assert.Single(accounts, account => account.Rule.Unit == LimitUnit.Money && account.Rule.Name.Contains(where, StringComparison.Ordinal)).Used(gateway.Application.Limits.Now);
    }

    [Theory]
    [InlineData("refuse", 0)]
    [InlineData("allow_and_alert", 1)]
    public async Task A_target_with_an_unknown_price_is_not_free_because_another_one_failed_before_it(string policy, int asked)
    {
        await using var failing = ScriptedUpstream.Json("{}", status: 500);
        await using var second = ScriptedUpstream.Json(Answer);
        await using var gateway = await GatewayHost.StartAsync(Route(failing, second, "{ concurrency: 5 }", null, 1, policy));

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal(asked, second.Requests.Count);
        Assert.Equal(asked == 1, response.StatusCode == HttpStatusCode.OK);
    }

    private static string Route(ScriptedUpstream first, ScriptedUpstream second, string limitOfSecond, int? priceOfSecond, int budget, string unknown = "refuse") => $$"""
        providers:
          a: { kind: openai-compatible, base_url: "{{first.Address}}v1", limits: [ { budget_usd: 1, per: day }, { concurrency: 1 } ] }
          b: { kind: openai-compatible, base_url: "{{second.Address}}v1", limits: [ {{limitOfSecond}} ] }
        routes:
          chat: { targets: [ a/m, b/m ], retry: { attempts: 2 }, hedge: { share: 1, after: 2s } }
        catalog:
          models:
            a/m: { input_usd_per_mtok: 1, output_usd_per_mtok: 1 }
            {{(priceOfSecond is { } price ? $"b/m: {{ input_usd_per_mtok: {price}, output_usd_per_mtok: {price} }}" : "b/other: { input_usd_per_mtok: 1, output_usd_per_mtok: 1 }")}}
        keys:
          - { name: test, secret: {{GatewayHost.Key}}, models: ["*"], limits: [ { budget_usd: {{budget}}, per: day, unknown_price: {{unknown}} } ] }
        """;
}
