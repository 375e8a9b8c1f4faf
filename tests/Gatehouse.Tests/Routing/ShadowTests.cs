using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing;

/// <summary>A copy of the request goes to a second target; its answer is recorded and never returned.</summary>
public sealed class ShadowTests
{
    private const string Call = """{"model":"chat","messages":[{"role":"user","content":"hello"}]}""";

    [Fact]
    public async Task A_copy_is_sent_and_recorded_and_the_caller_sees_nothing_of_it()
    {
        await using var first = ScriptedUpstream.Json(Answer("first"));
        await using var shadow = ScriptedUpstream.Json(Answer("shadow"));
        await using var gateway = await GatewayHost.StartAsync(Route(first, shadow));

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal((HttpStatusCode.OK, "a/m", "1"), (response.StatusCode, response.Header("x-gatehouse-target"), response.Header("x-gatehouse-attempts")));
        Assert.Equal(Answer("first"), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var id = response.Header("x-gatehouse-exchange");
        var copy = await gateway.ExchangeAsync(row => row.GetProperty("shadow_of").GetString() == id);
        Assert.Equal(("b/n", "completed", "chat"), (copy.GetProperty("target").GetString(), copy.Outcome(), copy.GetProperty("route").GetString()));
        Assert.Equal((7L, 26_000L), (copy.Tokens("input_tokens"), copy.GetProperty("cost_nano_usd").GetInt64()));
        Assert.Equal(Call.Replace("chat", "n", StringComparison.Ordinal), Assert.Single(shadow.Requests).Text);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(JsonValueKind.Null, row.GetProperty("shadow_of").ValueKind);
        Assert.Equal(row.GetProperty("run").GetString(), copy.GetProperty("run").GetString());
    }

    [Fact]
    public async Task A_caller_does_not_wait_for_a_copy_nor_suffer_from_it()
    {
        await using var first = ScriptedUpstream.Json(Answer("first"));
        await using var shadow = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        var gateway = await GatewayHost.StartAsync(Route(first, shadow));
        try
        {
            for (var i = 0; i < 100; i++)
            {
                using var response = await gateway.PostAsync("/v1/chat/completions", Call);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }

            await Eventually.TrueAsync(() => shadow.Requests.Count == 64, "as many copies as there is room for");
            var metrics = await gateway.Admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Contains("gatehouse_shadows_left_out_total{route=\"chat\",target=\"b/n\"} 36", metrics, StringComparison.Ordinal);
        }
        finally
        {
            await gateway.DisposeAsync();
        }

        await Eventually.TrueAsync(() => shadow.ClosedByPeer == 64, "the end of the copies with the gateway");
    }

    [Fact]
    public async Task A_stream_is_copied_too()
    {
        const string StreamedCall = """{"model":"chat","stream":true,"messages":[{"role":"user","content":"hello"}]}""";
        string[] frames = ["data: {\"id\":\"s\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n", "data: {\"id\":\"s\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n", "data: [DONE]\n\n"];
        await using var first = ScriptedUpstream.Stream(frames);
        await using var shadow = ScriptedUpstream.Stream(frames);
        await using var gateway = await GatewayHost.StartAsync(Route(first, shadow));

        using var response = await gateway.PostAsync("/v1/chat/completions", StreamedCall);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var copy = await gateway.ExchangeAsync(row => row.GetProperty("shadow_of").ValueKind == JsonValueKind.String);
        Assert.Equal(("completed", true, 3L), (copy.Outcome(), copy.GetProperty("stream").GetBoolean(), copy.Tokens("output_tokens")));
    }

    [Fact]
    public async Task A_copy_that_fails_is_a_failed_copy()
    {
        await using var first = ScriptedUpstream.Json(Answer("first"));
        await using var shadow = ScriptedUpstream.Json("""{"error":{"message":"no"}}""", 500);
        await using var gateway = await GatewayHost.StartAsync(Route(first, shadow));

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var copy = await gateway.ExchangeAsync(row => row.GetProperty("shadow_of").ValueKind == JsonValueKind.String);
        Assert.Equal(("failed", 500), (copy.Outcome(), copy.GetProperty("status").GetInt32()));
        Assert.Single(shadow.Requests);
    }

    [Fact]
    public async Task Copies_keep_to_the_limits_of_their_target()
    {
        await using var first = ScriptedUpstream.Json(Answer("first"));
        await using var shadow = ScriptedUpstream.Json(Answer("shadow"));
        await using var gateway = await GatewayHost.StartAsync(Route(first, shadow, ", limits: [{ requests: 2, per: minute }]"), new ManualTime());

        for (var i = 0; i < 5; i++)
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", Call);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        _ = await Eventually.GetAsync(async () => (await gateway.ExchangesAsync("limit=20")).Length >= 10 ? (bool?)true : null, "the rows of all copies");
        var rows = await gateway.ExchangesAsync("limit=20");
        var copies = rows.Where(row => row.GetProperty("shadow_of").ValueKind == JsonValueKind.String).ToArray();
        Assert.Equal((2, 3), (copies.Count(row => row.Outcome() == "completed"), copies.Count(row => row.GetProperty("status").GetInt32() == 503)));
        Assert.Equal(2, shadow.Requests.Count);
    }

    [Fact]
    public async Task Only_a_percentage_is_copied()
    {
        await using var first = ScriptedUpstream.Json(Answer("first"));
        await using var shadow = ScriptedUpstream.Json(Answer("shadow"));
        await using var gateway = await GatewayHost.StartAsync(Route(first, shadow, ", percent: 25"));

        for (var i = 0; i < 200; i++)
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", Call);
        }

        _ = await Eventually.GetAsync(async () => (await gateway.ExchangesAsync("limit=500")).Length >= 225 ? (bool?)true : null, "the rows");
        Assert.InRange(shadow.Requests.Count, 25, 75);
    }

    private static string Answer(string id) => $$$"""{"id":"{{{id}}}","usage":{"prompt_tokens":7,"completion_tokens":3}}""";

    private static string Route(ScriptedUpstream first, ScriptedUpstream shadow, string more = "") => $$"""
        providers:
          a: { kind: openai-compatible, base_url: "{{first.Address}}v1" }
          b: { kind: openai-compatible, base_url: "{{shadow.Address}}v1" }
        routes:
          chat: { strategy: shadow, targets: [a/m, { target: b/n{{more}} }] }
        catalog:
          models:
            "b/n": { input_usd_per_mtok: 2, output_usd_per_mtok: 4 }
        """;
}
