using Gatehouse.Tests.Harness;
using Gatehouse.Tests.Translation;

namespace Gatehouse.Tests.Caching;

public sealed class CacheControlTests
{
    /// <summary>What a request with the header gets when there is an answer of 100 seconds ago, and what one without gets after it.</summary>
    [Theory]
    [InlineData("no-cache", "miss", "answer 2")]
    [InlineData("no-store", "bypass", "answer 1")]
    [InlineData("max-age=100", "hit", "answer 1")]
    [InlineData("max-age=99", "miss", "answer 2")]
    [InlineData("max-age=0", "miss", "answer 2")]
    [InlineData("max-age=nonsense", "hit", "answer 1")]
    [InlineData("min-fresh=499", "hit", "answer 1")]
    [InlineData("min-fresh=500", "miss", "answer 2")]
    [InlineData("only-if-cached", "hit", "answer 1")]
    public async Task Requests_say_how_much_of_the_cache_they_want(string header, string expected, string after)
    {
        var time = new ManualTime();
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream), time);
        _ = await gateway.CacheOfAsync(CacheGateway.Chat());
        time.Advance(TimeSpan.FromSeconds(100));

        Assert.Equal(expected, await gateway.CacheOfAsync(CacheGateway.Chat(), null, ("cache-control", header)));

        using var next = await gateway.AskAsync(CacheGateway.Chat());
        var (cache, text) = await next.ReadAsync();
        Assert.Equal("hit", cache);
        Assert.Contains(after, text, StringComparison.Ordinal);
        Assert.All(upstream.Requests, request => Assert.DoesNotContain("cache-control", request.Headers.Keys, StringComparer.OrdinalIgnoreCase));
    }

    [Theory]
    [MemberData(nameof(Caller.All), MemberType = typeof(Caller))]
    public async Task Only_a_kept_answer_may_be_wanted(string dialect)
    {
        var caller = new Caller(dialect);
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));

        using var response = await gateway.AskAsync(
            caller.Body("kept", isStream: false), path: caller.PathFor("kept"), headers: [("cache-control", "only-if-cached"), ("anthropic-version", "2023-06-01")]);

        _ = await caller.ShouldFailAsync(response, 504, "not_cached");
        Assert.Equal("false", response.Header("x-should-retry"));
        Assert.Empty(upstream.Requests);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal("refused", row.Outcome());
        Assert.Equal("reuse", row.GetProperty("error").GetProperty("phase").GetString());
    }

    [Fact]
    public async Task Where_nothing_is_kept_the_header_changes_nothing()
    {
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));

        Assert.Equal("bypass", await gateway.CacheOfAsync(CacheGateway.Chat(model: "free"), null, ("cache-control", "only-if-cached")));
    }
}
