using System.Collections.Concurrent;
using System.Net;
using Gatehouse.Routing.Limits;
using Gatehouse.Tests.Harness;
using Gatehouse.Tests.Translation;

namespace Gatehouse.Tests.Routing.Limits;

/// <summary>A target at its limit is passed over, and comes back.</summary>
public sealed class LimitedRouteTests
{
    private const string Call = """{"model":"r","messages":[{"role":"user","content":"hi"}]}""";

    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_target_at_its_limit_is_passed_over_and_comes_back()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, "{ target: chat/m, limits: [{ requests: 2, per: minute }] }, claude/m");

        Assert.Equal(["chat/m", "chat/m", "claude/m"], [await AskAsync(gateway), await AskAsync(gateway), await AskAsync(gateway)], StringComparer.Ordinal);

        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("chat/m", await AskAsync(gateway));
    }

    [Fact]
    public async Task When_all_are_at_their_limits_the_caller_is_told_when_to_come_back()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, "{ target: chat/m, limits: [{ requests: 1, per: minute }] }, { target: claude/m, limits: [{ requests: 1, per: hour }, { concurrency: 8 }] }");
        _ = await AskAsync(gateway);
        _ = await AskAsync(gateway);

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        var error = await response.ShouldFailAsync(HttpStatusCode.ServiceUnavailable, "no_target_available");
        Assert.Equal("61", response.Header("retry-after"));
        Assert.Equal(
            "No target of route 'r' can take this request: chat/m: its limit of 1 requests per minute is used up for another 61 s; claude/m: its limit of 1 requests per hour is used up for another 61 min.",
            error.GetProperty("message").GetString());
        Assert.Equal(2, mock.Requests.Count);
    }

    [Fact]
    public async Task The_least_bad_target_is_not_used_past_its_limits_either()
    {
        await using var mock = new ProviderMock(async (_, connection) =>
        {
            await connection.RespondAsync(401, "application/json", "{}");
            return true;
        });
        await using var gateway = await StartAsync(mock, "{ target: chat/m, limits: [{ requests: 2, per: minute }] }");
        for (var i = 0; i < 5; i++)
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", Call);
            Assert.Equal(i < 2 ? HttpStatusCode.Unauthorized : HttpStatusCode.ServiceUnavailable, response.StatusCode);
        }

        Assert.Equal(2, mock.Requests.Count);
    }

    [Fact]
    public async Task Another_try_is_a_request_too()
    {
        await using var mock = new ProviderMock(async (_, connection) =>
        {
            await connection.RespondAsync(500, "application/json", "{}");
            return true;
        });
        await using var gateway = await StartAsync(mock, "{ target: chat/m, limits: [{ requests: 2, per: minute }] }", ", retry: { attempts: 5, backoff: 0s, budget: 1 }");

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal(2, mock.Requests.Count);
    }

    [Fact]
    public async Task Tokens_are_those_that_were_used()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, "{ target: chat/m, limits: [{ total_tokens: 25, per: minute }] }, claude/m");

        // 7 in and 3 out, whatever was set aside.
        using var first = await gateway.PostAsync("/v1/chat/completions", Call[..^1] + ",\"max_tokens\":20}");
        Assert.Equal("chat/m", first.Header("x-gatehouse-target"));
        await Eventually.TrueAsync(() => Limits(gateway).Check(new ExpectedUse(15, 0)) == default, "what was not used to be given back");
        Assert.True(Limits(gateway).Check(new ExpectedUse(16, 0)).IsRefused);

        using var large = await gateway.PostAsync("/v1/chat/completions", Call.Replace("hi", new string('x', 80), StringComparison.Ordinal));
        Assert.Equal("claude/m", large.Header("x-gatehouse-target"));
    }

    [Fact]
    public async Task A_failure_that_used_nothing_gives_its_tokens_back()
    {
        var failures = 2;
        await using var mock = new ProviderMock(async (_, connection) =>
        {
            if (failures-- <= 0)
            {
                return false;
            }

            await connection.RespondAsync(400, "application/json", "{}");
            return true;
        });
        await using var gateway = await StartAsync(mock, "{ target: chat/m, limits: [{ total_tokens: 300, per: minute }] }");
        for (var i = 0; i < 3; i++)
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", Call);
            Assert.Equal(i < 2 ? HttpStatusCode.BadRequest : HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_stream_counts_as_running_until_its_end()
    {
        var mayEnd = new TaskCompletionSource();
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            if (!request.Text.Contains("\"stream\":true", StringComparison.Ordinal))
            {
                return false;
            }

            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(ProviderMock.ChatFrames[0]);
            await mayEnd.Task;
            foreach (var frame in ProviderMock.ChatFrames[1..])
            {
                await connection.ChunkAsync(frame);
            }

            await connection.EndChunksAsync();
            return true;
        });
        await using var gateway = await StartAsync(mock, "{ target: chat/m, limits: [{ concurrency: 1 }] }, claude/m");
        using var stream = await gateway.PostAsync("/v1/chat/completions", Call[..^1] + ",\"stream\":true}", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("chat/m", stream.Header("x-gatehouse-target"));

        Assert.Equal("claude/m", await AskAsync(gateway));

        mayEnd.SetResult();
        _ = await stream.Content.ReadAsStringAsync(Xunit.TestContext.Current.CancellationToken);
        await Eventually.GetAsync(async () => await AskAsync(gateway) == "chat/m" ? (bool?)true : null, "the target to be used again");
    }

    [Fact]
    public async Task A_reload_forgets_nothing_of_what_was_used()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, "{ target: chat/m, limits: [{ requests: 2, per: hour }] }, claude/m");
        _ = await AskAsync(gateway);
        _ = await AskAsync(gateway);

        var text = await File.ReadAllTextAsync(gateway.ConfigurationFile, Xunit.TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(gateway.ConfigurationFile, text.Replace("requests: 2", "requests: 3", StringComparison.Ordinal), Xunit.TestContext.Current.CancellationToken);
        Assert.True(gateway.Application.Snapshots.Load("test"));

        Assert.Equal(["chat/m", "claude/m"], [await AskAsync(gateway), await AskAsync(gateway)], StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_target_in_two_places_has_one_set_of_limits()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(
            mock, "{ strategy: weighted, targets: [{ target: chat/m, limits: [{ requests: 1, per: hour }] }] }, { target: chat/m, params: { overrides: { seed: 1 } } }, claude/m");

        Assert.Equal(["chat/m", "claude/m"], [await AskAsync(gateway), await AskAsync(gateway)], StringComparer.Ordinal);
    }

    [Fact]
    public async Task Whatever_happens_no_target_sees_more_than_its_limits()
    {
        var random = new SeededRandom(7);
        var (running, most, perSecond) = (0, 0, new ConcurrentDictionary<DateTimeOffset, int>());
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            if (!request.Target.StartsWith("/v1/chat", StringComparison.Ordinal))
            {
                return false;
            }

            var now = Interlocked.Increment(ref running);
            for (var seen = Volatile.Read(ref most); seen < now; seen = Volatile.Read(ref most))
            {
                _ = Interlocked.CompareExchange(ref most, now, seen);
            }

            _ = perSecond.AddOrUpdate(_time.GetUtcNow(), 1, (_, count) => count + 1);
            var kind = random.Next(4);
            // Before the answer: with it the gateway may send the next one.
            _ = Interlocked.Decrement(ref running);
            if (kind == 0)
            {
                connection.Reset();
                return true;
            }

            await connection.RespondAsync(kind == 1 ? 500 : 200, "application/json", kind == 1 ? "{}" : ProviderMock.Chat);
            return true;
        });
        await using var gateway = await StartAsync(
            mock, "{ target: chat/m, limits: [{ requests: 9, per: minute }, { concurrency: 3 }] }, claude/m", ", retry: { attempts: 4, backoff: 0s, budget: 1 }, health: { consecutive_failures: 100000, minimum_requests: 100000 }");

        for (var round = 0; round < 12; round++)
        {
            var calls = Enumerable.Range(0, 12).Select(async _ =>
            {
                using var response = await gateway.PostAsync("/v1/chat/completions", Call);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            });
            await Task.WhenAll(calls);
            if (round % 4 == 3)
            {
                var before = gateway.Application.Snapshots.Current;
                await File.AppendAllTextAsync(gateway.ConfigurationFile, "# changed\n", Xunit.TestContext.Current.CancellationToken);
                Assert.True(gateway.Application.Snapshots.Load("test"));
                Assert.NotSame(before, gateway.Application.Snapshots.Current);
            }

            _time.Advance(TimeSpan.FromSeconds(round % 3 == 2 ? 45 : 8));
        }

        Assert.InRange(most, 1, 3);
        Assert.All(perSecond.Keys, end => Assert.InRange(perSecond.Where(second => second.Key > end - TimeSpan.FromMinutes(1) && second.Key <= end).Sum(second => second.Value), 1, 9));
        // And what is allowed is used.
        Assert.True(perSecond.Values.Sum() > 18, $"{perSecond.Values.Sum()} requests");
    }

    [Fact]
    public async Task A_second_attempt_beside_a_slow_one_keeps_to_the_limits_too()
    {
        var mayAnswer = new TaskCompletionSource();
        await using var mock = new ProviderMock(async (request, _) =>
        {
            if (request.Target.StartsWith("/v1/chat", StringComparison.Ordinal))
            {
                await mayAnswer.Task;
            }

            return false;
        });
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + """
            routes:
              r: { targets: [chat/m, { target: claude/m, limits: [{ requests: 1, per: hour }] }], hedge: { share: 1, after: 1ms } }
            """);

        using var hedged = await gateway.PostAsync("/v1/chat/completions", Call);
        Assert.Equal("claude/m", hedged.Header("x-gatehouse-target"));
        var limited = gateway.Application.Snapshots.Current.Routes["r"].Targets[1];
        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await Eventually.TrueAsync(() => limited.LastSkip is not null, "the second attempt to be refused");
        mayAnswer.SetResult();

        using var alone = await call;
        Assert.Equal(("chat/m", "1"), (alone.Header("x-gatehouse-target"), alone.Header("x-gatehouse-attempts")));
        Assert.StartsWith("its limit of 1 requests per hour is used up", limited.LastSkip!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task To_count_tokens_is_a_request_but_uses_none()
    {
        await using var upstream = ScriptedUpstream.Json("""{"input_tokens":5}""");
        await using var gateway = await GatewayHost.StartAsync(ProviderMock.ProvidersAt(upstream.Address) + """
            routes:
              r: { targets: [{ target: claude/m, limits: [{ input_tokens: 500, requests: 2, per: hour }] }] }
            """);
        for (var i = 0; i < 2; i++)
        {
            using var response = await gateway.PostAsync("/v1/messages/count_tokens", Call.Replace("hi", new string('x', 1200), StringComparison.Ordinal));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            await Eventually.TrueAsync(() => Limits(gateway).Check(new ExpectedUse(500, 0)).Rule.Unit == LimitUnit.Requests, "the tokens to be given back");
        }

        Assert.True(Limits(gateway).Check(default).IsRefused);
    }

    private static Gatehouse.Routing.Limits.TargetLimits Limits(GatewayHost gateway) => gateway.Application.Snapshots.Current.Routes["r"].Targets[0].Limits!;

    private static async Task<string> AskAsync(GatewayHost gateway)
    {
        using var response = await gateway.PostAsync("/v1/chat/completions", Call);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response.Header("x-gatehouse-target")!;
    }

    private Task<GatewayHost> StartAsync(ProviderMock mock, string targets, string more = "") =>
        GatewayHost.StartAsync(mock.Providers + $"routes:\n  r: {{ targets: [{targets}]{more} }}\n", _time);
}
