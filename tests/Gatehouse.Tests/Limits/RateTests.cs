using System.Net;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>Rates, quotas and concurrency over the whole gateway.</summary>
public sealed class RateTests
{
    private const string Chat = """{"model":"mock/out-10","max_tokens":10,"messages":[{"role":"user","content":"Ten tokens of input are told, and these words are more than that."}]}""";

    [Fact]
    public async Task Of_a_thousand_attempts_at_100_a_minute_exactly_100_pass()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ requests: 100, per: minute }", new ManualTime());

        var answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => StatusAsync(gateway)));

        Assert.Equal(100, answers.Count(status => status == HttpStatusCode.OK));
        Assert.Equal(900, answers.Count(status => status == HttpStatusCode.TooManyRequests));
        Assert.Equal(100, upstream.Requests.Count);
    }

    [Fact]
    public async Task A_window_slides_and_what_was_refused_has_used_nothing_of_it()
    {
        var time = new ManualTime();
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ requests: 2, per: minute }", time);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway));
        time.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway));
        time.Advance(TimeSpan.FromSeconds(5));
        using (var refused = await gateway.PostAsync("/v1/chat/completions", Chat))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            // The first one leaves the window 60 seconds, and at most a sixtieth of that, after it was let in.
            Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 5, 6);
            Assert.Contains("rate_limited", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        // A fixed window would let two pass at its edge; here only the first one has left.
        time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway));
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync(gateway));
        time.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway));
    }

    [Fact]
    public async Task Tokens_are_set_aside_and_settled_so_that_what_was_used_never_passes_the_limit()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ total_tokens: 1000, per: minute }", new ManualTime());

        // The first one teaches what a call uses: 10 tokens of input, as the upstream counts, and 10 of output.
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway));
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => StatusAsync(gateway)));
        var used = Assert.Single(gateway.Application.Limits.Accounts).Used(gateway.Application.Limits.Now);

        Assert.Equal(20 * (1 + answers.Count(status => status == HttpStatusCode.OK)), used);
        Assert.InRange(used, 600, 1000);
        // What was set aside too much came back: until there is not enough for one more, there is enough.
        HttpStatusCode last;
        do
        {
            last = await StatusAsync(gateway);
        }
        while (last == HttpStatusCode.OK);
        Assert.InRange(Assert.Single(gateway.Application.Limits.Accounts).Used(gateway.Application.Limits.Now), 960, 1000);
    }

    [Fact]
    public async Task Never_more_run_at_the_same_time_than_may()
    {
        var (running, most) = (0, 0);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = PricedUpstream.Start(async model =>
        {
            var now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            await gate.Task;
            _ = Interlocked.Decrement(ref running);
        });
        await using var gateway = await StartAsync(upstream, "{ concurrency: 8 }", time: null);

        var calls = Enumerable.Range(0, 100).Select(_ => StatusAsync(gateway)).ToArray();
        await Eventually.TrueAsync(() => Volatile.Read(ref running) == 8 && calls.Count(call => call.IsCompleted) == 92, "8 run and 92 are refused");
        gate.SetResult();
        var answers = await Task.WhenAll(calls);

        Assert.Equal(8, most);
        Assert.Equal(8, answers.Count(status => status == HttpStatusCode.OK));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway));
        Assert.Equal(0, Assert.Single(gateway.Application.Limits.Accounts).Used(gateway.Application.Limits.Now));
    }

    [Fact]
    public async Task A_limit_on_a_run_counts_each_run_alone()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ requests: 2, per: run }", time: null);

        var answers = new List<HttpStatusCode>();
        foreach (var run in new[] { "a", "a", "b", "a", "b", "b" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Chat, System.Text.Encoding.UTF8, "application/json") };
            request.Headers.Add("x-gatehouse-run", run);
            using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
            answers.Add(response.StatusCode);
        }

        const HttpStatusCode Ok = HttpStatusCode.OK, No = HttpStatusCode.TooManyRequests;
        Assert.Equal([Ok, Ok, Ok, No, Ok, No], answers);
    }

    [Fact]
    public async Task A_reload_keeps_what_was_used_and_takes_the_new_amount()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await StartAsync(upstream, "{ requests: 2, per: day }", time: null);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway));
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync(gateway));

        var yaml = await File.ReadAllTextAsync(gateway.ConfigurationFile, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(gateway.ConfigurationFile, yaml.Replace("requests: 2", "requests: 3", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        Assert.True(gateway.Application.Snapshots.Load("test"));

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway));
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync(gateway));
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref target)) && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }

    private static Task<GatewayHost> StartAsync(ScriptedUpstream upstream, string limits, TimeProvider? time) => GatewayHost.StartAsync(
        GatewayHost.MockProvider(upstream.Address, $$"""
            keys:
              - { name: test, secret: {{GatewayHost.Key}}, models: ["*"], limits: [ {{limits}} ] }
            """),
        time);

    private static async Task<HttpStatusCode> StatusAsync(GatewayHost gateway)
    {
        using var response = await gateway.PostAsync("/v1/chat/completions", Chat);
        return response.StatusCode;
    }
}
