using System.Net;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing;

/// <summary>A second attempt beside one that is slow to answer.</summary>
public sealed class HedgeTests
{
    private const string Call = """{"model":"chat"}""";

    [Fact]
    public async Task The_faster_of_two_is_used_and_the_slower_one_ended_and_accounted()
    {
        var time = new ManualTime();
        await using var slow = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var fast = ScriptedUpstream.Json(Answer("fast"));
        await using var gateway = await GatewayHost.StartAsync(Route(slow, fast), time);

        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await Eventually.TrueAsync(() => slow.Requests.Count == 1, "the first request");
        Assert.Empty(fast.Requests);
        time.Advance(TimeSpan.FromSeconds(2));

        using var response = await call;
        Assert.Equal((HttpStatusCode.OK, "b/m", "2"), (response.StatusCode, response.Header("x-gatehouse-target"), response.Header("x-gatehouse-attempts")));
        await Eventually.TrueAsync(() => slow.ClosedByPeer == 1, "the end of the slow call");
        var row = await gateway.ExchangeAsync(response);
        var attempts = row.GetProperty("attempts");
        Assert.Equal(("a/m", "overtaken"), (attempts[0].GetProperty("target").GetString(), attempts[0].GetProperty("error").GetString()));
        Assert.Equal("b/m", attempts[1].GetProperty("target").GetString());
        Assert.Equal((false, true), (attempts[0].GetProperty("hedge").GetBoolean(), attempts[1].GetProperty("hedge").GetBoolean()));
        // 7 input tokens at $2 and 3 output tokens at $4 a million; and the 7 once more at $1 for the one that was given up.
        Assert.Equal(7_000, attempts[0].GetProperty("cost_nano_usd").GetInt64());
        Assert.Equal(14_000 + 12_000 + 7_000, row.GetProperty("cost_nano_usd").GetInt64());
    }

    [Fact]
    public async Task The_first_is_used_when_it_answers_before_the_second()
    {
        var time = new ManualTime();
        using var mayAnswer = new SemaphoreSlim(0);
        await using var first = new ScriptedUpstream(async (_, connection) =>
        {
            await mayAnswer.WaitAsync(connection.Stop);
            await connection.RespondAsync(200, "application/json", Answer("first"));
        });
        await using var second = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var gateway = await GatewayHost.StartAsync(Route(first, second), time);

        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await Eventually.TrueAsync(() => first.Requests.Count == 1, "the first request");
        time.Advance(TimeSpan.FromSeconds(2));
        await Eventually.TrueAsync(() => second.Requests.Count == 1, "the second request");
        mayAnswer.Release();

        using var response = await call;
        Assert.Equal("a/m", response.Header("x-gatehouse-target"));
        await Eventually.TrueAsync(() => second.ClosedByPeer == 1, "the end of the second call");
        var attempts = (await gateway.ExchangeAsync(response)).GetProperty("attempts");
        Assert.Equal((true, "overtaken"), (attempts[0].GetProperty("hedge").GetBoolean(), attempts[0].GetProperty("error").GetString()));
        Assert.False(attempts[1].GetProperty("hedge").GetBoolean());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_one_fails_the_other_one_is_waited_for(bool firstFails)
    {
        var time = new ManualTime();
        using var mayFail = new SemaphoreSlim(0);
        using var mayAnswer = new SemaphoreSlim(0);
        await using var failing = new ScriptedUpstream(async (_, connection) =>
        {
            await mayFail.WaitAsync(connection.Stop);
            await connection.RespondAsync(500, "application/json", "{}");
        });
        await using var answering = new ScriptedUpstream(async (_, connection) =>
        {
            await mayAnswer.WaitAsync(connection.Stop);
            await connection.RespondAsync(200, "application/json", Answer("good"));
        });
        await using var gateway = await GatewayHost.StartAsync(firstFails ? Route(failing, answering) : Route(answering, failing), time);

        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await Eventually.TrueAsync(() => failing.Requests.Count + answering.Requests.Count == 1, "the first request");
        time.Advance(TimeSpan.FromSeconds(2));
        await Eventually.TrueAsync(() => failing.Requests.Count == 1 && answering.Requests.Count == 1, "both requests");
        mayFail.Release();
        mayAnswer.Release();

        using var response = await call;
        Assert.Equal((HttpStatusCode.OK, firstFails ? "b/m" : "a/m"), (response.StatusCode, response.Header("x-gatehouse-target")));
        Assert.Equal("2", response.Header("x-gatehouse-attempts"));
        _ = await gateway.ExchangeAsync(response);
        var route = await gateway.RouteAsync("chat");
        Assert.All(route.GetProperty("targets").EnumerateArray(), target => Assert.Equal(0, target.GetProperty("health").GetProperty("in_flight").GetInt32()));
    }

    [Fact]
    public async Task When_both_fail_the_walk_goes_on()
    {
        var time = new ManualTime();
        using var mayFail = new SemaphoreSlim(0);
        var count = 0;
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            if (Interlocked.Increment(ref count) > 2)
            {
                await connection.RespondAsync(200, "application/json", Answer("third"));
                return;
            }

            await mayFail.WaitAsync(connection.Stop);
            await connection.RespondAsync(500, "application/json", "{}");
        });
        await using var gateway = await GatewayHost.StartAsync(Route(upstream, upstream, "a/m, b/m, a/n"), time);

        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the first request");
        time.Advance(TimeSpan.FromSeconds(2));
        await Eventually.TrueAsync(() => upstream.Requests.Count == 2, "the second request");
        mayFail.Release(2);

        using var response = await call;
        Assert.Equal((HttpStatusCode.OK, "a/n", "3"), (response.StatusCode, response.Header("x-gatehouse-target"), response.Header("x-gatehouse-attempts")));
    }

    [Fact]
    public async Task Only_a_share_of_the_traffic_is_asked_twice()
    {
        var time = new ManualTime();
        using var mayAnswer = new SemaphoreSlim(0);
        await using var slow = new ScriptedUpstream(async (_, connection) =>
        {
            await mayAnswer.WaitAsync(connection.Stop);
            await connection.RespondAsync(200, "application/json", Answer("slow"));
        });
        await using var fast = ScriptedUpstream.Json(Answer("fast"));
        await using var gateway = await GatewayHost.StartAsync(Route(slow, fast).Replace("share: 1", "share: 0.1", StringComparison.Ordinal), time);

        var calls = Enumerable.Range(0, 30).Select(_ => gateway.PostAsync("/v1/chat/completions", Call)).ToArray();
        await Eventually.TrueAsync(() => slow.Requests.Count == 30, "all first requests");
        time.Advance(TimeSpan.FromSeconds(2));
        await Eventually.TrueAsync(() => calls.Count(call => call.IsCompleted) == 3, "the hedged ones");
        mayAnswer.Release(30);
        var responses = await Task.WhenAll(calls);

        Assert.Equal(3, fast.Requests.Count);
        Assert.Equal(3, responses.Count(response => response.Header("x-gatehouse-target") == "b/m"));
        Array.ForEach(responses, response => response.Dispose());
    }

    [Fact]
    public async Task A_client_that_leaves_ends_both()
    {
        var time = new ManualTime();
        await using var upstream = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var gateway = await GatewayHost.StartAsync(Route(upstream, upstream), time);
        using var leaves = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Call, System.Text.Encoding.UTF8, "application/json") };

        var call = gateway.Client.SendAsync(request, leaves.Token);
        await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the first request");
        time.Advance(TimeSpan.FromSeconds(2));
        await Eventually.TrueAsync(() => upstream.Requests.Count == 2, "the second request");
        await leaves.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Eventually.TrueAsync(() => upstream.ClosedByPeer == 2, "the end of both calls");
        Assert.Equal("cancelled", (await gateway.ExchangeAsync(_ => true)).Outcome());
    }

    [Fact]
    public async Task A_target_for_which_tokens_are_counted_here_is_not_asked_beside_another()
    {
        var time = new ManualTime();
        using var mayAnswer = new SemaphoreSlim(0);
        await using var counts = new ScriptedUpstream(async (_, connection) =>
        {
            await mayAnswer.WaitAsync(connection.Stop);
            await connection.RespondAsync(200, "application/json", """{"input_tokens":7}""");
        });
        await using var cannot = new ScriptedUpstream((_, connection) => connection.RespondAsync(400, "application/json", "{}"));
        var route = Route(counts, cannot).Replace("a: { kind: openai-compatible, base_url: \"" + counts.Address + "v1\"", "a: { kind: anthropic, api_key: x, base_url: \"" + counts.Address + "\"", StringComparison.Ordinal);
        await using var gateway = await GatewayHost.StartAsync(route, time);

        var call = gateway.PostAsync("/v1/messages/count_tokens", """{"model":"chat","messages":[{"role":"user","content":"hi"}]}""");
        await Eventually.TrueAsync(() => counts.Requests.Count == 1, "the first request");
        time.Advance(TimeSpan.FromSeconds(2));
        mayAnswer.Release();

        using var response = await call;
        Assert.Equal((HttpStatusCode.OK, "1"), (response.StatusCode, response.Header("x-gatehouse-attempts")));
        Assert.Empty(cannot.Requests);
    }

    private static string Answer(string id) => $$$"""{"id":"{{{id}}}","usage":{"prompt_tokens":7,"completion_tokens":3}}""";

    private static string Route(ScriptedUpstream first, ScriptedUpstream second, string targets = "a/m, b/m") => $$"""
        providers:
          a: { kind: openai-compatible, base_url: "{{first.Address}}v1" }
          b: { kind: openai-compatible, base_url: "{{second.Address}}v1" }
        routes:
          chat: { targets: [{{targets}}], hedge: { share: 1, after: 2s } }
        catalog:
          models:
            "a/m": { input_usd_per_mtok: 1, output_usd_per_mtok: 4 }
            "b/m": { input_usd_per_mtok: 2, output_usd_per_mtok: 4 }
        """;
}
