using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;
using Gatehouse.Tests.Translation;

namespace Gatehouse.Tests.Routing.PromptCache;

/// <summary>What providers get of requests in which a route puts breakpoints, to the byte.</summary>
public sealed class PromptCacheTests
{
    private const string Control = "\"cache_control\":{\"type\":\"ephemeral\"}";
    private const string Now = "{ mode: auto, min_tokens: 0 }";

    private const string Messages =
        """{"model":"r","max_tokens":5, "tools":[{"name":"t","input_schema":{}}],"system":"s","messages":[{"role":"user","content":"a\u00e9"},{"role":"assistant","content":"b"},{"role":"user","content":[{"type":"text","text":"c"}]}],"never_heard_of":1.50}""";

    private const string Chat =
        """{"model":"r","max_tokens":5,"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}],"tools":[{"type":"function","function":{"name":"t","parameters":{"type":"object"}}}]}""";

    [Fact]
    public async Task A_target_of_the_callers_dialect_gets_the_callers_bytes_with_breakpoints_in_them()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, $"{{ prompt_cache: {Now}, targets: [claude/m] }}");

        using var response = await gateway.PostAsync("/v1/messages", Messages);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            $$$"""{"model":"m","max_tokens":5, "tools":[{"name":"t","input_schema":{},{{{Control}}}}],"system":[{"type":"text","text":"s",{{{Control}}}}],"messages":[{"role":"user","content":[{"type":"text","text":"a\u00e9",{{{Control}}}}]},{"role":"assistant","content":"b"},{"role":"user","content":[{"type":"text","text":"c",{{{Control}}}}]}],"never_heard_of":1.50}""",
            mock.Last.Text);
    }

    [Theory]
    [InlineData("off")]
    [InlineData("{ mode: off, min_tokens: 0 }")]
    // 1,024 tokens where nothing better is known
    [InlineData("auto")]
    public async Task Without_the_wish_and_for_short_prompts_nothing_changes(string promptCache)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, $"{{ prompt_cache: {promptCache}, targets: [claude/m] }}");

        using var response = await gateway.PostAsync("/v1/messages", Messages);

        Assert.Equal(Messages.Replace("\"r\"", "\"m\"", StringComparison.Ordinal), mock.Last.Text);
    }

    [Theory]
    [InlineData("claude/claude-sonnet-4-5", 1024)]
    [InlineData("claude/claude-haiku-4-5-20251001", 4096)]
    [InlineData("claude/claude-opus-5", 512)]
    [InlineData("bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0", 4096)]
    [InlineData("bedrock/anthropic.claude-fable-5", 1024)]
    public async Task What_a_models_cache_takes_at_least_is_known(string target, int tokens)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, $"{{ prompt_cache: auto, targets: [{target}] }}");
        foreach (var (length, isMarked) in new[] { ((tokens * 4) - 50, false), (tokens * 4, true) })
        {
            var text = string.Concat(Enumerable.Repeat("words ", length))[..length];

            using var response = await gateway.PostAsync("/v1/messages", $$"""{"model":"r","max_tokens":5,"messages":[{"role":"user","content":"{{text}}"}]}""");

            Assert.Equal(isMarked, mock.Last.Text.Contains("ephemeral", StringComparison.Ordinal) || mock.Last.Text.Contains("cachePoint", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("claude/m")]
    [InlineData("vertex/claude-m")]
    public async Task A_conversation_is_marked_where_it_arrives_in_anthropics_form(string target)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, $"{{ prompt_cache: {{ mode: auto, min_tokens: 0, ttl: 1h }}, targets: [{target}] }}");

        using var response = await gateway.PostAsync("/v1/chat/completions", Chat);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        const string Hour = "{\"type\":\"ephemeral\",\"ttl\":\"1h\"}";
        var body = JsonElement.Parse(mock.Last.Text);
        Assert.Equal(Hour, body.GetProperty("tools")[0].GetProperty("cache_control").GetRawText());
        Assert.Equal(Hour, body.GetProperty("system")[0].GetProperty("cache_control").GetRawText());
        Assert.Equal($$$"""[{"role":"user","content":[{"type":"text","text":"a","cache_control":{{{Hour}}}}]},{"role":"assistant","content":"b"},{"role":"user","content":[{"type":"text","text":"c","cache_control":{{{Hour}}}}]}]""", body.GetProperty("messages").GetRawText());
        Assert.False(response.Headers.Contains("x-gatehouse-dropped"));
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("responses")]
    [InlineData("anthropic")]
    [InlineData("gemini")]
    public async Task Whoever_asks_bedrock_gets_its_blocks(string client)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, $"{{ prompt_cache: {Now}, targets: [bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0] }}");

        using var response = await new Caller(client).AskAsync(gateway, "r");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""[{"role":"user","content":[{"text":"hi"},{"cachePoint":{"type":"default"}}]}]""", JsonElement.Parse(mock.Last.Text).GetProperty("messages").GetRawText());
    }

    [Theory]
    [InlineData("bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0", 4)]
    [InlineData("bedrock/us.amazon.nova-pro-v1:0", 3)]
    [InlineData("bedrock/anthropic.claude-3-haiku-20240307-v1:0", 0)]
    [InlineData("bedrock/meta.llama3-70b-instruct-v1:0", 0)]
    public async Task Models_on_bedrock_get_what_they_take(string target, int count)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, $"{{ prompt_cache: {Now}, targets: [{target}] }}");

        using var response = await gateway.PostAsync("/v1/chat/completions", Chat);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(count, mock.Last.Text.Split("cachePoint").Length - 1);
    }

    [Theory]
    [InlineData("chat/m")]
    [InlineData("openai/gpt-5")]
    [InlineData("gemini/gemini-2.5-pro")]
    [InlineData("vertex/gemini-2.5-pro")]
    [InlineData("mistral/m")]
    [InlineData("cohere/m")]
    [InlineData("ollama/m")]
    public async Task Providers_that_cache_by_themselves_see_nothing_of_it(string target)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + $"routes:\n  r: {{ prompt_cache: {Now}, targets: [{target}] }}\n  plain: {{ targets: [{target}] }}\n");

        using var response = await gateway.PostAsync("/v1/chat/completions", Chat);
        using var plain = await gateway.PostAsync("/v1/chat/completions", Chat.Replace("\"r\"", "\"plain\"", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(mock.Requests[1].Text, mock.Requests[0].Text);
    }

    [Fact]
    public async Task Openrouter_gets_them_for_models_that_cache_nothing_without()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync($$"""
            admin: { token: {{GatewayHost.AdminToken}} }
            providers:
              openrouter: { base_url: "{{mock.Address.ToString().TrimEnd('/')}}/v1", api_key: upstream-secret }
            routes:
              r: { prompt_cache: {{Now}}, targets: [openrouter/anthropic/claude-sonnet-4.5] }
              other: { prompt_cache: {{Now}}, targets: [openrouter/openai/gpt-5] }
            """);

        using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"r","messages":[{"role":"system","content":"s"},{"role":"user","content":"a"}]}""");
        using var other = await gateway.PostAsync("/v1/chat/completions", """{"model":"other","messages":[{"role":"user","content":"a"}]}""");

        Assert.Equal(
            $$$"""{"model":"anthropic/claude-sonnet-4.5","messages":[{"role":"system","content":[{"type":"text","text":"s",{{{Control}}}}]},{"role":"user","content":[{"type":"text","text":"a",{{{Control}}}}]}]}""",
            mock.Requests[0].Text);
        Assert.Equal("""{"model":"openai/gpt-5","messages":[{"role":"user","content":"a"}]}""", mock.Requests[1].Text);
    }

    [Theory]
    [InlineData("claude/m")]
    [InlineData("bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0")]
    // It takes none behind tools: the caller's is lost, and no others are put in its place.
    [InlineData("bedrock/us.amazon.nova-pro-v1:0")]
    public async Task A_caller_who_sets_one_is_left_alone(string target)
    {
        var own = Messages.Replace("\"input_schema\":{}", "\"input_schema\":{},\"cache_control\":{\"type\":\"ephemeral\"}", StringComparison.Ordinal);
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + $"routes:\n  r: {{ prompt_cache: {Now}, targets: [{target}] }}\n  plain: {{ targets: [{target}] }}\n");

        using var response = await gateway.PostAsync("/v1/messages", own);
        using var plain = await gateway.PostAsync("/v1/messages", own.Replace("\"r\"", "\"plain\"", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(mock.Requests[1].Text, mock.Requests[0].Text);
    }

    [Fact]
    public async Task What_stands_at_the_target_holds_there_instead()
    {
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            if (request.Text.Contains("\"model\":\"last\"", StringComparison.Ordinal))
            {
                return false;
            }

            await connection.RespondAsync(500, "application/json", "{}");
            return true;
        });
        await using var gateway = await StartAsync(
            mock,
            $"{{ prompt_cache: {Now}, targets: [claude/first, {{ target: claude/second, prompt_cache: off }}, {{ target: claude/third, prompt_cache: {{ mode: auto, min_tokens: 0, breakpoints: [system] }} }}, "
            + "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0, { target: claude/last, prompt_cache: off }] }");

        using var response = await gateway.PostAsync("/v1/messages", Messages);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal([4, 0, 1, 0, 0], mock.Requests.Select(request => request.Text.Split("ephemeral").Length - 1));
        Assert.Equal([0, 0, 0, 4, 0], mock.Requests.Select(request => request.Text.Split("cachePoint").Length - 1));
        Assert.Equal(Messages.Replace("\"r\"", "\"last\"", StringComparison.Ordinal), mock.Last.Text);
    }

    [Fact]
    public async Task A_second_try_at_the_same_target_is_the_first_one_again()
    {
        var tries = 0;
        await using var mock = new ProviderMock(async (_, connection) =>
        {
            if (Interlocked.Increment(ref tries) > 1)
            {
                return false;
            }

            await connection.RespondAsync(500, "application/json", "{}");
            return true;
        });
        await using var gateway = await StartAsync(mock, $"{{ prompt_cache: {Now}, retry: {{ backoff: 0s }}, targets: [claude/m] }}");

        using var response = await gateway.PostAsync("/v1/messages", Messages);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, mock.Requests.Count);
        Assert.Equal(mock.Requests[0].Text, mock.Requests[1].Text);
        Assert.Equal(4, mock.Last.Text.Split("ephemeral").Length - 1);
    }

    [Fact]
    public async Task A_count_of_tokens_is_of_what_the_caller_sent()
    {
        await using var upstream = ScriptedUpstream.Json("""{"input_tokens":5}""");
        await using var gateway = await GatewayHost.StartAsync(ProviderMock.ProvidersAt(upstream.Address) + $"routes:\n  r: {{ prompt_cache: {Now}, targets: [claude/m] }}\n");

        using var response = await gateway.PostAsync("/v1/messages/count_tokens", """{"model":"r","messages":[{"role":"user","content":"hi"}]}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"model":"m","messages":[{"role":"user","content":"hi"}]}""", upstream.Requests.Last().Text);
    }

    [Theory]
    // beside what is added behind the last member
    [InlineData("overrides: { top_k: 3 }", """{"model":"r","max_tokens":5,"messages":[],"system":"s"}""", """{"model":"m","max_tokens":5,"messages":[],"system":[{"type":"text","text":"s",C}],"top_k":3}""")]
    [InlineData("drop: [x]", """{"model":"r","max_tokens":5,"messages":[],"system":"s","x":1}""", """{"model":"m","max_tokens":5,"messages":[],"system":[{"type":"text","text":"s",C}]}""")]
    // in what is put in place of the caller's
    [InlineData("overrides: { system: t }", """{"model":"r","max_tokens":5,"system":"s","messages":[]}""", """{"model":"m","max_tokens":5,"messages":[],"system":[{"type":"text","text":"t",C}]}""")]
    [InlineData("defaults: { system: t }", """{"model":"r","max_tokens":5,"messages":[]}""", """{"model":"m","max_tokens":5,"messages":[],"system":[{"type":"text","text":"t",C}]}""")]
    [InlineData("drop: [tools]", """{"model":"r","max_tokens":5,"messages":[],"tools":[{"name":"t"}],"system":"s"}""", """{"model":"m","max_tokens":5,"messages":[],"system":[{"type":"text","text":"s",C}]}""")]
    // the route's own breakpoint
    [InlineData("overrides: { cache_control: { type: ephemeral } }", """{"model":"r","max_tokens":5,"messages":[],"system":"s"}""", """{"model":"m","max_tokens":5,"messages":[],"system":"s",C}""")]
    // a caller's that the route takes out
    [InlineData("drop: [cache_control]", """{"model":"r","max_tokens":5,"messages":[],"cache_control":{"type":"ephemeral"},"system":"s"}""", """{"model":"m","max_tokens":5,"messages":[],"system":[{"type":"text","text":"s",C}]}""")]
    public async Task Parameters_come_first(string parameters, string body, string expected)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, $"{{ prompt_cache: {Now}, targets: [{{ target: claude/m, params: {{ {parameters} }} }}] }}");

        using var response = await gateway.PostAsync("/v1/messages", body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(expected.Replace("C}", Control + "}", StringComparison.Ordinal), mock.Last.Text);
    }

    private static Task<GatewayHost> StartAsync(ProviderMock mock, string route) => GatewayHost.StartAsync(mock.Providers + $"routes:\n  r: {route}\n");
}
