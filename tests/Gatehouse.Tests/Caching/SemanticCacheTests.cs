using System.Globalization;
using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Caching;

/// <summary>Answers to questions that mean the same, over the whole gateway.</summary>
public sealed class SemanticCacheTests
{
    [Fact]
    public async Task A_question_that_says_the_same_in_other_words_gets_the_kept_answer_from_the_lexical_index()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{}");

        var first = await AskAsync(gateway, "What is the capital of France?");
        var alike = await AskAsync(gateway, "please, what's the capital of France");
        var other = await AskAsync(gateway, "What is the capital of Italy?");
        var negated = await AskAsync(gateway, "What is not the capital of France?");

        Assert.Equal("miss", first.Cache);
        Assert.Null(first.Match);
        Assert.Equal("semantic", alike.Cache);
        Assert.StartsWith("lexical; similarity=", alike.Match, StringComparison.Ordinal);
        Assert.Equal("miss", other.Cache);
        Assert.Equal("miss", negated.Cache);
        Assert.Equal(3, upstream.Requests.Count);
        var row = (await gateway.ExchangesAsync()).Single(row => row.GetProperty("cache").GetString() == "semantic");
        Assert.Equal(0, row.GetProperty("cost_nano_usd").GetInt64());
        Assert.Equal(20 * 10_000, row.GetProperty("saved_nano_usd").GetInt64());
    }

    [Theory]
    [InlineData("\"temperature\":1.5,", "", "")]
    [InlineData("", "{\"role\":\"system\",\"content\":\"Be brief.\"},", "")]
    [InlineData("", "", "other")]
    [InlineData("\"max_tokens\":7,", "", "")]
    [InlineData("\"stream\":true,", "", "")]
    [InlineData("\"n\":2,", "", "")]
    public async Task What_else_differs_is_another_question(string parameter, string turns, string key)
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{}");
        const string Question = "What is the capital of France?";

        _ = await AskAsync(gateway, Question);
        var answer = await AskAsync(gateway, "please, what's the capital of France", parameter, turns, key);

        Assert.NotEqual("semantic", answer.Cache, StringComparer.Ordinal);
    }

    [Fact]
    public async Task With_embeddings_the_cosine_decides()
    {
        await using var embeddings = new ScriptedUpstream(async (request, connection) =>
        {
            using var document = JsonDocument.Parse(request.Body);
            var input = document.RootElement.GetProperty("input");
            var text = input.ValueKind == JsonValueKind.Array ? input[0].GetString()! : input.GetString()!;
            // An angle for each question: 0, 10 and 40 degrees.
            var angle = text switch { "one" => 0, "near" => 10, _ => 40 } * Math.PI / 180;
            var vector = string.Create(CultureInfo.InvariantCulture, $"[{Math.Cos(angle)},{Math.Sin(angle)},0]");
            await connection.RespondAsync(200, "application/json", $$$"""{"object":"list","model":"e","data":[{"object":"embedding","index":0,"embedding":{{{vector}}}}],"usage":{"prompt_tokens":1,"total_tokens":1}}""");
        });
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ embeddings: vectors/e, threshold: 0.95 }", $$"""
              vectors: { kind: openai-compatible, base_url: "{{embeddings.Address}}v1" }
            """);

        var first = await AskAsync(gateway, "one");
        var near = await AskAsync(gateway, "near");
        var far = await AskAsync(gateway, "far");

        Assert.Equal("miss", first.Cache);
        Assert.Equal(("semantic", "embeddings; similarity=0.985"), near);
        Assert.Equal("miss", far.Cache);
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task Without_an_answer_from_the_embeddings_the_question_is_answered_anew()
    {
        await using var embeddings = ScriptedUpstream.Json("""{"error":{"message":"no"}}""", 500);
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ embeddings: vectors/e }", $$"""
              vectors: { kind: openai-compatible, base_url: "{{embeddings.Address}}v1" }
            """);

        Assert.Equal("miss", (await AskAsync(gateway, "one")).Cache);
        Assert.Equal("miss", (await AskAsync(gateway, "near")).Cache);
        Assert.Equal("hit", (await AskAsync(gateway, "near")).Cache);
    }

    [Fact]
    public async Task A_call_of_a_tool_is_not_given_to_another_question()
    {
        await using var upstream = ScriptedUpstream.Json(
            """{"id":"c1","object":"chat.completion","created":1,"model":"out-10","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"pay","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}""");
        await using var gateway = await StartAsync(upstream, "{}");

        _ = await AskAsync(gateway, "Pay the bill of Anna, please.");
        var alike = await AskAsync(gateway, "Pay the bill of Anna");

        Assert.Equal("miss", alike.Cache);
    }

    [Theory]
    [InlineData("\"tool_calls\":null", "semantic")]
    [InlineData("\"tool_calls\" : [ ], \"function_call\": null", "semantic")]
    [InlineData("\"tool_calls\":[],\"function_call\":{\"name\":\"pay\",\"arguments\":\"{}\"}", "miss")]
    public async Task An_answer_that_says_that_no_tool_is_called_is_kept_for_other_questions(string member, string expected)
    {
        await using var upstream = ScriptedUpstream.Json(
            $$$"""{"id":"c1","object":"chat.completion","created":1,"model":"out-10","choices":[{"index":0,"message":{"role":"assistant","content":"Paris",{{{member}}}},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}""");
        await using var gateway = await StartAsync(upstream, "{}");

        _ = await AskAsync(gateway, "What is the capital of France?");
        var alike = await AskAsync(gateway, "please, what's the capital of France");

        Assert.Equal(expected, alike.Cache);
    }

    private static Task<GatewayHost> StartAsync(ScriptedUpstream upstream, string semantic, string providers = "") => GatewayHost.StartAsync($$"""
        providers:
          mock: { kind: openai-compatible, base_url: "{{upstream.Address}}v1" }
        {{providers}}
        routes:
          faq: { targets: [ mock/out-10 ], cache: { semantic: {{semantic}} } }
        catalog:
          models:
            mock/out-10: { input_usd_per_mtok: 10, output_usd_per_mtok: 10 }
        keys:
          - { name: test, secret: {{GatewayHost.Key}}, models: ["*"] }
          - { name: other, secret: another_key_of_another_tenant, models: ["*"] }
        """);

    private static async Task<(string Cache, string? Match)> AskAsync(GatewayHost gateway, string question, string parameter = "", string turns = "", string key = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent($$$"""{"model":"faq",{{{parameter}}}"messages":[{{{turns}}}{"role":"user","content":"{{{question}}}"}]}""", System.Text.Encoding.UTF8, "application/json"),
        };
        if (key.Length > 0)
        {
            request.Headers.Authorization = new("Bearer", "another_key_of_another_tenant");
        }

        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        _ = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.Headers.GetValues("x-gatehouse-cache").Single(), response.Headers.TryGetValues("x-gatehouse-cache-match", out var match) ? match.Single() : null);
    }
}
