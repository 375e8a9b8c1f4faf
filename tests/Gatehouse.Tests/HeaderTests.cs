using System.Text;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>Which headers pass, in both directions.</summary>
public sealed class HeaderTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public async Task Credentials_and_what_concerns_one_connection_never_reach_the_provider()
    {
        await using var upstream = ScriptedUpstream.Json("{}");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        string[] dropped =
        [
            "x-api-key: leaked", "api-key: leaked", "x-goog-api-key: leaked", "cookie: leaked", "openai-organization: leaked", "openai-project: leaked",
            "proxy-authorization: leaked", "te: trailers, leaked", "keep-alive: leaked", "proxy-connection: leaked", "upgrade: leaked", "trailer: leaked",
            "x-listed: leaked", "x-also-listed: leaked", "x-gatehouse-run: leaked", "x-gatehouse-anything: leaked", "x-forwarded-for: leaked", "forwarded: for=leaked",
            "referer: leaked", "origin: leaked", "accept-encoding: leaked", "baggage: leaked=1",
        ];

        string[] headers =
        [
            .. dropped, "connection: x-listed, X-ALSO-LISTED", "content-type: application/json", "x-title: caf\u00e9", "user-agent: test/1", "openai-beta: assistants=v2",
            $"host: x\r\nauthorization: Bearer {GatewayHost.Key}\r\ncontent-length: {GatewayAnswers.Chat.Length}",
        ];

        // Without "close" or "keep-alive": next to one of those, the server does not tell what else Connection lists.
        await using var client = await RawClient.ConnectAsync(gateway);
        await client.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\n{string.Join("\r\n", headers)}\r\n\r\n{GatewayAnswers.Chat}");
        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadSomeAsync(), StringComparison.Ordinal);

        var seen = Assert.Single(upstream.Requests).Headers;
        Assert.DoesNotContain(seen, header => header.Value.Contains("leaked", StringComparison.Ordinal) || header.Value.Contains(GatewayHost.Key, StringComparison.Ordinal));
        Assert.DoesNotContain(seen.Keys, name => name.StartsWith("x-gatehouse", StringComparison.OrdinalIgnoreCase));
        Assert.Equal("Bearer upstream-secret", seen["authorization"]);
        Assert.Equal("test/1", seen["user-agent"]);
        Assert.Equal("assistants=v2", seen["openai-beta"]);
        // The bytes of the header as they were sent, which the scripted provider reads as Latin-1.
        Assert.Equal("caf\u00e9", Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(seen["x-title"])));
        Assert.Equal(upstream.Address.Authority, seen["host"]);
    }

    [Fact]
    public async Task Facts_of_the_provider_come_back_and_what_concerns_its_connection_does_not()
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(
            200, "application/json", "{}", "x-request-id: req_1", "x-ratelimit-remaining-tokens: 99", "openai-processing-ms: 5", "x-listed: leaked", "set-cookie: leaked=1",
            "keep-alive: leaked", "proxy-authenticate: leaked", "upgrade: leaked", "alt-svc: leaked", "server: leaked", "x-gatehouse-target: leaked", "connection: x-listed"));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        Assert.DoesNotContain(response.Headers.Concat(response.Content.Headers), header => string.Join(' ', header.Value).Contains("leaked", StringComparison.Ordinal));
        Assert.Equal("req_1", response.Header("x-request-id"));
        Assert.Equal("99", response.Header("x-ratelimit-remaining-tokens"));
        Assert.Equal("5", response.Header("openai-processing-ms"));
        Assert.StartsWith("exc_", response.Header("x-gatehouse-exchange"), StringComparison.Ordinal);
        Assert.Equal(("mock/gpt", "1", "bypass"), (response.Header("x-gatehouse-target"), response.Header("x-gatehouse-attempts"), response.Header("x-gatehouse-cache")));
        Assert.Null(response.Header("x-should-retry"));
    }

    [Fact]
    public async Task An_answer_without_a_request_id_gets_the_one_of_the_exchange()
    {
        await using var upstream = ScriptedUpstream.Json("{}");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        Assert.Equal(response.Header("x-gatehouse-exchange"), response.Header("x-request-id"));
    }

    [Fact]
    public async Task The_caller_s_trace_goes_on_with_a_span_of_the_gateway_s_own()
    {
        await using var upstream = ScriptedUpstream.Json("{}");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(GatewayAnswers.Chat, Encoding.UTF8, "application/json") };
        request.Headers.Add("traceparent", $"00-{TraceId}-b7ad6b7169203331-01");
        request.Headers.Add("tracestate", "vendor=1");

        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        var seen = Assert.Single(upstream.Requests).Headers;
        Assert.Matches($"^00-{TraceId}-(?!b7ad6b7169203331)[0-9a-f]{{16}}-01$", seen["traceparent"]);
        Assert.Equal("vendor=1", seen["tracestate"]);
        Assert.Equal(TraceId, (await gateway.ExchangeAsync(response)).GetProperty("run").GetString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("not a trace")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    public async Task A_caller_without_a_good_trace_gets_a_new_one(string? traceParent)
    {
        await using var upstream = ScriptedUpstream.Json("{}");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(GatewayAnswers.Chat, Encoding.UTF8, "application/json") };
        if (traceParent is not null)
        {
            _ = request.Headers.TryAddWithoutValidation("traceparent", traceParent);
        }

        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Matches("^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$", Assert.Single(upstream.Requests).Headers["traceparent"]);
    }
}
