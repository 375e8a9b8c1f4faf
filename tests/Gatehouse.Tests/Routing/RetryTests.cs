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
