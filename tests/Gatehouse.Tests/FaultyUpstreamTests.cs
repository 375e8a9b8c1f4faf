using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>Everything that can go wrong at a provider before the caller has got a byte becomes one clean error.</summary>
public sealed class FaultyUpstreamTests
{
    private const string Json = "application/json";
    private const string Html = "<html><body>Bad <b>gateway</b> \u00e9</body></html>";

    private static readonly Dictionary<string, (Func<UpstreamConnection, Task> Script, int Status, string Code)> Faults = new(StringComparer.Ordinal)
    {
        ["reset before the head"] = (Reset, 502, "upstream_error"),
        ["closed before the head"] = (Close, 502, "upstream_error"),
        ["reset after half a head"] = (Then("HTTP/1.1 200 OK\r\ncontent-ty", Reset), 502, "upstream_error"),
        ["reset after the head"] = (Then("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n", Reset), 502, "upstream_error"),
        ["closed after the head"] = (Then("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n", Close), 502, "upstream_error"),
        ["reset in the middle of JSON"] = (Then("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"id\":", Reset), 502, "upstream_error"),
        ["closed in the middle of JSON"] = (Then("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"id\":", Close), 502, "upstream_error"),
        ["closed in the middle of a chunk"] = (Then("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{\"id\":", Close), 502, "upstream_error"),
        ["a body without length that ends too early"] = (Then("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"id\":\"x\",", Close), 502, "upstream_invalid_response"),
        ["garbage for a chunk length"] = (Then("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n", Close), 502, "upstream_error"),
        ["not HTTP"] = (Then("SSH-2.0-OpenSSH_9.2\r\n\r\n", Close), 502, "upstream_invalid_response"),
        ["a flood of headers"] = (Then("HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Range(0, 4000).Select(i => $"x-flood-{i}: {new string('a', 40)}\r\n")), Silent), 502, "upstream_invalid_response"),
        ["a header without end"] = (Then("HTTP/1.1 200 OK\r\nx-flood: " + new string('a', 200_000), Silent), 502, "upstream_invalid_response"),
        ["200 with invalid JSON"] = (Answer(200, Json, "{\"id\":\"x\",}"), 502, "upstream_invalid_response"),
        ["200 with truncated JSON"] = (Answer(200, Json, "{\"choices\":[{\"message\":{\"content\":\"h"), 502, "upstream_invalid_response"),
        ["200 with two JSON texts"] = (Answer(200, Json, "{}{}"), 502, "upstream_invalid_response"),
        ["200 with HTML"] = (Answer(200, "text/html", Html), 502, "upstream_invalid_response"),
        ["200 with nothing"] = (Answer(200, Json, ""), 502, "upstream_invalid_response"),
        ["200 with a large page of HTML"] = (Answer(200, "text/html", Html + new string(' ', 100_000)), 502, "upstream_invalid_response"),
        ["204"] = (Then("HTTP/1.1 204 No Content\r\n\r\n", Done), 502, "upstream_invalid_response"),
        ["a stream without a frame"] = (Answer(200, "text/event-stream", ""), 502, "upstream_invalid_response"),
        ["a stream reset before its first frame"] = (Then("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n", Reset), 502, "upstream_error"),
        ["500 with HTML"] = (Answer(500, "text/html", Html), 502, "upstream_error"),
        ["503 with nothing"] = (Answer(503, "text/plain", ""), 502, "upstream_error"),
        ["404 with HTML"] = (Answer(404, "text/html", Html), 404, "upstream_error"),
        ["429 with HTML"] = (Answer(429, "text/html", Html), 429, "upstream_error"),
        ["401 with JSON that is cut"] = (Answer(401, Json, "{\"error\":{\"mess"), 401, "upstream_error"),
    };

    public static IEnumerable<TheoryDataRow<string>> FaultNames => Faults.Keys.Select(name => new TheoryDataRow<string>(name));

    [Theory]
    [MemberData(nameof(FaultNames))]
    public async Task A_fault_before_the_first_byte_is_one_clean_error_and_a_failed_exchange(string fault)
    {
        var (script, status, code) = Faults[fault];
        await using var upstream = new ScriptedUpstream((_, connection) => script(connection));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        var error = await response.ShouldFailAsync((HttpStatusCode)status, code);
        Assert.Contains("mock/gpt", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("mock/gpt", response.Header("x-gatehouse-target"));
        Assert.Equal("1", response.Header("x-gatehouse-attempts"));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("failed", code, status), (row.Outcome(), row.ErrorCode(), row.GetProperty("status").GetInt32()));
        Assert.Equal("mock/gpt", Assert.Single(row.GetProperty("attempts").EnumerateArray()).GetProperty("target").GetString());
        Assert.Equal(JsonValueKind.Null, row.GetProperty("usage").ValueKind);
        Assert.DoesNotContain(gateway.Logs.Entries, entry => entry.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    [Fact]
    public async Task A_refused_connection_is_a_502_that_says_so()
    {
        // A port that was free a moment ago, and that nobody listens on.
        using var placeholder = new TcpListener(IPAddress.Loopback, 0);
        placeholder.Start();
        var port = ((IPEndPoint)placeholder.LocalEndpoint).Port;
        placeholder.Stop();
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(new Uri($"http://127.0.0.1:{port}")));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        var error = await response.ShouldFailAsync(HttpStatusCode.BadGateway, "upstream_error");
        Assert.Contains("refuses connections", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        var attempt = Assert.Single((await gateway.ExchangeAsync(response)).GetProperty("attempts").EnumerateArray());
        Assert.Equal((JsonValueKind.Null, "upstream_error"), (attempt.GetProperty("status").ValueKind, attempt.GetProperty("error").GetString()));
    }

    [Fact]
    public async Task A_host_name_that_does_not_exist_is_a_502_that_says_so()
    {
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(new Uri("http://no-such-host.invalid")));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        var error = await response.ShouldFailAsync(HttpStatusCode.BadGateway, "upstream_error");
        Assert.Contains("cannot be resolved", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(422)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task An_error_in_JSON_keeps_its_status_and_every_byte_of_its_body(int status)
    {
        const string Body = """{ "error" : {"message":"too \u00e9arly", "type":"x","param":null,"code":"theirs"} }""";
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(status, Json, Body, "retry-after: 7"));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(Body, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("7", response.Header("retry-after"));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("failed", "upstream_error", status), (row.Outcome(), row.ErrorCode(), row.GetProperty("status").GetInt32()));
        Assert.Equal("too \u00e9arly", row.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal($"http_{status}", row.GetProperty("attempts")[0].GetProperty("error").GetString());
    }

    [Fact]
    public async Task The_wait_that_a_provider_asks_for_survives_an_error_page()
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(429, "text/html", Html, "retry-after: 7"));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        _ = await response.ShouldFailAsync(HttpStatusCode.TooManyRequests, "upstream_error");
        Assert.Equal("7", response.Header("retry-after"));
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_the_key_goes_nowhere_else()
    {
        await using var elsewhere = ScriptedUpstream.Json("""{"id":"stolen"}""");
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(307, Json, "", $"location: {elsewhere.Address}v1/chat/completions"));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        _ = await response.ShouldFailAsync(HttpStatusCode.BadGateway, "upstream_invalid_response");
        Assert.Empty(elsewhere.Requests);
        Assert.Null(response.Header("location"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_long_answer_that_breaks_off_reaches_the_caller_as_a_broken_connection(bool reset)
    {
        var half = "{\"data\":\"" + new string('a', 150_000);
        var callerReads = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.SendAsync("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 300000\r\n\r\n" + half);
            await callerReads.Task.WaitAsync(connection.Stop);
            await (reset ? Reset(connection) : Close(connection));
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        callerReads.SetResult();

        _ = await Assert.ThrowsAsync<HttpRequestException>(() => response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("truncated", "upstream_error"), (row.Outcome(), row.ErrorCode()));
        Assert.InRange(row.GetProperty("delivered").GetProperty("bytes").GetInt64(), 1, half.Length);
    }

    [Theory]
    [InlineData("}")]
    [InlineData("{\"data\":1}garbage")]
    public async Task A_long_answer_that_is_not_JSON_is_never_completed(string end)
    {
        var body = "{\"data\":\"" + new string('a', 150_000) + end;
        await using var upstream = ScriptedUpstream.Json(body);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat, HttpCompletionOption.ResponseHeadersRead);

        _ = await Assert.ThrowsAsync<HttpRequestException>(() => response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("truncated", "upstream_invalid_response"), (row.Outcome(), row.ErrorCode()));
    }

    [Fact]
    public async Task An_answer_that_arrives_byte_by_byte_is_the_same_answer()
    {
        const string Body = """{"id":"x","choices":[{"message":{"content":"h\u00e9 \ud83d\ude00"}}],"usage":{"prompt_tokens":7,"completion_tokens":3}}""";
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, Json);
            foreach (var value in System.Text.Encoding.UTF8.GetBytes(Body))
            {
                await connection.ChunkAsync(new[] { value });
            }

            await connection.EndChunksAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        Assert.Equal(Body, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(7, (await gateway.ExchangeAsync(response)).Tokens("input_tokens"));
    }

    [Theory]
    [InlineData("x-note: caf\u00e9", """{"id":"x"}""")]
    [InlineData("x-note: fine", "{\"\\ud800\":1,\"id\":\"x\"}")]
    [InlineData("content-language: ,,;;", """{"id":"x"}""")]
    public async Task Odd_but_complete_answers_pass(string header, string body)
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(200, Json, body, header));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        Assert.Equal(body, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("completed", (await gateway.ExchangeAsync(response)).Outcome());
    }

    private static Func<UpstreamConnection, Task> Answer(int status, string contentType, string body) => connection => connection.RespondAsync(status, contentType, body);

    private static Func<UpstreamConnection, Task> Then(string bytes, Func<UpstreamConnection, Task> then) => async connection =>
    {
        await connection.SendAsync(bytes);
        await then(connection);
    };

    private static Task Reset(UpstreamConnection connection)
    {
        connection.Reset();
        return Task.CompletedTask;
    }

    private static Task Close(UpstreamConnection connection)
    {
        connection.Close();
        return Task.CompletedTask;
    }

    private static Task Done(UpstreamConnection connection) => Task.CompletedTask;

    private static Task Silent(UpstreamConnection connection) => connection.UntilPeerClosesAsync();
}
