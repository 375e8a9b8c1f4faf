using System.Net;
using System.Text.Json;
using Gatehouse.Caching;
using Gatehouse.Pipeline;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Caching;

public sealed class CacheAdminTests
{
    [Fact]
    public async Task The_admin_API_tells_what_is_kept_and_deletes_it()
    {
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream, more:
            $$"""

            keys:
              - { name: test, secret: {{GatewayHost.Key}}, models: ["*"] }
              - { name: other, secret: {{CacheGateway.OtherKey}}, models: ["*"], cache: { exact: true } }
            """));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(i == 0 ? "miss" : "hit", await gateway.CacheOfAsync(CacheGateway.Chat()));
            Assert.Equal(i == 0 ? "miss" : "hit", await gateway.CacheOfAsync(CacheGateway.Chat(), CacheGateway.OtherKey));
            Assert.Equal(i == 0 ? "miss" : "hit", await gateway.CacheOfAsync(CacheGateway.Chat(model: "free"), CacheGateway.OtherKey));
        }

        var kept = await gateway.CacheOfRouteAsync();
        Assert.Equal((2, 4, 2, 2, 12_000_000), (Number(kept, "entries"), Number(kept, "hits"), Number(kept, "misses"), Number(kept, "stores"), Number(kept, "saved_nano_usd")));
        var memory = (await gateway.CacheAsync()).GetProperty("memory");
        Assert.Equal(3, Number(memory, "entries"));
        Assert.InRange(Number(memory, "bytes"), 1000, 10_000);
        Assert.Equal(64 << 20, Number(memory, "limit"));
        var metrics = await gateway.Admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Matches("(?m)^gatehouse_cache_lookups_total\\{[^}]*result=\"hit\",route=\"kept\"[^}]*\\} 4|^gatehouse_cache_lookups_total\\{[^}]*route=\"kept\",result=\"hit\"[^}]*\\} 4", metrics);
        Assert.Matches("(?m)^gatehouse_cache_entries\\{[^}]*tier=\"memory\"[^}]*\\} 3", metrics);

        Assert.Equal(0, await PurgeAsync(gateway, "?model=nothing"));
        Assert.Equal(1, await PurgeAsync(gateway, "?key=other&route=kept"));
        Assert.Equal("hit", await gateway.CacheOfAsync(CacheGateway.Chat()));
        Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat(), CacheGateway.OtherKey));
        Assert.Equal(1, await PurgeAsync(gateway, "?model=free"));
        Assert.Equal(2, await PurgeAsync(gateway, ""));
        Assert.Equal(0, Number((await gateway.CacheAsync()).GetProperty("memory"), "bytes"));
    }

    [Fact]
    public async Task What_was_asked_for_before_a_purge_is_not_kept_after_it()
    {
        var release = new TaskCompletionSource();
        await using var upstream = CacheGateway.Counting(_ => release.Task);
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        var call = gateway.CacheOfAsync(CacheGateway.Chat());
        await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the call");
        _ = await PurgeAsync(gateway, "");
        release.SetResult();

        Assert.Equal("miss", await call);
        Assert.Equal("miss", await gateway.CacheOfAsync(CacheGateway.Chat()));
    }

    [Fact]
    public async Task Hits_are_verified_in_the_background()
    {
        var count = 0;
        await using var upstream = new ScriptedUpstream((_, connection) =>
        {
            // The second says the same in other words of JSON, the third something else, the fourth nothing.
            var number = Interlocked.Increment(ref count);
            return connection.RespondAsync(number == 4 ? 500 : 200, "application/json", number switch
            {
                1 => CacheGateway.Answer(1),
                2 => CacheGateway.Answer(2).Replace("answer 2", "answer  1\\n", StringComparison.Ordinal),
                3 => CacheGateway.Answer(3),
                _ => """{"error":{"message":"not now"}}""",
            });
        });
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream, "{ verify_percent: 100 }"));
        using var first = await gateway.AskAsync(CacheGateway.Chat());
        _ = await first.ReadAsync();
        for (var i = 1; i <= 3; i++)
        {
            using var hit = await gateway.AskAsync(CacheGateway.Chat());
            var (cache, text) = await hit.ReadAsync();
            Assert.Equal("hit", cache);
            Assert.Equal(CacheGateway.Answer(1), text);
            await Eventually.GetAsync(async () => Number(await VerificationAsync(gateway), "compared") + Number(await VerificationAsync(gateway), "failed") == i ? true : (bool?)null, "a comparison");
            var copy = await gateway.ExchangeAsync(row => row.TryGetProperty("shadow_of", out var of) && of.GetString() == hit.Header("x-gatehouse-exchange"));
            Assert.Equal(i == 3 ? null : 3_000_000, copy.GetProperty("cost_nano_usd") is { ValueKind: JsonValueKind.Number } cost ? cost.GetInt64() : (long?)null);
            Assert.Equal("bypass", copy.GetProperty("cache").GetString());
        }

        var verification = await VerificationAsync(gateway);
        Assert.Equal((2, 1, 1), (Number(verification, "compared"), Number(verification, "differed"), Number(verification, "failed")));
    }

    [Fact]
    public async Task The_commands_tell_and_delete()
    {
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        for (var i = 0; i < 4; i++)
        {
            _ = await gateway.CacheOfAsync(CacheGateway.Chat());
        }

        var (code, output, error) = await RunAsync("stats");
        Assert.Equal((0, ""), (code, error));
        Assert.EndsWith(
            "\nkept\n  kept      1 in memory (758 bytes), 0 on disk (0 bytes)\n  hits      3 of 4 (75 %), 0 of them waited for an equal request\n  saved     0.009 USD", output.TrimEnd(), StringComparison.Ordinal);
        (code, output, _) = await RunAsync("stats", "--json");
        Assert.Equal(0, code);
        Assert.Equal(3, JsonElement.Parse(output).GetProperty("routes")[0].GetProperty("hits").GetInt64());

        (code, _, error) = await RunAsync("purge");
        Assert.Equal(2, code);
        Assert.Contains("--all", error, StringComparison.Ordinal);
        (_, output, _) = await RunAsync("purge", "--route", "free", "--key", "test");
        Assert.Equal("deleted 0", output.TrimEnd());
        (_, output, _) = await RunAsync("purge", "--route", "kept", "--key", "test", "--model", "kept");
        Assert.Equal("deleted 1", output.TrimEnd());

        Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments) => GatewayProcess.RunAsync(
            ["cache", .. arguments], ".", ("GATEHOUSE_ADMIN_URL", gateway.Application.AdminAddress.ToString()), ("GATEHOUSE_ADMIN_TOKEN", GatewayHost.AdminToken));
    }

    [Fact]
    public void Streams_are_compared_by_what_they_say_and_not_by_how_they_are_cut()
    {
        var kept = MemoryTierTests.Entry("a", 0) with { IsEventStream = true, Body = System.Text.Encoding.UTF8.GetBytes(string.Concat(CacheGateway.Frames(1))) };
        var cut = string.Concat(CacheGateway.Frames(1)).Replace("\"answer \"", "\"answer 1\"", StringComparison.Ordinal).Replace("\"content\":\"1\"", "\"content\":\"\"", StringComparison.Ordinal);

        Assert.True(CacheVerification.IsSame(Operation.Chat, kept, System.Text.Encoding.UTF8.GetBytes(cut)));
        Assert.False(CacheVerification.IsSame(Operation.Chat, kept, System.Text.Encoding.UTF8.GetBytes(string.Concat(CacheGateway.Frames(2)))));
        Assert.False(CacheVerification.IsSame(Operation.Chat, kept, "not even a stream"u8.ToArray()));
    }

    [Fact]
    public void Other_answers_are_compared_without_what_is_new_in_each()
    {
        var kept = MemoryTierTests.Entry("a", 0) with { Body = """{"id":"a","data":[{"embedding":[0.1,1]}],"usage":{"prompt_tokens":1}}"""u8.ToArray() };

        Assert.True(CacheVerification.IsSame(Operation.Embeddings, kept, """{"data":[{"embedding":[0.10,1.0]}],"id":"b"}"""u8.ToArray()));
        Assert.False(CacheVerification.IsSame(Operation.Embeddings, kept, """{"data":[{"embedding":[0.2,1.0]}],"id":"a"}"""u8.ToArray()));
    }

    [Theory]
    [InlineData("cache: { memory: 1KiB }", "cache.memory")]
    [InlineData("cache: { disk: 1KiB }", "cache.disk")]
    [InlineData("routes: { a: { targets: [mock/gpt], cache: { ttl: 0s } } }", "routes.a.cache.ttl")]
    [InlineData("routes: { a: { targets: [mock/gpt], cache: { max_entry: 1GiB } } }", "routes.a.cache.max_entry")]
    [InlineData("routes: { a: { targets: [mock/gpt], cache: { verify_percent: 101 } } }", "routes.a.cache.verify_percent")]
    [InlineData("keys: [ { name: a, secret: gh_some_key_of_a_test, cache: { exct: true } } ]", "did you mean 'exact'")]
    public async Task Mistakes_are_told(string section, string expected)
    {
        var mistake = await Assert.ThrowsAsync<Configuration.ConfigurationException>(() => GatewayHost.StartAsync(GatewayHost.MockProvider(new Uri("http://127.0.0.1:9"), section)));

        Assert.Contains(expected, mistake.Message, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> VerificationAsync(GatewayHost gateway) => (await gateway.CacheOfRouteAsync()).GetProperty("verification");

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();

    private static async Task<int> PurgeAsync(GatewayHost gateway, string query)
    {
        using var response = await gateway.Admin.DeleteAsync(new Uri($"/api/v1/cache{query}", UriKind.Relative), TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        return JsonElement.Parse(text).GetProperty("deleted").GetInt32();
    }
}
