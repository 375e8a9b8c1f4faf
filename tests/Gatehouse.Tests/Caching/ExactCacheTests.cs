using System.Text.Json;
using Gatehouse.Tests.Harness;
using Gatehouse.Tests.Translation;

namespace Gatehouse.Tests.Caching;

public sealed class ExactCacheTests
{
    public static TheoryData<string, bool> Dialects() => [.. Caller.Names.SelectMany(name => new[] { (name, false), (name, true) })];

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task The_same_request_gets_the_same_answer_in_every_dialect(string dialect, bool isStream)
    {
        var caller = new Caller(dialect);
        var more = dialect == "responses" ? ",\"store\":false" : "";
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));

        using var first = await caller.AskAsync(gateway, "kept", isStream, more);
        using var second = await caller.AskAsync(gateway, "kept", isStream, more);
        using var other = await caller.AskAsync(gateway, "kept", !isStream, more);

        var (missed, text) = await first.ReadAsync();
        var (hit, again) = await second.ReadAsync();
        Assert.Equal(("miss", "hit"), (missed, hit));
        Assert.Equal(text, again);
        Assert.Equal("answer 1", isStream ? caller.StreamedText(again) : caller.TextOf(JsonElement.Parse(again)));
        Assert.Equal(first.Content.Headers.ContentType, second.Content.Headers.ContentType);
        Assert.Equal("miss", other.Header("x-gatehouse-cache"));
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task A_hit_is_an_exchange_of_its_own_that_costs_nothing()
    {
        var time = new ManualTime();
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream), time);
        using var first = await gateway.AskAsync(CacheGateway.Chat());
        _ = await first.ReadAsync();
        time.Advance(TimeSpan.FromSeconds(90));

        using var second = await gateway.AskAsync(CacheGateway.Chat());

        Assert.Equal("hit", (await second.ReadAsync()).Cache);
        Assert.Equal("90", second.Header("age"));
        Assert.Null(first.Header("age"));
        Assert.Null(second.Header("x-gatehouse-target"));
        Assert.Null(second.Header("x-ratelimit-remaining-requests"));
        Assert.NotEqual(first.Header("x-gatehouse-exchange"), second.Header("x-gatehouse-exchange"), StringComparer.Ordinal);
        Assert.Equal(second.Header("x-gatehouse-exchange"), second.Header("x-request-id"));
        var row = await gateway.ExchangeAsync(second);
        Assert.Equal("completed", row.Outcome());
        Assert.Equal("hit", row.GetProperty("cache").GetString());
        Assert.Equal(0, row.GetProperty("cost_nano_usd").GetInt64());
        Assert.Equal(3_000_000, row.GetProperty("saved_nano_usd").GetInt64());
        Assert.Equal(3_000_000, (await gateway.ExchangeAsync(first)).GetProperty("cost_nano_usd").GetInt64());
        Assert.Equal(0, row.GetProperty("attempts").GetArrayLength());

        time.Advance(TimeSpan.FromMinutes(8.5));
        Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat()));
    }

    [Theory]
    [InlineData("{ exact: true }", "{ exact: false }", "bypass")]
    [InlineData("{ exact: false }", "{ exact: true }", "bypass")]
    [InlineData(null, "{ ttl: 1h }", "hit")]
    [InlineData("{ ttl: 1h }", null, "hit")]
    [InlineData(null, null, "bypass")]
    [InlineData("{ ttl: 1h }", "{ ttl: 1s }", "miss")]
    [InlineData("{ ttl: 1s }", "{ ttl: 1h }", "miss")]
    [InlineData("{ max_entry: 100B }", "{ max_entry: 1MiB }", "miss")]
    public async Task Route_and_key_say_together_whether_and_how_answers_are_kept(string? route, string? key, string expected)
    {
        var time = new ManualTime();
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(
            upstream.Address,
            $$"""
            routes:
              kept: { targets: [mock/gpt]{{(route is null ? "" : $", cache: {route}")}} }
            keys:
              - { name: test, secret: {{GatewayHost.Key}}, models: ["*"]{{(key is null ? "" : $", cache: {key}")}} }
            """), time);
        _ = await gateway.CacheOfAsync(CacheGateway.Chat());
        time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(expected, await gateway.CacheOfAsync(CacheGateway.Chat()));
    }

    [Fact]
    public async Task A_key_that_wants_it_has_a_cache_for_targets_that_it_names_itself()
    {
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(
            upstream.Address, $$"""keys: [ { name: test, secret: {{GatewayHost.Key}}, models: ["*"], cache: { exact: true } } ]""".Insert(0, "\n")));
        var body = CacheGateway.Chat(model: "mock/gpt");

        Assert.Equal("miss", await gateway.CacheOfAsync(body));
        Assert.Equal("hit", await gateway.CacheOfAsync(body));
        Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat(model: "mock/gpt-2")));
    }

    [Theory]
    [InlineData(429, "application/json", """{"error":{"message":"slow down","type":"rate_limit"}}""")]
    [InlineData(400, "application/json", """{"error":{"message":"bad","type":"invalid_request_error"}}""")]
    [InlineData(200, "application/json", """{"error":{"message":"overloaded","code":500}}""")]
    [InlineData(200, "application/json", """{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"h"},"finish_reason":"error"}]}""")]
    [InlineData(200, "text/event-stream", "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"},\"finish_reason\":null}]}\n\n")]
    [InlineData(201, "application/json", """{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"h"},"finish_reason":"stop"}]}""")]
    public async Task What_is_not_a_whole_success_is_not_kept(int status, string type, string body)
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(status, type, body));
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        var request = CacheGateway.Chat(more: type == "text/event-stream" ? ",\"stream\":true" : "");
        for (var i = 1; i <= 2; i++)
        {
            try
            {
                using var response = await gateway.AskAsync(request);
                Assert.Equal("miss", response.Header("x-gatehouse-cache"));
            }
            catch (HttpRequestException)
            {
                // The stream broke off: so did the answer.
            }
        }

        Assert.True(upstream.Requests.Count >= 2);
        Assert.Equal(0, (await gateway.CacheOfRouteAsync()).GetProperty("stores").GetInt64());
    }

    [Fact]
    public async Task What_is_too_long_is_given_up_while_it_is_recorded()
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(
            200, "application/json", $$"""{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"{{new string('x', 500_000)}}"},"finish_reason":"stop"}]}"""));
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream, "{ max_entry: 256KiB }"));

        Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat()));
        Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat()));
    }

    [Fact]
    public async Task A_long_answer_is_given_again_whole()
    {
        var text = string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{i} "));
        var answer = $$"""{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"{{text}}"},"finish_reason":"stop"}]}""";
        await using var upstream = ScriptedUpstream.Json(answer);
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        _ = await gateway.CacheOfAsync(CacheGateway.Chat());

        using var response = await gateway.AskAsync(CacheGateway.Chat());

        Assert.Equal(("hit", answer), await response.ReadAsync());
        _ = Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task A_caller_who_leaves_leaves_nothing_behind()
    {
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(CacheGateway.Frames(1)[0]);
            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        var request = CacheGateway.Chat(more: ",\"stream\":true");
        for (var i = 1; i <= 2; i++)
        {
            var stream = await StreamClient.OpenAsync(gateway, request);
            _ = await stream.NextAsync();
            await stream.DisposeAsync();
            await Eventually.TrueAsync(() => upstream.ClosedByPeer == i, "the end of the call");
        }

        Assert.Equal(0, (await gateway.CacheOfRouteAsync()).GetProperty("stores").GetInt64());
    }

    [Theory]
    [InlineData("/v1/embeddings", """{"model":"kept","input":"hi"}""", """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1]}],"model":"gpt","usage":{"prompt_tokens":1,"total_tokens":1}}""", true)]
    [InlineData("/v1/completions", """{"model":"kept","prompt":"hi"}""", """{"id":"c","object":"text_completion","choices":[{"index":0,"text":"yo","finish_reason":"stop"}]}""", true)]
    [InlineData("/v1/moderations", """{"model":"kept","input":"hi"}""", """{"id":"m","model":"gpt","results":[]}""", false)]
    [InlineData("/v1/images/generations", """{"model":"kept","prompt":"hi"}""", """{"created":1,"data":[{"b64_json":"AAAA"}]}""", false)]
    public async Task Which_calls_have_a_cache(string path, string body, string answer, bool isKept)
    {
        await using var upstream = ScriptedUpstream.Json(answer);
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        for (var i = 1; i <= 2; i++)
        {
            using var response = await gateway.AskAsync(body, path: path);
            Assert.Equal((!isKept ? "bypass" : i == 1 ? "miss" : "hit", answer), await response.ReadAsync());
        }
    }

    [Theory]
    [InlineData("anthropic-beta", "x-1")]
    [InlineData("openai-beta", "assistants=v2")]
    public async Task Headers_that_change_answers_are_part_of_the_request_and_others_are_not(string name, string value)
    {
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat()));
        Assert.Equal("hit", await gateway.CacheOfAsync(CacheGateway.Chat(), null, ("user-agent", "x"), ("x-stainless-retry-count", "1"), ("x-gatehouse-labels", "a=b")));
        Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat(), null, (name, value)));
        Assert.Equal("hit", await gateway.CacheOfAsync(CacheGateway.Chat(), null, (name, value)));
    }

    [Fact]
    public async Task Requests_that_a_condition_leads_elsewhere_are_not_the_same()
    {
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(
            upstream.Address,
            """
            routes:
              kept:
                strategy: conditional
                cache: { exact: true }
                targets:
                  - { target: mock/large, when: 'headers["x-tier"] == "gold"' }
                  - mock/small
            """));
        using var silver = await gateway.AskAsync(CacheGateway.Chat());
        _ = await silver.ReadAsync();

        using var gold = await gateway.AskAsync(CacheGateway.Chat(), headers: ("x-tier", "gold"));

        Assert.Equal(("mock/small", "mock/large"), (silver.Header("x-gatehouse-target"), gold.Header("x-gatehouse-target")));
        Assert.Equal("hit", await gateway.CacheOfAsync(CacheGateway.Chat(), null, ("x-tier", "bronze")));
        Assert.Equal("hit", await gateway.CacheOfAsync(CacheGateway.Chat(), null, ("x-tier", "gold")));
    }

    [Fact]
    public async Task Of_an_answer_that_was_taken_back_nothing_is_kept_and_what_came_after_it_is()
    {
        await using var broken = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.SendAsync("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"id\":\"half");
            connection.Reset();
        });
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(
            $$"""
            providers:
              bad: { kind: openai-compatible, base_url: "{{broken.Address}}v1", api_key: x }
              mock: { kind: openai-compatible, base_url: "{{upstream.Address}}v1", api_key: x }
            routes:
              kept: { targets: [bad/gpt, mock/gpt], retry: { attempts: 2 }, cache: { exact: true } }
            """);
        using var first = await gateway.AskAsync(CacheGateway.Chat());
        var (missed, text) = await first.ReadAsync();
        Assert.Equal(("miss", "mock/gpt"), (missed, first.Header("x-gatehouse-target")));

        using var second = await gateway.AskAsync(CacheGateway.Chat());

        Assert.Equal(("hit", text), await second.ReadAsync());
        Assert.Equal(CacheGateway.Answer(1), text);
    }

    [Fact]
    public async Task A_stream_that_broke_off_is_not_kept_and_one_that_was_joined_is()
    {
        await using var broken = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(CacheGateway.Frames(1)[0]);
            await connection.ChunkAsync(CacheGateway.Frames(1)[1]);
            connection.Reset();
        });
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(
            $$"""
            providers:
              bad: { kind: openai-compatible, base_url: "{{broken.Address}}v1", api_key: x }
              mock: { kind: openai-compatible, base_url: "{{upstream.Address}}v1", api_key: x }
            routes:
              cut: { targets: [bad/gpt, mock/gpt], cache: { exact: true } }
              kept: { targets: [bad/gpt, mock/gpt], continuation: instruction, cache: { exact: true } }
            """);
        using (var cut = await gateway.AskAsync(CacheGateway.Chat(more: ",\"stream\":true", model: "cut")))
        {
            Assert.Contains("error", (await cut.ReadAsync()).Text, StringComparison.Ordinal);
        }

        Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat(more: ",\"stream\":true", model: "cut")));
        using var first = await gateway.AskAsync(CacheGateway.Chat(more: ",\"stream\":true"));
        var (missed, text) = await first.ReadAsync();
        Assert.Equal("miss", missed);
        using var second = await gateway.AskAsync(CacheGateway.Chat(more: ",\"stream\":true"));
        Assert.Equal(("hit", text), await second.ReadAsync());
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bodies_of_any_size_and_shape_are_answered()
    {
        await using var upstream = ScriptedUpstream.Json(CacheGateway.Answer(1));
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        var long1 = CacheGateway.Chat(new string('x', 7 << 20));
        Assert.Equal("miss", await gateway.CacheOfAsync(long1));
        Assert.Equal("hit", await gateway.CacheOfAsync(long1));
        Assert.Equal("bypass", await gateway.CacheOfAsync(CacheGateway.Chat(new string('x', 9 << 20))));

        var deep = CacheGateway.Chat(more: $",\"x\":{string.Concat(Enumerable.Repeat("{\"b\":1,\"a\":", 400))}1{new string('}', 400)}");
        Assert.Equal("miss", await gateway.CacheOfAsync(deep));
        Assert.Equal("hit", await gateway.CacheOfAsync(deep));
        Assert.Equal("bypass", await gateway.CacheOfAsync(CacheGateway.Chat(more: $",\"x\":{{{string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"{i}\":1"))}}}")));
    }

    [Fact]
    public async Task What_the_target_was_not_told_is_told_again()
    {
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        var body = """{"model":"kept","max_tokens":64,"top_k":5,"messages":[{"role":"user","content":"hi"}]}""";
        using var first = await gateway.AskAsync(body, path: "/v1/messages");
        _ = await first.ReadAsync();

        using var second = await gateway.AskAsync(body, path: "/v1/messages");

        Assert.Equal("hit", (await second.ReadAsync()).Cache);
        Assert.NotNull(first.Header("x-gatehouse-dropped"));
        Assert.Equal(first.Header("x-gatehouse-dropped"), second.Header("x-gatehouse-dropped"));
    }

    [Fact]
    public async Task What_is_kept_outlives_a_restart()
    {
        using var folder = new TemporaryFolder();
        await using var upstream = CacheGateway.Counting();
        var yaml = CacheGateway.Yaml(upstream);
        string text;
        await using (var gateway = await GatewayHost.StartAsync(yaml, folder: folder))
        {
            using var response = await gateway.AskAsync(CacheGateway.Chat());
            text = (await response.ReadAsync()).Text;
        }

        await using (var gateway = await GatewayHost.StartAsync(yaml, folder: folder))
        {
            using var response = await gateway.AskAsync(CacheGateway.Chat());
            Assert.Equal(("hit", text), await response.ReadAsync());
        }

        await File.WriteAllTextAsync(Path.Combine(folder.Path, "gatehouse.cache.db"), "broken", TestContext.Current.CancellationToken);
        await using (var gateway = await GatewayHost.StartAsync(yaml, folder: folder))
        {
            Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat()));
            Assert.Equal("hit", await gateway.CacheOfAsync(CacheGateway.Chat()));
        }
    }

    [Fact]
    public async Task A_gateway_without_a_cache_has_no_file_for_it()
    {
        using var folder = new TemporaryFolder();
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address), folder: folder);

        Assert.Equal("bypass", await gateway.CacheOfAsync(CacheGateway.Chat(model: "mock/gpt")));
        Assert.False(File.Exists(Path.Combine(folder.Path, "gatehouse.cache.db")));
    }

    [Fact]
    public async Task What_memory_has_no_room_for_is_found_on_the_disk()
    {
        await using var upstream = new ScriptedUpstream((request, connection) => connection.RespondAsync(
            200, "application/json", $$"""{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"{{new string('x', 200_000)}}"},"finish_reason":"stop"}]}"""));
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream, more: "cache: { memory: 1MiB, disk: 100MiB }"));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat($"{i}")));
        }

        Assert.InRange((await gateway.CacheAsync()).GetProperty("memory").GetProperty("bytes").GetInt64(), 1, 1 << 20);
        await Eventually.GetAsync(async () => (await gateway.CacheAsync()).GetProperty("disk").GetProperty("entries").GetInt64() >= 15 ? true : (bool?)null, "what was put out");
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("hit", await gateway.CacheOfAsync(CacheGateway.Chat($"{i}")));
        }
    }
}
