using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;
using Gatehouse.Tests.Translation;

namespace Gatehouse.Tests.Routing.Parameters;

/// <summary>What a route sets, fixes and takes out of the requests that go to a target.</summary>
public sealed class ParameterTests
{
    private const string Chat = """{"temperature":0.9,"model":"r", "messages":[{"role":"user","content":"hi"}],"seed":1,"x":{"a":1.0,"b":2}}""";

    [Fact]
    public async Task A_target_of_the_callers_dialect_gets_the_callers_bytes_with_the_changes_in_them()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, "{ target: chat/m, params: { defaults: { temperature: 0.1, top_p: 0.5 }, overrides: { x.b: [1, a], user: u }, drop: [seed] } }");

        using var response = await gateway.PostAsync("/v1/chat/completions", Chat);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"temperature":0.9,"model":"m", "messages":[{"role":"user","content":"hi"}],"x":{"a":1.0,"b":[1,"a"]},"top_p":0.5,"user":"u"}""", mock.Last.Text);
    }

    [Fact]
    public async Task The_wish_for_the_usage_of_a_stream_comes_beside_them()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, "{ target: chat/m, params: { overrides: { seed: 7 } } }");

        using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"r","messages":[],"stream":true,"seed":1}""");

        Assert.Equal("""{"model":"m","messages":[],"stream":true,"seed":7,"stream_options":{"include_usage":true}}""", mock.Last.Text);
        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(Xunit.TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_named_twice_is_there_once()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, "{ target: chat/m, params: { overrides: { seed: 7 }, defaults: { user: u } } }");

        using var response = await gateway.PostAsync("/v1/chat/completions", """{"seed":1,"s\u0065ed":2,"user":"a","model":"r","messages":[],"user":null}""");

        Assert.Equal("""{"model":"m","messages":[],"user":"u","seed":7}""", mock.Last.Text);
    }

    [Theory]
    [InlineData("openai/gpt-4o", "responses", "overrides: { temperature: 0.25, reasoning.effort: low }", "temperature=0.25 reasoning={\"effort\":\"low\"}")]
    [InlineData("openai/gpt-4o", "chat", "overrides: { max_completion_tokens: 5 }, drop: [user]", "max_completion_tokens=5")]
    [InlineData("claude/m", "anthropic", "overrides: { max_tokens: 5, thinking: { type: disabled } }", "max_tokens=5 thinking={\"type\":\"disabled\"}")]
    [InlineData("claude/m", "chat", "overrides: { max_tokens: 5 }, defaults: { top_k: 3 }", "max_tokens=5 top_k=3")]
    [InlineData("gemini/m", "gemini", "overrides: { generationConfig.temperature: 0.25 }", "generationConfig={\"temperature\":0.25}")]
    [InlineData("gemini/m", "chat", "overrides: { generationConfig.maxOutputTokens: 5 }", "generationConfig={\"maxOutputTokens\":5}")]
    [InlineData("vertex/gemini-m", "anthropic", "overrides: { generation_config.max_output_tokens: 5 }", "generationConfig={\"max_output_tokens\":5}")]
    [InlineData("vertex/claude-m", "anthropic", "overrides: { max_tokens: 5 }", "max_tokens=5 anthropic_version=\"vertex-2023-10-16\"")]
    [InlineData("bedrock/m", "chat", "overrides: { inferenceConfig.maxTokens: 5 }, defaults: { additionalModelRequestFields: { top_k: 3 } }", "inferenceConfig={\"maxTokens\":5} additionalModelRequestFields={\"top_k\":3}")]
    [InlineData("bedrock/m", "anthropic", "overrides: { inferenceConfig.maxTokens: 5 }", "inferenceConfig={\"maxTokens\":5}")]
    [InlineData("cohere/m", "chat", "overrides: { k: 3, p: 0.5 }", "k=3 p=0.5")]
    [InlineData("ollama/m", "chat", "overrides: { options.num_ctx: 4096, keep_alive: 5m }", "options={\"num_ctx\":4096} keep_alive=\"5m\"")]
    [InlineData("mistral/m", "chat", "defaults: { safe_prompt: true }", "safe_prompt=true")]
    public async Task Names_are_the_targets_own_whatever_the_caller_speaks(string target, string client, string parameters, string seen)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, $"{{ target: {target}, params: {{ {parameters} }} }}");

        using var response = await new Caller(client).AskAsync(gateway, "r");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var body = JsonElement.Parse(mock.Last.Text);
        foreach (var member in seen.Split(' '))
        {
            Assert.Equal(member[(member.IndexOf('=', StringComparison.Ordinal) + 1)..], body.GetProperty(member.Split('=')[0]).GetRawText());
        }

        Assert.Equal(body.EnumerateObject().Count(), body.EnumerateObject().DistinctBy(member => member.Name, StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task Googles_other_spelling_is_no_way_around_an_override()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, "{ target: gemini/m, params: { overrides: { generationConfig.maxOutputTokens: 5 } } }");

        using var response = await new Caller("gemini").AskAsync(gateway, "r", more: ",\"generation_config\":{\"max_output_tokens\":9000,\"topK\":2}");

        Assert.Equal("""{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generation_config":{"topK":2,"maxOutputTokens":5}}""", mock.Last.Text);
    }

    [Fact]
    public async Task Embeddings_have_parameters_too_in_the_words_of_their_target()
    {
        await using var upstream = new ScriptedUpstream((request, connection) => connection.RespondAsync(200, "application/json", request.Target.Contains("batchEmbed", StringComparison.Ordinal)
            ? """{"embeddings":[{"values":[0.5]}]}"""
            : """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}"""));
        await using var gateway = await GatewayHost.StartAsync(ProviderMock.ProvidersAt(upstream.Address) + """
            routes:
              r: { targets: [{ target: chat/m, params: { overrides: { dimensions: 1 } } }] }
            """);

        using var response = await gateway.PostAsync("/v1/embeddings", """{"model":"r","input":"a","dimensions":3}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"model":"m","input":"a","dimensions":1}""", upstream.Requests.Last().Text);
    }

    [Fact]
    public async Task Each_attempt_has_the_parameters_of_its_own_target()
    {
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            if (request.Text.Contains("\"seed\":1", StringComparison.Ordinal))
            {
                await connection.RespondAsync(500, "application/json", "{}");
                return true;
            }

            return false;
        });
        await using var gateway = await StartAsync(
            mock, "{ target: chat/m, params: { overrides: { seed: 1 } } }, { target: claude/m, params: { defaults: { top_k: 2 } } }, { target: chat/m, params: { overrides: { seed: 3 } } }");

        using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"r","messages":[{"role":"user","content":"hi"}]}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, mock.Requests.Count);
        Assert.Equal(1, JsonElement.Parse(mock.Requests[0].Text).GetProperty("seed").GetInt32());
        Assert.Equal(2, JsonElement.Parse(mock.Requests[1].Text).GetProperty("top_k").GetInt32());
        Assert.False(JsonElement.Parse(mock.Requests[1].Text).TryGetProperty("seed", out _));
    }

    [Fact]
    public async Task A_count_of_tokens_is_of_what_the_caller_sent()
    {
        await using var upstream = ScriptedUpstream.Json("""{"input_tokens":5}""");
        await using var gateway = await GatewayHost.StartAsync(
            ProviderMock.ProvidersAt(upstream.Address) + "routes:\n  r: { targets: [{ target: claude/m, params: { overrides: { max_tokens: 5 } } }] }\n");

        using var response = await gateway.PostAsync("/v1/messages/count_tokens", """{"model":"r","messages":[{"role":"user","content":"hi"}]}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"model":"m","messages":[{"role":"user","content":"hi"}]}""", upstream.Requests.Last().Text);
    }

    private static Task<GatewayHost> StartAsync(ProviderMock mock, string targets) =>
        GatewayHost.StartAsync(mock.Providers + $"routes:\n  r: {{ targets: [{targets}] }}\n");
}
