using System.Globalization;
using System.Net;
using Gatehouse.Pipeline;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing;

/// <summary>A target is asked again when no other is left, after a wait, and within a budget.</summary>
public sealed class RetryTests
{
    private const string Call = """{"model":"chat"}""";
    private const string Good = """{"id":"good","usage":{"prompt_tokens":7,"completion_tokens":3}}""";

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task A_single_target_is_asked_again_after_a_wait(int status)
    {
        var time = new ManualTime();
        await using var upstream = FailingFirst(1, status);
        await using var gateway = await GatewayHost.StartAsync(Route(upstream, "targets: [a/m]"), time);

        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await AdvanceUntilAsync(time, call, TimeSpan.FromMilliseconds(250));

        using var response = await call;
        Assert.Equal((HttpStatusCode.OK, "2"), (response.StatusCode, response.Header("x-gatehouse-attempts")));
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task What_the_target_says_in_retry_after_is_the_least_that_is_waited()
    {
        var time = new ManualTime();
        await using var upstream = FailingFirst(1, 429, "retry-after: 3");
        await using var gateway = await GatewayHost.StartAsync(Route(upstream, "targets: [a/m]"), time);

        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the first request");
        var from = time.GetUtcNow();
        await AdvanceUntilAsync(time, call, TimeSpan.FromMilliseconds(500));

        using var response = await call;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(time.GetUtcNow() - from >= TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task A_target_that_wants_to_be_left_alone_for_long_is_not_asked_again()
    {
        await using var upstream = FailingFirst(1, 429, "retry-after: 60");
        await using var gateway = await GatewayHost.StartAsync(Route(upstream, "targets: [a/m]"));

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal((HttpStatusCode.TooManyRequests, "60"), (response.StatusCode, response.Header("retry-after")));
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData("attempts: 1", 429)]
    [InlineData("on: [server_error]", 429)]
    [InlineData("attempts: 3", 400)]
    [InlineData("attempts: 3", 401)]
    public async Task What_may_not_be_tried_again_is_not(string retry, int status)
    {
        await using var upstream = FailingFirst(9, status);
        await using var gateway = await GatewayHost.StartAsync(Route(upstream, $"targets: [a/m], retry: {{ {retry} }}"));

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task Another_target_is_asked_before_the_same_one_again()
    {
        await using var first = FailingFirst(9, 500);
        await using var second = FailingFirst(1, 500);
        await using var gateway = await GatewayHost.StartAsync(Route(first, second, "targets: [a/m, b/m], retry: { attempts: 4, backoff: 1ms }"));

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(["a/m", "b/m", "a/m", "b/m"], row.GetProperty("attempts").EnumerateArray().Select(attempt => attempt.GetProperty("target").GetString()!), StringComparer.Ordinal);
        Assert.Equal(["server_error", "server_error", "server_error", null], row.GetProperty("attempts").EnumerateArray().Select(attempt => attempt.GetProperty("kind").GetString()), StringComparer.Ordinal);
    }

    [Fact]
    public async Task What_one_target_says_in_retry_after_holds_for_no_other()
    {
        await using var first = FailingFirst(1, 500);
        await using var second = FailingFirst(9, 429, "retry-after: 3600");
        await using var gateway = await GatewayHost.StartAsync(Route(first, second, "targets: [a/m, b/m], retry: { backoff: 1ms }"));

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal((HttpStatusCode.OK, "a/m", "3"), (response.StatusCode, response.Header("x-gatehouse-target"), response.Header("x-gatehouse-attempts")));
    }

    [Fact]
    public async Task What_a_target_said_in_retry_after_holds_when_another_one_failed_meanwhile()
    {
        var time = new ManualTime();
        await using var first = FailingFirst(1, 503, "retry-after: 3");
        await using var second = FailingFirst(9, 401);
        await using var gateway = await GatewayHost.StartAsync(Route(first, second, "targets: [a/m, b/m]"), time);

        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await Eventually.TrueAsync(() => second.Requests.Count == 1, "the second request");
        var from = time.GetUtcNow();
        await AdvanceUntilAsync(time, call, TimeSpan.FromMilliseconds(500));

        using var response = await call;
        Assert.Equal("a/m", response.Header("x-gatehouse-target"));
        Assert.True(time.GetUtcNow() - from >= TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task A_redirect_is_a_failure_like_others()
    {
        await using var first = new ScriptedUpstream((_, connection) => connection.RespondAsync(302, "text/html", "", "location: https://status.example/"));
        await using var second = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync(Route(first, second, "targets: [a/m, b/m]"));

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal((HttpStatusCode.OK, "b/m"), (response.StatusCode, response.Header("x-gatehouse-target")));
        var attempt = (await gateway.ExchangeAsync(response)).GetProperty("attempts")[0];
        Assert.Equal((302, "upstream_invalid_response", "server_error"), (attempt.GetProperty("status").GetInt32(), attempt.GetProperty("error").GetString(), attempt.GetProperty("kind").GetString()));
    }

    [Fact]
    public async Task A_trial_that_nobody_waits_for_any_more_proves_nothing()
    {
        var time = new ManualTime();
        var count = 0;
        await using var first = new ScriptedUpstream((_, connection) => Interlocked.Increment(ref count) == 1
            ? connection.RespondAsync(401, "application/json", "{}")
            : connection.UntilPeerClosesAsync());
        await using var second = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync(Route(first, second, "targets: [a/m, b/m]"), time);
        Assert.Equal("b/m", await TargetAsync(gateway));
        time.Advance(TimeSpan.FromSeconds(6));
        using var leaves = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Call, System.Text.Encoding.UTF8, "application/json") };

        var trial = gateway.Client.SendAsync(request, leaves.Token);
        await Eventually.TrueAsync(() => first.Requests.Count == 2, "the trial");
        await leaves.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => trial);
        _ = await gateway.ExchangeAsync(row => row.Outcome() == "cancelled");
        var health = (await gateway.RouteAsync("chat")).GetProperty("targets")[0].GetProperty("health");
        Assert.Equal(("half_open", 0), (health.GetProperty("state").GetString(), health.GetProperty("in_flight").GetInt32()));
    }

    [Fact]
    public async Task A_trial_that_could_not_be_asked_proves_nothing()
    {
        var time = new ManualTime();
        await using var first = FailingFirst(9, 401);
        await using var second = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync($$"""
            providers:
              a: { kind: anthropic, base_url: "{{first.Address}}", api_key: x }
              b: { kind: openai-compatible, base_url: "{{second.Address}}v1" }
            routes:
              chat: { targets: [a/m, b/m] }
            """, time);
        using (await gateway.PostAsync("/v1/chat/completions", """{"model":"chat","messages":[{"role":"user","content":"hi"}]}"""))
        {
        }

        time.Advance(TimeSpan.FromSeconds(6));

        // Anthropic has no moderation.
        using var response = await gateway.PostAsync("/v1/moderations", """{"model":"chat","input":"hi"}""");

        Assert.Equal("b/m", response.Header("x-gatehouse-target"));
        Assert.Equal("half_open", (await gateway.RouteAsync("chat")).GetProperty("targets")[0].GetProperty("health").GetProperty("state").GetString());
    }

    [Theory]
    [InlineData(true, "text/event-stream", "data: {\"error\":{\"message\":\"no\",\"code\":\"content_filter\"}}\n\n", "closed")]
    [InlineData(true, "text/event-stream", "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\"}}\n\n", "closed")]
    [InlineData(false, "application/json", "{\"error\":{\"message\":\"no\",\"code\":\"content_filter\"}}", "closed")]
    [InlineData(true, "text/event-stream", "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"error\":{\"message\":\"no\",\"type\":\"server_error\"}}\n\n", "open")]
    public async Task A_target_is_not_blamed_for_what_it_says_of_the_request_in_its_answer(bool isStream, string type, string answer, string state)
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(200, type, answer));
        await using var gateway = await GatewayHost.StartAsync(Route(upstream, "targets: [a/m, b/m]"));

        for (var i = 0; i < 6; i++)
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", isStream ? """{"model":"chat","stream":true}""" : Call);
            Assert.Equal("failed", (await gateway.ExchangeAsync(response)).Outcome());
        }

        Assert.Equal(state, (await gateway.RouteAsync("chat")).GetProperty("targets")[0].GetProperty("health").GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_target_is_not_blamed_for_an_answer_that_is_longer_than_an_exchange_may_be()
    {
        var time = new ManualTime();
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n");
            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(Route(upstream, "targets: [a/m, b/m], timeout: { idle: 20s, total: 5s }"), time);

        for (var i = 0; i < 6; i++)
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"chat","stream":true}""", HttpCompletionOption.ResponseHeadersRead);
            _ = await time.AdvanceUntilAsync(response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), TimeSpan.FromSeconds(5));
            var row = await gateway.ExchangeAsync(response);
            Assert.Equal(("truncated", "upstream_timeout"), (row.Outcome(), row.ErrorCode()));
        }

        Assert.Equal("closed", (await gateway.RouteAsync("chat")).GetProperty("targets")[0].GetProperty("health").GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_target_that_had_but_the_rest_of_the_time_is_not_blamed()
    {
        var time = new ManualTime();
        await using var first = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var second = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var gateway = await GatewayHost.StartAsync(
            Route(first, second, "targets: [a/m, b/m], timeout: { first_byte: 10s, total: 11s }, health: { consecutive_failures: 1 }"), time);

        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await Eventually.TrueAsync(() => first.Requests.Count == 1, "the first request");
        time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.TrueAsync(() => second.Requests.Count == 1, "the second request");
        time.Advance(TimeSpan.FromSeconds(1));

        using var response = await call;
        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        var targets = (await gateway.RouteAsync("chat")).GetProperty("targets");
        Assert.Equal(("open", "closed"), (targets[0].GetProperty("health").GetProperty("state").GetString(), targets[1].GetProperty("health").GetProperty("state").GetString()));
    }

    [Fact]
    public async Task An_outage_is_not_multiplied()
    {
        var time = new ManualTime();
        await using var upstream = FailingFirst(int.MaxValue, 500);
        await using var gateway = await GatewayHost.StartAsync(
            Route(upstream, "targets: [a/m], retry: { attempts: 2, backoff: 0s }, health: { consecutive_failures: 1000, minimum_requests: 1000 }"), time);

        for (var i = 0; i < 100; i++)
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", Call);
            Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        }

        Assert.InRange(upstream.Requests.Count, 103, 110);
    }

    [Fact]
    public async Task An_outage_of_all_targets_is_not_multiplied_by_their_number()
    {
        var time = new ManualTime();
        await using var upstream = FailingFirst(int.MaxValue, 500);
        await using var gateway = await GatewayHost.StartAsync(Route(upstream, "targets: [a/m, b/m, a/n, b/n], retry: { backoff: 0s }"), time);

        for (var i = 0; i < 100; i++)
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", Call);
            Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        }

        // 100 first attempts, three more of each request until five failures have opened all circuit breakers, and then what the budget has: 3 to 10.
        Assert.InRange(upstream.Requests.Count, 115, 100 + (5 * 3) + 10);
    }

    [Fact]
    public async Task A_dead_target_is_left_alone_until_its_cool_down_is_over()
    {
        var time = new ManualTime();
        await using var second = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync($$"""
            providers:
              a: { kind: openai-compatible, base_url: "http://127.0.0.1:9/v1" }
              b: { kind: openai-compatible, base_url: "{{second.Address}}v1" }
            routes:
              chat: { targets: [a/m, b/m] }
            """, time);

        Assert.Equal("2", await AttemptsAsync(gateway));
        Assert.Equal("1", await AttemptsAsync(gateway));
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("2", await AttemptsAsync(gateway));
        Assert.Equal("1", await AttemptsAsync(gateway));
        var target = (await gateway.RouteAsync("chat")).GetProperty("targets")[0];
        Assert.Equal(("a/m", "open"), (target.GetProperty("target").GetString(), target.GetProperty("health").GetProperty("state").GetString()));
    }

    [Fact]
    public async Task When_every_target_is_left_alone_the_least_bad_one_is_asked_all_the_same()
    {
        var time = new ManualTime();
        await using var upstream = FailingFirst(1, 401);
        await using var gateway = await GatewayHost.StartAsync(Route(upstream, "targets: [a/m]"), time);

        using var refused = await gateway.PostAsync("/v1/chat/completions", Call);
        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (refused.StatusCode, response.StatusCode));
    }

    [Fact]
    public async Task A_target_without_quota_is_passed_over_until_its_reset()
    {
        var time = new ManualTime();
        await using var first = new ScriptedUpstream((_, connection) => connection.RespondAsync(
            200, "application/json", Good, "x-ratelimit-remaining-requests: 0", "x-ratelimit-reset-requests: 20s"));
        await using var second = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync(Route(first, second, "targets: [a/m, b/m]"), time);

        Assert.Equal("a/m", await TargetAsync(gateway));
        Assert.Equal("b/m", await TargetAsync(gateway));
        time.Advance(TimeSpan.FromSeconds(19));
        Assert.Equal("b/m", await TargetAsync(gateway));
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("a/m", await TargetAsync(gateway));
    }

    [Fact]
    public async Task A_request_that_is_too_long_goes_to_a_larger_model_and_nobody_is_blamed()
    {
        await using var first = new ScriptedUpstream((_, connection) => connection.RespondAsync(
            400, "application/json", """{"error":{"message":"maximum context length is 8192 tokens","type":"invalid_request_error","code":"context_length_exceeded"}}"""));
        await using var second = ScriptedUpstream.Json(Good);
        const string Catalog = """

            catalog:
              models:
                "a/m": { context_window: 8192 }
                "a/same": { context_window: 8192 }
                "b/m": { context_window: 200000 }
            """;
        await using var gateway = await GatewayHost.StartAsync(Route(first, second, "targets: [a/m, a/same, b/m]") + Catalog);

        for (var i = 0; i < 10; i++)
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", Call);
            Assert.Equal(("b/m", "2"), (response.Header("x-gatehouse-target"), response.Header("x-gatehouse-attempts")));
        }
    }

    [Fact]
    public async Task Health_outlives_a_reload()
    {
        await using var first = FailingFirst(1, 401);
        await using var second = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync(Route(first, second, "targets: [a/m, b/m]"), new ManualTime());
        Assert.Equal("b/m", await TargetAsync(gateway));

        await File.AppendAllTextAsync(gateway.ConfigurationFile, "\ntimeout: { first_byte: 20s }\n", TestContext.Current.CancellationToken);
        Assert.True(gateway.Application.Snapshots.Load("test"));

        Assert.Equal(("b/m", 1), (await TargetAsync(gateway), first.Requests.Count));
    }

    [Fact]
    public async Task A_route_can_give_less_time_to_connect_than_its_providers()
    {
        // Listens, and accepts nobody beyond those that are waiting already.
        using var full = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        var port = ((IPEndPoint)full.LocalEndPoint!).Port;
        var waiting = Enumerable.Range(0, 4).Select(_ => new System.Net.Sockets.TcpClient()).ToArray();
        var connecting = Array.ConvertAll(waiting, client => client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken).AsTask());
        await Task.WhenAny(connecting);
        await using var second = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync($$"""
            providers:
              a: { kind: openai-compatible, base_url: "http://127.0.0.1:{{port}}/v1" }
              b: { kind: openai-compatible, base_url: "{{second.Address}}v1" }
            routes:
              chat: { targets: [a/m, b/m], timeout: { connect: 50ms } }
            """);

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal((HttpStatusCode.OK, "b/m"), (response.StatusCode, response.Header("x-gatehouse-target")));
        Assert.Equal("unreachable", (await gateway.ExchangeAsync(response)).GetProperty("attempts")[0].GetProperty("kind").GetString());
        Array.ForEach(waiting, client => client.Dispose());
        _ = Task.WhenAll(connecting).ContinueWith(task => task.Exception, TaskScheduler.Default);
    }

    [Fact]
    public void Waits_are_random_below_a_ceiling_that_doubles()
    {
        var retry = new Gatehouse.Routing.Attempts.RetryModel(9, [FailureKind.Network], TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));
        var random = new Random(7);
        foreach (var (repeats, ceiling) in new[] { (0, 100), (1, 200), (2, 400), (3, 800), (4, 1000), (60, 1000) })
        {
            var waits = Enumerable.Range(0, 2000).Select(_ => retry.DelayBefore(repeats, null, random)!.Value.TotalMilliseconds).ToArray();
            Assert.All(waits, wait => Assert.InRange(wait, 0, ceiling));
            Assert.InRange(waits.Average(), ceiling * 0.45, ceiling * 0.55);
        }

        Assert.Equal(TimeSpan.FromSeconds(0.9), retry.DelayBefore(0, TimeSpan.FromSeconds(0.9), random));
        Assert.Null(retry.DelayBefore(0, TimeSpan.FromSeconds(2), random));
    }

    private static async Task<string?> TargetAsync(GatewayHost gateway)
    {
        using var response = await gateway.PostAsync("/v1/chat/completions", Call);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response.Header("x-gatehouse-target");
    }

    private static async Task<string?> AttemptsAsync(GatewayHost gateway)
    {
        using var response = await gateway.PostAsync("/v1/chat/completions", Call);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response.Header("x-gatehouse-attempts");
    }

    /// <summary>Lets time pass whenever the gateway waits for it.</summary>
    private static Task AdvanceUntilAsync(ManualTime time, Task call, TimeSpan step) => Eventually.TrueAsync(
        () =>
        {
            if (!call.IsCompleted)
            {
                time.Advance(step);
            }

            return call.IsCompleted;
        },
        "the answer");

    private static ScriptedUpstream FailingFirst(int failures, int status, params string[] headers)
    {
        var count = 0;
        return new ScriptedUpstream((_, connection) => Interlocked.Increment(ref count) <= failures
            ? connection.RespondAsync(status, "application/json", string.Create(CultureInfo.InvariantCulture, $$$"""{"error":{"message":"failure {{{count}}}"}}"""), headers)
            : connection.RespondAsync(200, "application/json", Good));
    }

    private static string Route(ScriptedUpstream upstream, string route) => Route(upstream, upstream, route);

    private static string Route(ScriptedUpstream first, ScriptedUpstream second, string route) => $$"""
        providers:
          a: { kind: openai-compatible, base_url: "{{first.Address}}v1" }
          b: { kind: openai-compatible, base_url: "{{second.Address}}v1" }
        routes:
          chat: { {{route}} }
        """;
}
