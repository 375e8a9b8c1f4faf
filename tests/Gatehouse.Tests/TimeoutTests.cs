using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>Half-open silence: the limits of an exchange, on a clock that the tests turn.</summary>
public sealed class TimeoutTests
{
    private const string Limits = "timeout: { first_byte: 20s, idle: 5s, total: 60s }\n";
    private const string Frame = """data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}""" + "\n\n";

    [Fact]
    public async Task A_silent_provider_is_a_504_after_the_first_byte_limit_and_not_before()
    {
        var time = new ManualTime();
        await using var upstream = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Limits), time);
        var call = gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);
        await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the provider's request");

        time.Advance(TimeSpan.FromSeconds(19));
        Assert.Equal(0, upstream.ClosedByPeer);
        time.Advance(TimeSpan.FromSeconds(1));

        using var response = await call;
        var error = await response.ShouldFailAsync(HttpStatusCode.GatewayTimeout, "upstream_timeout");
        Assert.Contains("first_byte", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => upstream.ClosedByPeer == 1, "the end of the provider's connection");
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("failed", "upstream_timeout", 504), (row.Outcome(), row.ErrorCode(), row.GetProperty("status").GetInt32()));
        var attempt = Assert.Single(row.GetProperty("attempts").EnumerateArray());
        Assert.Equal((JsonValueKind.Null, "upstream_timeout"), (attempt.GetProperty("status").ValueKind, attempt.GetProperty("error").GetString()));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/event-stream")]
    public async Task The_first_byte_limit_runs_from_the_request_to_the_body_whenever_the_head_comes(string type)
    {
        var time = new ManualTime();
        var head = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await head.Task;
            await connection.SendAsync($"HTTP/1.1 200 OK\r\ncontent-type: {type}\r\ncontent-length: 1000\r\n\r\n");
            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Limits), time);
        var call = gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);
        await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the provider's request");

        time.Advance(TimeSpan.FromSeconds(15));
        head.SetResult();
        using var response = await time.AdvanceUntilAsync(call, TimeSpan.FromMilliseconds(100));

        var error = await response.ShouldFailAsync(HttpStatusCode.GatewayTimeout, "upstream_timeout");
        Assert.Contains("first_byte", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.InRange((await gateway.ExchangeAsync(response)).GetProperty("timings").GetProperty("total_ms").GetDouble(), 20_000, 20_001);
    }

    [Fact]
    public async Task Each_target_of_a_route_has_the_limits_of_its_provider_unless_the_route_sets_them()
    {
        var time = new ManualTime();
        await using var upstream = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        var url = $"{upstream.Address.ToString().TrimEnd('/')}/v1";
        await using var gateway = await GatewayHost.StartAsync(
            $$"""
            providers:
              a: { kind: openai-compatible, base_url: "{{url}}", timeout: { first_byte: 10s } }
              b: { kind: openai-compatible, base_url: "{{url}}", timeout: { first_byte: 40s } }
            routes:
              chat: { targets: [a/m, b/m], retry: { attempts: 2 } }
            """, time);
        var call = gateway.PostAsync("/v1/chat/completions", """{"model":"chat"}""");
        await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the first request");

        time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.TrueAsync(() => upstream.Requests.Count == 2, "the second request");
        time.Advance(TimeSpan.FromSeconds(39));
        Assert.Equal(1, upstream.ClosedByPeer);
        time.Advance(TimeSpan.FromSeconds(1));

        using var response = await call;
        var error = await response.ShouldFailAsync(HttpStatusCode.GatewayTimeout, "upstream_timeout");
        Assert.Contains("first_byte limit of 40 s", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json", "")]
    [InlineData("application/json", "{\"id\":")]
    [InlineData("text/event-stream", "")]
    [InlineData("text/event-stream", "data: {\"id\":")]
    public async Task A_provider_that_falls_silent_before_the_caller_got_a_byte_is_a_504(string type, string begin)
    {
        var time = new ManualTime();
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.SendAsync($"HTTP/1.1 200 OK\r\ncontent-type: {type}\r\ncontent-length: 1000\r\n\r\n{begin}");
            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Limits), time);
        var call = gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);
        await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the provider's request");

        using var response = await time.AdvanceUntilAsync(call, TimeSpan.FromSeconds(1));

        _ = await response.ShouldFailAsync(HttpStatusCode.GatewayTimeout, "upstream_timeout");
        Assert.Equal(("failed", "upstream_timeout"), (await gateway.ExchangeAsync(response)) is var row ? (row.Outcome(), row.ErrorCode()) : default);
    }

    [Fact]
    public async Task A_stream_that_falls_silent_ends_in_an_error_event_after_the_idle_limit()
    {
        var time = new ManualTime();
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(Frame);
            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Limits), time);
        await using var client = await StreamClient.OpenAsync(gateway);
        Assert.Equal(Frame.TrimEnd(), await client.NextAsync());

        var end = client.ShouldEndInErrorAsync("upstream_timeout");
        var error = await time.AdvanceUntilAsync(end, TimeSpan.FromSeconds(1));

        Assert.Contains("idle limit of 5 s", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => upstream.ClosedByPeer == 1, "the end of the provider's connection");
        Assert.Equal(("truncated", "upstream_timeout"), (await gateway.ExchangeAsync(client.Response)) is var row ? (row.Outcome(), row.ErrorCode()) : default);
    }

    [Fact]
    public async Task A_stream_that_never_falls_silent_ends_at_the_total_limit()
    {
        var time = new ManualTime();
        using var next = new SemaphoreSlim(0);
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            while (!connection.Stop.IsCancellationRequested)
            {
                await connection.ChunkAsync(Frame);
                await next.WaitAsync(connection.Stop);
            }
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Limits), time);
        await using var client = await StreamClient.OpenAsync(gateway);

        for (var seconds = 0; seconds < 60; seconds += 3)
        {
            Assert.Equal(Frame.TrimEnd(), await client.NextAsync());
            time.Advance(TimeSpan.FromSeconds(3));
            if (seconds < 57)
            {
                _ = next.Release();
            }
        }

        var error = await client.ShouldEndInErrorAsync("upstream_timeout");
        Assert.Contains("total limit of 60 s", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_is_slow_to_read_is_not_taken_for_a_silent_provider()
    {
        var time = new ManualTime();
        long pushed = 0;
        var frame = "data: " + new string('a', 64 * 1024) + "\n\n";
        const int Frames = 1000;
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            for (var i = 0; i < Frames; i++)
            {
                await connection.ChunkAsync(frame);
                Interlocked.Increment(ref pushed);
            }

            await connection.ChunkAsync("data: [DONE]\n\n");
            await connection.EndChunksAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Limits), time);
        await using var client = await StreamClient.OpenAsync(gateway);
        var (last, same) = (0L, 0);
        await Eventually.TrueAsync(() =>
        {
            var now = Interlocked.Read(ref pushed);
            same = now > 0 && now == last ? same + 1 : 0;
            last = now;
            return same > 60;
        }, "the provider to be held up");

        time.Advance(TimeSpan.FromSeconds(30));

        for (var i = 0; i < Frames; i++)
        {
            Assert.Equal(frame.Length - 2, (await client.NextAsync())!.Length);
        }

        Assert.Equal("data: [DONE]", await client.NextAsync());
        Assert.Equal("completed", (await gateway.ExchangeAsync(client.Response)).Outcome());
    }
}
