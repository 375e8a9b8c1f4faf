using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Translation;

/// <summary>Every client reaches every provider, in one piece and as a stream, and the ledger knows of it.</summary>
public sealed class DialectPairTests
{
    private static readonly string[] Targets =
        ["chat/m", "openai/gpt-4o", "claude/m", "gemini/m", "vertex/gemini-m", "vertex/claude-m", "bedrock/m", "cohere/m", "ollama/m", "mistral/m"];

    [Theory]
    [MemberData(nameof(Caller.All), MemberType = typeof(Caller))]
    public async Task Every_provider_answers_every_client(string client)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var caller = new Caller(client);
        foreach (var target in Targets)
        {
            using var response = await caller.AskAsync(gateway, target);

            var answer = await response.JsonAsync();
            Assert.Equal("Hello", caller.TextOf(answer));
            await ShouldBeMeteredAsync(gateway, response, target);
        }
    }

    [Theory]
    [MemberData(nameof(Caller.All), MemberType = typeof(Caller))]
    public async Task Every_provider_streams_to_every_client(string client)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var caller = new Caller(client);
        foreach (var target in Targets.Where(target => client != "responses" || !target.StartsWith("openai/", StringComparison.Ordinal)))
        {
            using var response = await caller.AskAsync(gateway, target, isStream: true);

            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(response.StatusCode == HttpStatusCode.OK, $"{target}: {text}");
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
            Assert.Equal("Hello", caller.StreamedText(text));
            await ShouldBeMeteredAsync(gateway, response, target);
        }
    }

    [Fact]
    public async Task A_provider_of_another_dialect_gets_no_header_of_the_callers_dialect()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        foreach (var (client, target) in new[] { ("anthropic", "chat/m"), ("anthropic", "gemini/m"), ("chat", "claude/m"), ("responses", "bedrock/m"), ("gemini", "chat/m") })
        {
            using var request = Request(new Caller(client), target);
            using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
            _ = await response.JsonAsync();

            var headers = mock.Last.Headers;
            Assert.DoesNotContain(headers.Keys, name => name.StartsWith("x-stainless", StringComparison.OrdinalIgnoreCase) || name.StartsWith("openai-", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("x-gatehouse", StringComparison.OrdinalIgnoreCase) || name.StartsWith("x-goog-api-client", StringComparison.OrdinalIgnoreCase)
                || name.Equals("anthropic-beta", StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain(headers.Values, value => value.Contains(GatewayHost.Key, StringComparison.Ordinal));
            Assert.Equal("an-sdk/1.0", headers["user-agent"]);
            Assert.True(headers.ContainsKey("traceparent"));
        }
    }

    [Theory]
    [InlineData("claude/m", "/v1/messages?beta=true")]
    [InlineData("vertex/claude-m", "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-m:rawPredict?beta=true")]
    public async Task Anthropics_own_headers_and_query_reach_a_provider_of_its_dialect(string target, string path)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        using var request = Request(new Caller("anthropic"), target);
        request.RequestUri = new Uri("/v1/messages?beta=true", UriKind.Relative);

        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        _ = await response.JsonAsync();
        Assert.Equal(target.StartsWith("vertex", StringComparison.Ordinal) ? path.Split('?')[0] : path, mock.Last.Target);
        Assert.Equal(("2026-10-21", "context-1m-2025-08-07,x-2026"), (mock.Last.Headers["anthropic-version"], mock.Last.Headers["anthropic-beta"]));
    }

    [Fact]
    public async Task Claude_on_Vertex_gets_its_version_in_the_body_and_its_model_in_the_path()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        foreach (var client in Caller.Names)
        {
            using var response = await new Caller(client).AskAsync(gateway, "vertex/claude-sonnet-4-6@20251001", isStream: true);

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var body = JsonElement.Parse(mock.Last.Text);
            Assert.Equal("vertex-2023-10-16", body.GetProperty("anthropic_version").GetString());
            Assert.False(body.TryGetProperty("model", out _));
            Assert.True(body.GetProperty("stream").GetBoolean());
            Assert.Equal("/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-6@20251001:streamRawPredict", mock.Last.Target);
            Assert.Equal("Bearer upstream-secret", mock.Last.Headers["authorization"]);
        }
    }

    [Theory]
    [InlineData("anthropic", "claude/m")]
    [InlineData("gemini", "gemini/m")]
    [InlineData("chat", "chat/m")]
    [InlineData("responses", "openai/m")]
    public async Task The_same_dialect_gets_the_callers_bytes(string client, string target)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var caller = new Caller(client);
        const string odd = """, "x_unknown" : { "b":1.0e2,"a":"\u00e9" }, "x_unknown":[ ]""";

        using var response = await caller.AskAsync(gateway, target, more: odd);

        _ = await response.JsonAsync();
        Assert.Equal(caller.Body("m", isStream: false, odd), mock.Last.Text);
        Assert.Null(response.Header("x-gatehouse-dropped"));
    }

    [Fact]
    public async Task Thoughts_that_another_provider_sealed_do_not_reach_a_provider_of_the_callers_dialect()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        const string Turns = """{"model":"claude/m","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"SEAL"},{"type":"text","text":"b"}]},{"role":"user","content":"c"}]}""";

        using var own = await gateway.PostAsync("/v1/messages", Turns.Replace("SEAL", "EuYBCkQ", StringComparison.Ordinal));
        using var foreign = await gateway.PostAsync("/v1/messages", Turns.Replace("SEAL", "gatehouse.gemini.abc", StringComparison.Ordinal));

        _ = await own.JsonAsync();
        _ = await foreign.JsonAsync();
        Assert.Equal(Turns.Replace("SEAL", "EuYBCkQ", StringComparison.Ordinal).Replace("claude/m", "m", StringComparison.Ordinal), mock.Requests[0].Text);
        Assert.DoesNotContain("gatehouse", mock.Requests[1].Text, StringComparison.Ordinal);
        Assert.Equal("reasoning", foreign.Header("x-gatehouse-dropped"));
    }

    [Fact]
    public async Task What_the_target_cannot_be_told_is_named_in_a_header_of_bounded_length()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var unknown = string.Concat(Enumerable.Range(0, 1000).Select(i => $",\"x_unknown_parameter_{i}\":1"));

        using var few = await new Caller("chat").AskAsync(gateway, "claude/m", more: ",\"seed\":1,\"logit_bias\":{\"1\":2},\"x_é\":1");
        using var many = await new Caller("chat").AskAsync(gateway, "claude/m", more: unknown);

        Assert.Equal("logit_bias, seed, x_%C3%A9", string.Join(", ", few.Header("x-gatehouse-dropped")!.Split(", ").Order(StringComparer.Ordinal)));
        var names = many.Header("x-gatehouse-dropped")!;
        Assert.InRange(names.Length, 1000, 2200);
        Assert.Matches("and [0-9]+ more$", names);
    }

    [Theory]
    [InlineData("flex", 100_000)]
    [InlineData("default", 1_000_000)]
    public async Task The_tier_that_the_provider_tells_decides_the_price(string tier, long cost)
    {
        await using var mock = new ProviderMock(async (_, connection) =>
        {
            await connection.RespondAsync(200, "application/json", ProviderMock.Chat.Replace("\"model\":\"m\",", $"\"model\":\"m\",\"service_tier\":\"{tier}\",", StringComparison.Ordinal));
            return true;
        });
        const string Prices = "catalog: { models: { \"chat/m\": { input_usd_per_mtok: 100, output_usd_per_mtok: 100, flex: { input_usd_per_mtok: 10, output_usd_per_mtok: 10 } } } }\n";
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + Prices);
        foreach (var client in Caller.Names)
        {
            using var response = await new Caller(client).AskAsync(gateway, "chat/m");
            _ = await response.JsonAsync();

            var row = await gateway.ExchangeAsync(response);
            Assert.Equal(cost, row.GetProperty("cost_nano_usd").GetInt64());
        }
    }

    private static HttpRequestMessage Request(Caller caller, string target)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(caller.PathFor(target), UriKind.Relative))
        {
            Content = new StringContent(caller.Body(target, isStream: false), Encoding.UTF8, "application/json"),
        };
        foreach (var (name, value) in new[]
        {
            ("anthropic-version", "2026-10-21"), ("anthropic-beta", "context-1m-2025-08-07,x-2026"), ("openai-organization", "org-1"), ("openai-beta", "x"), ("x-stainless-lang", "js"),
            ("x-goog-api-client", "gl-node/22"), ("user-agent", "an-sdk/1.0"), ("x-gatehouse-run", "r"),
        })
        {
            _ = request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    private static async Task ShouldBeMeteredAsync(GatewayHost gateway, HttpResponseMessage response, string target)
    {
        Assert.Equal(target, response.Header("x-gatehouse-target"));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("completed", 7L, 3L), (row.Outcome(), row.Tokens("input_tokens"), row.Tokens("output_tokens")));
        Assert.Equal(target, row.GetProperty("target").GetString());
    }
}
