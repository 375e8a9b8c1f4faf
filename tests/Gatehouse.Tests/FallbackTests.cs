using System.Net;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>A fallback route goes to its next target as long as the caller has got nothing.</summary>
public sealed class FallbackTests
{
    private const string Call = """{"model":"chat"}""";
    private const string Good = """{"id":"second","usage":{"prompt_tokens":7,"completion_tokens":3}}""";

    private static readonly Dictionary<string, (Func<UpstreamConnection, Task> Script, int? Status, string Error)> Failures = new(StringComparer.Ordinal)
    {
        ["reset"] = (Reset, null, "upstream_error"),
        ["429"] = (connection => connection.RespondAsync(429, "application/json", "{}"), 429, "http_429"),
        ["500"] = (connection => connection.RespondAsync(500, "text/html", "<html>"), 500, "http_500"),
        ["503"] = (connection => connection.RespondAsync(503, "application/json", "{}"), 503, "http_503"),
        ["not HTTP"] = (connection => connection.SendAsync("nonsense\r\n\r\n"), null, "upstream_invalid_response"),
        ["reset after the head"] = (Begin("application/json", ""), 200, "upstream_error"),
        ["reset in a short answer"] = (Begin("application/json", "{\"id\":\"first\",\"usage\":{\"prompt_tokens\":1},"), 200, "upstream_error"),
        ["reset before the first frame"] = (Begin("text/event-stream", "data: "), 200, "upstream_error"),
        ["200 with invalid JSON"] = (connection => connection.RespondAsync(200, "application/json", "{\"id\":\"first\","), 200, "upstream_invalid_response"),
    };

    public static IEnumerable<TheoryDataRow<string>> FailureNames => Failures.Keys.Select(name => new TheoryDataRow<string>(name));

    [Theory]
    [MemberData(nameof(FailureNames))]
    public async Task A_target_that_fails_before_the_first_byte_is_followed_by_the_next(string failure)
    {
        var (script, status, code) = Failures[failure];
        await using var first = new ScriptedUpstream((_, connection) => script(connection));
        await using var second = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync(Route(first.Address, second.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Good, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(("2", "b/m2"), (response.Header("x-gatehouse-attempts"), response.Header("x-gatehouse-target")));
        Assert.Equal("""{"model":"m1"}""", Assert.Single(first.Requests).Text);
        Assert.Equal("""{"model":"m2"}""", Assert.Single(second.Requests).Text);
        Assert.Equal("Bearer secret-b", second.Requests.Single().Headers["authorization"]);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("completed", null, "chat", "b/m2"), (row.Outcome(), row.ErrorCode(), row.GetProperty("route").GetString(), row.GetProperty("target").GetString()));
        Assert.Equal((7L, "second"), (row.Tokens("input_tokens"), row.GetProperty("response_id").GetString()));
        var attempts = row.GetProperty("attempts");
        Assert.Equal(("a/m1", code), (attempts[0].GetProperty("target").GetString(), attempts[0].GetProperty("error").GetString()));
        Assert.Equal(status, attempts[0].GetProperty("status") is { ValueKind: System.Text.Json.JsonValueKind.Number } number ? number.GetInt32() : null);
        Assert.Equal(("b/m2", 200), (attempts[1].GetProperty("target").GetString(), attempts[1].GetProperty("status").GetInt32()));
        Assert.Equal(2, attempts.GetArrayLength());
    }

    [Fact]
    public async Task A_silent_target_is_followed_by_the_next_after_the_first_byte_limit()
    {
        var time = new ManualTime();
        await using var first = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var second = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync(Route(first.Address, second.Address) + "timeout: { first_byte: 10s }\n", time);
        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await Eventually.TrueAsync(() => first.Requests.Count == 1, "the first target's request");

        time.Advance(TimeSpan.FromSeconds(10));

        using var response = await call;
        Assert.Equal((HttpStatusCode.OK, "2"), (response.StatusCode, response.Header("x-gatehouse-attempts")));
        Assert.Equal("upstream_timeout", (await gateway.ExchangeAsync(response)).GetProperty("attempts")[0].GetProperty("error").GetString());
        await Eventually.TrueAsync(() => first.ClosedByPeer == 1, "the end of the first target's connection");
    }

    [Theory]
    [InlineData(400, "application/json")]
    [InlineData(422, "application/json")]
    public async Task A_request_that_is_at_fault_is_not_tried_elsewhere(int status, string type)
    {
        await using var first = new ScriptedUpstream((_, connection) => connection.RespondAsync(status, type, type == "text/html" ? "<html>" : """{"error":{"message":"no"}}"""));
        await using var second = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync(Route(first.Address, second.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Empty(second.Requests);
    }

    [Theory]
    [InlineData(401, "application/json", "auth")]
    [InlineData(402, "application/json", "billing")]
    [InlineData(404, "text/html", "model_not_found")]
    public async Task A_target_that_does_not_take_the_account_is_followed_by_the_next(int status, string type, string kind)
    {
        await using var first = new ScriptedUpstream((_, connection) => connection.RespondAsync(status, type, type == "text/html" ? "<html>" : """{"error":{"message":"no"}}"""));
        await using var second = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync(Route(first.Address, second.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal((HttpStatusCode.OK, "b/m2"), (response.StatusCode, response.Header("x-gatehouse-target")));
        Assert.Equal(kind, (await gateway.ExchangeAsync(response)).GetProperty("attempts")[0].GetProperty("kind").GetString());
        using var again = await gateway.PostAsync("/v1/chat/completions", Call);
        Assert.Equal("1", again.Header("x-gatehouse-attempts"));
    }

    [Fact]
    public async Task When_all_targets_fail_the_last_one_s_own_answer_is_what_the_caller_gets()
    {
        await using var first = ScriptedUpstream.Json("""{"error":{"message":"first"}}""", 500);
        await using var second = ScriptedUpstream.Json("""{"error":{"message":"second"}}""", 429);
        await using var gateway = await GatewayHost.StartAsync(Route(first.Address, second.Address, "attempts: 2"));

        using var response = await gateway.PostAsync("/v1/chat/completions", Call);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("""{"error":{"message":"second"}}""", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("failed", "second", 2), (row.Outcome(), row.GetProperty("error").GetProperty("message").GetString(), row.GetProperty("attempts").GetArrayLength()));
    }

    [Fact]
    public async Task A_stream_that_has_begun_is_not_begun_again_elsewhere()
    {
        using var seen = new SemaphoreSlim(0);
        await using var first = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n");
            await seen.WaitAsync(connection.Stop);
            connection.Reset();
        });
        await using var second = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync(Route(first.Address, second.Address));

        await using var client = await StreamClient.OpenAsync(gateway, """{"model":"chat","stream":true}""");
        _ = await client.NextAsync();
        _ = seen.Release();

        _ = await client.ShouldEndInErrorAsync("upstream_error");
        Assert.Empty(second.Requests);
        Assert.Equal("truncated", (await gateway.ExchangeAsync(client.Response)).Outcome());
    }

    private static string Route(Uri first, Uri second, string retry = "attempts: 3") => $$"""
        providers:
          a: { kind: openai-compatible, base_url: "{{first}}v1", api_key: secret-a }
          b: { kind: openai-compatible, base_url: "{{second}}v1", api_key: secret-b }
        routes:
          chat: { strategy: fallback, targets: [a/m1, b/m2], retry: { {{retry}} } }

        """;

    private static Func<UpstreamConnection, Task> Begin(string type, string begin) => async connection =>
    {
        await connection.SendAsync($"HTTP/1.1 200 OK\r\ncontent-type: {type}\r\ncontent-length: 1000\r\n\r\n{begin}");
        connection.Close();
    };

    private static Task Reset(UpstreamConnection connection)
    {
        connection.Reset();
        return Task.CompletedTask;
    }
}
