using System.Net;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Caching;

/// <summary>Many equal requests at the same time.</summary>
public sealed class StampedeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_of_them_goes_to_the_provider(bool isStream)
    {
        var release = new TaskCompletionSource();
        await using var upstream = CacheGateway.Counting(_ => release.Task);
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        var body = CacheGateway.Chat(more: isStream ? ",\"stream\":true" : "");
        var calls = Enumerable.Range(0, 50).Select(_ => ReadAsync(gateway, body)).ToArray();
        await AllInFlightAsync(gateway, 50);
        release.SetResult();

        var answers = await Task.WhenAll(calls);

        _ = Assert.Single(upstream.Requests);
        _ = Assert.Single(answers.Select(answer => answer.Text).Distinct(StringComparer.Ordinal));
        Assert.Equal((1, 49), (answers.Count(answer => answer.Cache == "miss"), answers.Count(answer => answer.Cache == "hit")));
        Assert.Equal(49, (await gateway.CacheOfRouteAsync()).GetProperty("shared").GetInt64());
    }

    [Fact]
    public async Task When_its_answer_is_none_to_keep_the_others_go_on_their_own_all_at_once()
    {
        var (first, others) = (new TaskCompletionSource(), new TaskCompletionSource());
        var count = 0;
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            var number = Interlocked.Increment(ref count);
            await (number == 1 ? first : others).Task;
            await connection.RespondAsync(number == 1 ? 400 : 200, "application/json", number == 1 ? """{"error":{"message":"bad"}}""" : CacheGateway.Answer(number));
        });
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        var calls = Enumerable.Range(0, 10).Select(_ => gateway.AskAsync(CacheGateway.Chat())).ToArray();
        await AllInFlightAsync(gateway, 10);
        _ = Assert.Single(upstream.Requests);
        first.SetResult();

        // None of the nine waits for another of them: nobody has been answered yet.
        await Eventually.TrueAsync(() => upstream.Requests.Count == 10, "the others");
        others.SetResult();
        var statuses = (await Task.WhenAll(calls)).Select(response => response.StatusCode).ToArray();
        Assert.Equal((1, 9), (statuses.Count(status => status == HttpStatusCode.BadRequest), statuses.Count(status => status == HttpStatusCode.OK)));
    }

    [Fact]
    public async Task When_its_caller_leaves_one_of_the_others_takes_its_place()
    {
        var release = new TaskCompletionSource();
        var count = 0;
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            if (Interlocked.Increment(ref count) == 1)
            {
                await connection.UntilPeerClosesAsync();
                return;
            }

            await release.Task;
            await connection.RespondAsync(200, "application/json", CacheGateway.Answer(count));
        });
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        using var leaves = new CancellationTokenSource();
        var leader = LeaveAsync(gateway, leaves.Token);
        await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the first call");
        var calls = Enumerable.Range(0, 10).Select(_ => ReadAsync(gateway, CacheGateway.Chat())).ToArray();
        await AllInFlightAsync(gateway, 11);
        await leaves.CancelAsync();
        await leader;
        await Eventually.TrueAsync(() => upstream.Requests.Count == 2, "the call of another one");
        release.SetResult();

        var answers = await Task.WhenAll(calls);

        Assert.Equal(2, upstream.Requests.Count);
        Assert.Equal((1, 9), (answers.Count(answer => answer.Cache == "miss"), answers.Count(answer => answer.Cache == "hit")));
    }

    [Fact]
    public async Task One_that_waits_may_leave()
    {
        var release = new TaskCompletionSource();
        await using var upstream = CacheGateway.Counting(_ => release.Task);
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream));
        var leader = ReadAsync(gateway, CacheGateway.Chat());
        await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the first call");
        using var leaves = new CancellationTokenSource();
        var follower = LeaveAsync(gateway, leaves.Token);
        await AllInFlightAsync(gateway, 2);
        await leaves.CancelAsync();
        await follower;
        await AllInFlightAsync(gateway, 1);
        release.SetResult();

        Assert.Equal("miss", (await leader).Cache);
        _ = await gateway.ExchangeAsync(row => row.Outcome() == "cancelled");
    }

    [Fact]
    public async Task Nobody_waits_longer_than_is_allowed()
    {
        var time = new ManualTime();
        var release = new TaskCompletionSource();
        await using var upstream = CacheGateway.Counting(number => number == 1 ? release.Task : Task.CompletedTask);
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream, more: "cache: { wait: 5s }"), time);
        var leader = ReadAsync(gateway, CacheGateway.Chat());
        await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the first call");

        var follower = await time.AdvanceUntilAsync(ReadAsync(gateway, CacheGateway.Chat()), TimeSpan.FromSeconds(1));

        Assert.Equal("miss", follower.Cache);
        Assert.Contains("answer 2", follower.Text, StringComparison.Ordinal);
        release.SetResult();
        _ = await leader;
    }

    private static async Task<(string? Cache, string Text)> ReadAsync(GatewayHost gateway, string body)
    {
        using var response = await gateway.AskAsync(body);
        return await response.ReadAsync();
    }

    private static async Task LeaveAsync(GatewayHost gateway, CancellationToken leaves)
    {
        try
        {
            using var content = new StringContent(CacheGateway.Chat(), System.Text.Encoding.UTF8, "application/json");
            using var response = await gateway.Client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, leaves);
            Assert.Fail("It left before there was an answer.");
        }
        catch (OperationCanceledException)
        {
            // As it should.
        }
    }

    private static Task<bool> AllInFlightAsync(GatewayHost gateway, int count) =>
        Eventually.GetAsync(async () => await gateway.InFlightAsync() == count ? true : (bool?)null, $"{count} exchanges under way");
}
