using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>Budgets over the whole gateway: what is refused, what passes, what is charged. Prices are 10 USD per million tokens: 10,000 nano-USD a token.</summary>
public sealed class BudgetTests
{
    private const long Token = 10_000;

    [Fact]
    public async Task What_was_spent_is_charged_to_the_nano_dollar_and_the_next_call_is_refused_with_what_is_left()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ budget_usd: 0.0011, per: day }");

        using var first = await ChatAsync(gateway, "out-100", more: """, "max_tokens": 100""");
        var row = await gateway.ExchangeAsync(first);
        using var second = await ChatAsync(gateway, "out-100", more: """, "max_tokens": 100""");

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(110 * Token, row.GetProperty("cost_nano_usd").GetInt64());
        Assert.False(row.GetProperty("cost_is_estimated").GetBoolean());
        Assert.Equal(HttpStatusCode.PaymentRequired, second.StatusCode);
        Assert.Equal("false", second.Headers.GetValues("x-should-retry").Single());
        var error = (await JsonAsync(second)).GetProperty("error");
        Assert.Equal("budget_exceeded", error.GetProperty("code").GetString());
        Assert.Contains("of $0.0011 has $0.00 left", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("begins anew at", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        var refused = (await gateway.ExchangesAsync("limit=1"))[0];
        Assert.Equal("refused", refused.GetProperty("outcome").GetString());
        Assert.Equal(JsonValueKind.Null, refused.GetProperty("cost_nano_usd").ValueKind);
    }

    [Fact]
    public async Task An_agent_that_allows_64000_tokens_is_not_refused_by_an_empty_budget_of_25_dollars()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ budget_usd: 25, per: month }", price: 75);

        foreach (var stream in new[] { false, true })
        {
            using var response = await ChatAsync(gateway, "out-100", stream, """, "max_tokens": 64000""");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_first_call_that_allows_more_than_there_is_passes_alone()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ budget_usd: 0.05, per: day }");

        // 64,000 tokens would be 0.64 USD, the thousand that is usual about 0.01.
        using var response = await ChatAsync(gateway, "out-100", more: """, "max_tokens": 64000""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "\"error\":{")]
    [InlineData("/v1/messages", "event: error")]
    [InlineData("/v1/responses", "response.failed")]
    [InlineData("/v1beta/models/mock%2Fout-5000:streamGenerateContent?alt=sse", "budget_exceeded")]
    public async Task A_stream_that_costs_more_than_there_is_ends_properly_and_is_charged_for_what_went_out(string path, string ending)
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ budget_usd: 0.02, per: day }");

        using var response = await gateway.PostAsync(path, BodyFor(path, "mock/out-5000"));
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var row = await gateway.ExchangeAsync(response);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("budget", text, StringComparison.Ordinal);
        Assert.Contains("is used up: the answer ends here", text, StringComparison.Ordinal);
        Assert.Contains(ending, text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        Assert.Equal("truncated", row.GetProperty("outcome").GetString());
        Assert.Equal("budget_exceeded", row.GetProperty("error").GetProperty("code").GetString());
        Assert.True(row.GetProperty("cost_is_estimated").GetBoolean());
        // One frame is one token.
        Assert.InRange(row.GetProperty("cost_nano_usd").GetInt64(), 20_000_000 - Token, 20_000_000 + Token);
        Assert.Equal(row.GetProperty("cost_nano_usd").GetInt64(), Used(gateway));
    }

    [Fact]
    public async Task A_stream_may_overdraw_a_budget_as_far_as_it_is_told_to()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ budget_usd: 0.02, per: day, overdraft_usd: 0.01 }");

        using var cut = await ChatAsync(gateway, "out-5000", stream: true);
        _ = await cut.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var row = await gateway.ExchangeAsync(cut);
        using var next = await ChatAsync(gateway, "out-10", stream: true);

        Assert.InRange(row.GetProperty("cost_nano_usd").GetInt64(), 30_000_000 - Token, 30_000_000 + Token);
        // The overdraft is for what is on its way, not for what comes.
        Assert.Equal(HttpStatusCode.PaymentRequired, next.StatusCode);
    }

    [Fact]
    public async Task Of_an_unknown_price_nothing_is_taken_as_free()
    {
        await using var upstream = PricedUpstream.Start();
        await using var strict = await StartAsync(upstream, "{ budget_usd: 1, per: day }");
        await using var lenient = await StartAsync(upstream, "{ budget_usd: 1, per: day, unknown_price: allow_and_alert }");

        using var refused = await ChatAsync(strict, "unpriced-10");
        using var passed = await ChatAsync(lenient, "unpriced-10");

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        var error = (await JsonAsync(refused)).GetProperty("error");
        Assert.Equal("policy_denied", error.GetProperty("code").GetString());
        Assert.Contains("The price of 'mock/unpriced-10' is not known", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
        Assert.Equal(JsonValueKind.Null, (await lenient.ExchangeAsync(passed)).GetProperty("cost_nano_usd").ValueKind);
    }

    [Fact]
    public async Task A_call_is_within_all_limits_or_uses_none_of_them()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ requests: 100, per: day }, { budget_usd: 0.00001, per: day }", stream: """
            teams:
              red: { limits: [ { total_tokens: 100000, per: day } ] }
            """, key: "team: red,");

        using var refused = await ChatAsync(gateway, "out-10");

        Assert.Equal(HttpStatusCode.PaymentRequired, refused.StatusCode);
        Assert.All(gateway.Application.Limits.Accounts, account => Assert.Equal(0, account.Used(gateway.Application.Limits.Now) + account.Held));
        Assert.Equal(3, gateway.Application.Limits.Count);
    }

    [Fact]
    public async Task Each_value_that_a_budget_is_grouped_by_has_an_amount_of_its_own()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "", stream: """
            limits:
              - { name: per user, group_by: [user], budget_usd: 0.0003, per: day }
            """);

        var answers = new List<HttpStatusCode>();
        foreach (var user in (string[])["anna", "anna", "ben", "anna"])
        {
            // The first calls teach how long the answers are.
            using var response = await ChatAsync(gateway, "out-10", more: $$""", "user": "{{user}}", "max_tokens": 10""");
            answers.Add(response.StatusCode);
        }

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.PaymentRequired, HttpStatusCode.OK, HttpStatusCode.PaymentRequired], answers);
        Assert.Equal("anna ben", string.Join(" ", gateway.Application.Limits.Accounts.Select(account => account.Bucket).Order(StringComparer.Ordinal)));
        Assert.Equal("ben", (await gateway.ExchangesAsync("limit=2"))[1].GetProperty("user").GetString());
    }

    [Fact]
    public async Task A_provider_whose_budget_is_gone_is_passed_over_by_a_route()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await GatewayHost.StartAsync($$"""
            providers:
              first: { kind: openai-compatible, base_url: "{{upstream.Address}}v1", limits: [ { budget_usd: 0.0003, per: day } ] }
              second: { kind: openai-compatible, base_url: "{{upstream.Address}}v1" }
            routes:
              both: { targets: [ first/out-10, second/out-10 ] }
            catalog:
              models:
                first/out-10: { input_usd_per_mtok: 10, output_usd_per_mtok: 10 }
                second/out-10: { input_usd_per_mtok: 10, output_usd_per_mtok: 10 }
            """);

        var targets = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"both","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}""");
            targets.Add(response.Headers.GetValues("x-gatehouse-target").Single());
        }

        using var direct = await gateway.PostAsync("/v1/chat/completions", """{"model":"first/out-10","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}""");

        Assert.Equal(["first/out-10", "second/out-10"], targets);
        Assert.Equal(HttpStatusCode.PaymentRequired, direct.StatusCode);
    }

    [Fact]
    public async Task A_caller_that_leaves_pays_for_what_it_got()
    {
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            for (var i = 0; i < 50; i++)
            {
                await connection.ChunkAsync(Encoding.UTF8.GetBytes("""data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"abc "},"finish_reason":null}]}""" + "\n\n"));
            }

            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await StartAsync(upstream, "{ budget_usd: 1, per: day }", model: "m");

        using (var response = await gateway.PostAsync(
            "/v1/chat/completions", """{"model":"mock/m","stream":true,"messages":[{"role":"user","content":"hi"}]}""", HttpCompletionOption.ResponseHeadersRead))
        {
            await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            var read = 0;
            var buffer = new byte[4096];
            while (read < 50 * 100)
            {
                read += await body.ReadAsync(buffer, TestContext.Current.CancellationToken);
            }
        }

        var row = await gateway.ExchangeAsync(row => row.GetProperty("outcome").GetString() == "cancelled");

        Assert.True(row.GetProperty("cost_is_estimated").GetBoolean());
        Assert.InRange(row.GetProperty("cost_nano_usd").GetInt64(), 50 * Token, 80 * Token);
        Assert.Equal(row.GetProperty("cost_nano_usd").GetInt64(), Used(gateway));
    }

    [Fact]
    public async Task Counting_tokens_is_free_and_needs_no_money()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ budget_usd: 0, per: day }");

        using var response = await gateway.PostAsync("/v1/messages/count_tokens", """{"model":"mock/out-10","messages":[{"role":"user","content":"hi"}]}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static long Used(GatewayHost gateway) => Assert.Single(gateway.Application.Limits.Accounts).Used(gateway.Application.Limits.Now);

    private static Task<GatewayHost> StartAsync(ScriptedUpstream upstream, string limits, string stream = "", string key = "", int price = 10, string model = "") =>
        GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, $$"""
            catalog:
              models:
                mock/out-10: { input_usd_per_mtok: {{price}}, output_usd_per_mtok: {{price}} }
                mock/out-100: { input_usd_per_mtok: {{price}}, output_usd_per_mtok: {{price}} }
                mock/out-5000: { input_usd_per_mtok: {{price}}, output_usd_per_mtok: {{price}} }
                mock/{{(model.Length > 0 ? model : "other")}}: { input_usd_per_mtok: {{price}}, output_usd_per_mtok: {{price}} }
            {{stream}}
            keys:
              - { name: test, secret: {{GatewayHost.Key}}, {{key}} models: ["*"], limits: [ {{limits}} ] }
            """));

    private static Task<HttpResponseMessage> ChatAsync(GatewayHost gateway, string model, bool stream = false, string more = "") => gateway.PostAsync(
        "/v1/chat/completions", $$"""{"model":"mock/{{model}}","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"hi"}]{{more}}}""");

    private static string BodyFor(string path, string model) => path switch
    {
        "/v1/chat/completions" => $$"""{"model":"{{model}}","stream":true,"messages":[{"role":"user","content":"hi"}]}""",
        "/v1/messages" => $$"""{"model":"{{model}}","stream":true,"max_tokens":100000,"messages":[{"role":"user","content":"hi"}]}""",
        "/v1/responses" => $$"""{"model":"{{model}}","stream":true,"store":false,"input":"hi"}""",
        _ => """{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}""",
    };

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response) =>
        JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
}
