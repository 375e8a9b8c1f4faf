using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing;

/// <summary>Every strategy as it is written in the configuration and met by a client. What each does in detail, its own tests tell.</summary>
public sealed class StrategyRouteTests
{
    private const string Good = """{"id":"good","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}""";

    [Fact]
    public async Task Weighted_divides_the_traffic()
    {
        var counts = await CountAsync("strategy: weighted, targets: [{ target: a/m, weight: 3 }, b/m, { target: c/m, weight: 0 }]", 200, _ => Say("hello"));

        Assert.InRange(counts["a/m"], 125, 175);
        Assert.Equal(200, counts["a/m"] + counts["b/m"]);
    }

    [Fact]
    public async Task Round_robin_takes_turns()
    {
        var counts = await CountAsync("strategy: round_robin, targets: [a/m, b/m, c/m]", 30, _ => Say("hello"));

        Assert.Equal((10, 10, 10), (counts["a/m"], counts["b/m"], counts["c/m"]));
    }

    [Theory]
    [InlineData("least_busy")]
    [InlineData("least_latency")]
    public async Task Targets_that_are_alike_are_all_used(string strategy)
    {
        var counts = await CountAsync($"strategy: {strategy}, targets: [a/m, b/m, c/m]", 60, _ => Say("hello"));

        Assert.Equal(60, counts.Values.Sum());
        Assert.True(counts.Count > 1, "all went to one target");
    }

    [Fact]
    public async Task Least_cost_takes_the_cheapest_for_the_size_of_the_request()
    {
        const string Prices = """
            catalog:
              models:
                "a/m": { input_usd_per_mtok: 1, output_usd_per_mtok: 50 }
                "b/m": { input_usd_per_mtok: 10, output_usd_per_mtok: 1 }
                "c/m": { input_usd_per_mtok: 90, output_usd_per_mtok: 90 }
            """;
        var counts = await CountAsync("strategy: least_cost, targets: [c/m, a/m, b/m]", 2, i => Say(i == 0 ? "hello" : new string('x', 20_000)), Prices);

        Assert.Equal((1, 1), (counts["b/m"], counts["a/m"]));
    }

    [Fact]
    public async Task Sticky_keeps_a_conversation_where_it_is()
    {
        var counts = await CountAsync("strategy: sticky, targets: [a/m, b/m, c/m]", 20, i => Say("the same beginning", turns: i));
        Assert.Equal(20, Assert.Single(counts).Value);

        var spread = await CountAsync("strategy: sticky, targets: [a/m, b/m, c/m]", 60, i => Say($"beginning {i}"));
        Assert.Equal(3, spread.Count);
    }

    [Fact]
    public async Task Canary_gets_its_part_of_the_users_and_each_user_always_the_same()
    {
        const string Route = "strategy: canary, targets: [a/m, { target: b/m, percent: 20 }]";
        var first = await TargetsAsync(Route, 100, i => Say("hello", user: $"user-{i}"));
        var again = await TargetsAsync(Route, 100, i => Say("hello", user: $"user-{i}"));

        Assert.Equal(first, again, StringComparer.Ordinal);
        Assert.InRange(first.Count(target => target == "b/m"), 8, 34);
    }

    [Fact]
    public async Task Conditional_goes_by_what_is_known_of_the_request()
    {
        const string Route = "strategy: conditional, targets: [{ target: a/m, when: \"request.stream\" }, { target: b/m, when: \"headers['x-tier'] == 'gold'\" }, c/m]";
        await using var upstream = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync(Configuration(upstream, Route));

        Assert.Equal("a/m", await TargetAsync(gateway, Say("hello").Replace("{\"model\"", "{\"stream\":true,\"model\"", StringComparison.Ordinal)));
        Assert.Equal("c/m", await TargetAsync(gateway, Say("hello")));
        gateway.Client.DefaultRequestHeaders.Add("x-tier", "gold");
        Assert.Equal("b/m", await TargetAsync(gateway, Say("hello")));
    }

    [Fact]
    public async Task When_no_condition_holds_and_there_is_no_other_target_the_caller_is_told()
    {
        await using var upstream = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync(Configuration(upstream, "strategy: conditional, targets: [{ target: a/m, when: \"request.stream\" }]"));

        using var response = await gateway.PostAsync("/v1/chat/completions", Say("hello"));

        var error = await response.ShouldFailAsync(HttpStatusCode.ServiceUnavailable, "no_target_available");
        Assert.Equal("No target of route 'chat' can take this request: none of its conditions holds.", error.GetProperty("message").GetString());
        Assert.Equal("false", response.Header("x-should-retry"));
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Complexity_goes_by_how_much_is_asked_for()
    {
        var targets = await TargetsAsync(
            "strategy: complexity, targets: [{ target: a/m, complexity: simple }, { target: b/m, complexity: reasoning }]", 2,
            i => Say(i == 0 ? "What is the capital of France?" : "Prove that the sum of two odd numbers is even, step by step, and justify each inequality by induction."));

        Assert.Equal(["a/m", "b/m"], targets, StringComparer.Ordinal);
    }

    [Fact]
    public async Task Semantic_goes_by_words_where_there_are_no_embeddings()
    {
        var targets = await TargetsAsync(
            "strategy: semantic, targets: [{ target: a/m, examples: [\"I want a refund for my order\", \"how do I get my money back\"] }, { target: b/m, examples: [\"the train is late\"] }, c/m]", 3,
            i => Say(i switch { 0 => "please give me a refund for my last order", 1 => "why is the train late again", _ => "tell me a joke about penguins" }));

        Assert.Equal(["a/m", "b/m", "c/m"], targets, StringComparer.Ordinal);
    }

    [Fact]
    public async Task Semantic_goes_by_meaning_where_there_are_embeddings()
    {
        await using var upstream = new ScriptedUpstream(async (request, connection) =>
        {
            if (!request.Target.EndsWith("/embeddings", StringComparison.Ordinal))
            {
                await connection.RespondAsync(200, "application/json", Good);
                return;
            }

            var input = JsonElement.Parse(request.Text).GetProperty("input");
            var texts = input.ValueKind == JsonValueKind.String ? [input.GetString()!] : input.EnumerateArray().Select(text => text.GetString()!).ToArray();
            var data = texts.Select((text, i) =>
            {
                var vector = text.Contains("cash", StringComparison.Ordinal) || text.Contains("refund", StringComparison.Ordinal) ? "1,0.1" : "0.1,1";
                return $$"""{"object":"embedding","index":{{i}},"embedding":[{{vector}}] }""";
            });
            await connection.RespondAsync(
                200, "application/json", $$"""{"object":"list","data":[{{string.Join(',', data)}}],"model":"e","usage":{"prompt_tokens":1,"total_tokens":1} }""");
        });
        await using var gateway = await GatewayHost.StartAsync(Configuration(
            upstream, "strategy: semantic, embeddings: a/e, threshold: 0.9, targets: [{ target: a/m, examples: [\"I want a refund\"] }, { target: b/m, examples: [\"the train is late\"] }, c/m]"));

        Assert.Equal("a/m", await TargetAsync(gateway, Say("give me my cash")));
        Assert.Equal("b/m", await TargetAsync(gateway, Say("no locomotive in sight")));
    }

    [Fact]
    public async Task Strategies_can_be_nested()
    {
        var counts = await CountAsync(
            "strategy: conditional, targets: [{ when: \"request.turns > 3\", strategy: round_robin, targets: [a/m, b/m] }, { strategy: fallback, targets: [c/m, a/m] }]", 20,
            i => Say("hello", turns: i < 10 ? 1 : 6));

        Assert.Equal((5, 5, 10), (counts["a/m"], counts["b/m"], counts["c/m"]));
    }

    [Theory]
    [InlineData("targets: [{ target: a/m, percent: 5 }]", "percent belongs to canary and shadow, and the strategy here is fallback")]
    [InlineData("targets: [{ target: a/m, when: \"true\" }]", "when belongs to conditional, and the strategy here is fallback")]
    [InlineData("strategy: conditional, targets: [{ target: a/m, when: \"request.modle == 'x'\" }]", "the condition 'request.modle == 'x'' has a mistake at 1:")]
    [InlineData("strategy: conditional, targets: [{ target: a/m, when: \"request.model\" }]", "the condition 'request.model' has a mistake at 1:")]
    [InlineData("strategy: conditional, targets: [a/m]", "conditional needs a target with a condition")]
    [InlineData("strategy: canary, targets: [a/m, b/m]", "canary needs one target with percent")]
    [InlineData("strategy: canary, targets: [a/m, { target: b/m, percent: 101 }]", "percent is 101: it must be 0 to 100")]
    [InlineData("strategy: shadow, targets: [a/m]", "shadow needs a first target")]
    [InlineData("strategy: semantic, targets: [a/m]", "semantic needs a target with examples")]
    [InlineData("strategy: semantic, embeddings: x/e, targets: [{ target: a/m, examples: [hello] }]", "there is no provider 'x'")]
    [InlineData("strategy: complexity, targets: [a/m]", "each target of complexity needs a level")]
    [InlineData("strategy: weighted, targets: [{ target: a/m, weight: 0 }]", "all weights are 0")]
    [InlineData("targets: [{ target: a/m, strategy: weighted, targets: [b/m] }]", "is a target and a strategy at once")]
    [InlineData("targets: [{ strategy: weighted }]", "a strategy needs at least one target")]
    [InlineData("sticky_by: user, targets: [a/m]", "sticky_by belongs to sticky and canary")]
    [InlineData("targets: [a/m], retry: { attempts: 0 }", "must be at least 1")]
    [InlineData("targets: [a/m], retry: { on: [timeout, auth] }", "auth is no reason to ask the same target again: what can be are rate_limited, overloaded, server_error, timeout, network (routes.chat.retry.on[1]")]
    [InlineData("strategy: conditional, targets: [a/m, { target: b/m, when: \"request.modle == 'x'\" }]", "(routes.chat.targets[1].when, ")]
    [InlineData("strategy: canary, targets: [a/m, { target: b/m, percent: 101 }]", "(routes.chat.targets[1].percent, ")]
    [InlineData("strategy: complexity, targets: [{ target: a/m, complexity: simple }, b/m]", "(routes.chat.targets[1], ")]
    [InlineData("targets: [a/m, { target: b/m, examples: [hello] }]", "(routes.chat.targets[1].examples, ")]
    [InlineData("targets: [a/m], retry: { budget: 2 }", "must be 0 to 1")]
    [InlineData("targets: [a/m], retry: { on: [everything] }", "'everything' is not one of rate_limited, overloaded")]
    [InlineData("targets: [a/m], hedge: { share: 2 }", "must be 0 to 1")]
    public async Task A_mistake_in_a_route_is_told(string route, string message)
    {
        var exception = await Assert.ThrowsAsync<Gatehouse.Configuration.ConfigurationException>(
            () => GatewayHost.StartAsync(Configuration(new Uri("http://127.0.0.1:9"), route)));

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Contains("(routes.chat", exception.Message, StringComparison.Ordinal);
    }

    private static async Task<Dictionary<string, int>> CountAsync(string route, int calls, Func<int, string> body, string more = "") =>
        (await TargetsAsync(route, calls, body, more)).GroupBy(target => target, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);

    private static async Task<string[]> TargetsAsync(string route, int calls, Func<int, string> body, string more = "")
    {
        await using var upstream = ScriptedUpstream.Json(Good);
        await using var gateway = await GatewayHost.StartAsync(Configuration(upstream, route, more));
        var targets = new string[calls];
        for (var i = 0; i < calls; i++)
        {
            targets[i] = await TargetAsync(gateway, body(i));
        }

        return targets;
    }

    private static async Task<string> TargetAsync(GatewayHost gateway, string body)
    {
        using var response = await gateway.PostAsync("/v1/chat/completions", body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response.Header("x-gatehouse-target")!;
    }

    private static string Say(string text, int turns = 0, string? user = null)
    {
        var more = string.Concat(Enumerable.Range(0, turns).Select(i => $$""",{"role":"{{(i % 2 == 0 ? "assistant" : "user")}}","content":"turn {{i}}"}"""));
        return $$"""{"model":"chat","user":"{{user}}","messages":[{"role":"user","content":"{{text}}"}{{more}}]}""";
    }

    private static string Configuration(ScriptedUpstream upstream, string route, string more = "") => Configuration(upstream.Address, route, more);

    private static string Configuration(Uri upstream, string route, string more = "") => $$"""
        providers:
          a: { kind: openai-compatible, base_url: "{{upstream}}v1" }
          b: { kind: openai-compatible, base_url: "{{upstream}}v1" }
          c: { kind: openai-compatible, base_url: "{{upstream}}v1" }
        routes:
          chat: { {{route}} }
        {{more}}
        """;
}
