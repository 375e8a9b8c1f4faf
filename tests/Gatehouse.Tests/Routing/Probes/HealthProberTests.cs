using System.Net;
using Gatehouse.Routing.Health;
using Gatehouse.Tests.Harness;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Tests.Routing.Probes;

/// <summary>Probes find out without traffic that a target is dead, and that it is back, and say nothing that they cannot know.</summary>
public sealed class HealthProberTests
{
    private const string Call = """{"model":"chat"}""";

    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_dead_target_is_noticed_and_recovered_without_traffic()
    {
        var status = 200;
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(Volatile.Read(ref status), "application/json", "{}"));
        await using var gateway = await StartAsync(upstream, Probed("targets: [a/m]"));
        var health = Health(gateway, "chat");
        await AdvanceUntilAsync(() => upstream.Requests.Count >= 2, "two probes");
        Assert.Equal((BreakerState.Closed, "GET", "/v1/models", "Bearer upstream-secret"),
            (health.State, upstream.Requests.First().Method, upstream.Requests.First().Target, upstream.Requests.First().Headers["authorization"]));

        Volatile.Write(ref status, 503);
        await AdvanceUntilAsync(() => health.State == BreakerState.Open, "the breaker to open");
        Assert.Equal("5 failures in a row", health.View().Reason);
        Assert.Contains("Warning: Probe: a is overloaded (503).", gateway.Logs.Text, StringComparison.Ordinal);

        Volatile.Write(ref status, 200);
        await AdvanceUntilAsync(() => health.State == BreakerState.Closed, "the breaker to close");
        await Eventually.TrueAsync(() => gateway.Logs.Text.Contains("Information: Probe: a answers again.", StringComparison.Ordinal), "the good news");
        var view = health.View();
        Assert.Null(view.LatencyMs);
        Assert.Equal((0, 1), (view.InFlight, view.OpenedCount));
        Assert.InRange(view.Readiness, 0.1, 0.99);
        Assert.All(upstream.Requests, request => Assert.Equal("GET", request.Method));
        Assert.Single(gateway.Logs.Entries, entry => entry.Message.Contains("is overloaded", StringComparison.Ordinal));
        Assert.Empty(await gateway.ExchangesAsync());
    }

    [Fact]
    public async Task A_host_that_is_not_there_is_left_alone_at_once()
    {
        await using var upstream = ScriptedUpstream.Json("{}");
        await using var gateway = await StartAsync(upstream, Probed("targets: [gone/m]"), "  gone: { kind: openai-compatible, base_url: \"http://127.0.0.1:1/v1\" }\n");

        await AdvanceUntilAsync(() => Health(gateway, "chat").State == BreakerState.Open, "the breaker to open");

        Assert.Equal("a failure that trying again does not help against", Health(gateway, "chat").View().Reason);
    }

    [Fact]
    public async Task A_provider_that_stays_silent_fails_its_probe_and_is_not_asked_twice_at_once()
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var gateway = await StartAsync(upstream, "{ targets: [a/m], health: { probe: { every: 10s, timeout: 60s }, consecutive_failures: 1 } }");
        await AdvanceUntilAsync(() => upstream.Requests.Count == 1, "the first probe");

        for (var second = 0; second < 55; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Single(upstream.Requests);
        await AdvanceUntilAsync(() => Health(gateway, "chat").State == BreakerState.Open, "the breaker to open");
        Assert.Contains("Probe: a did not answer within 60 s.", gateway.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_is_asked_by_default_nor_where_there_is_traffic()
    {
        await using var control = ScriptedUpstream.Json("{}");
        await using var quiet = ScriptedUpstream.Json("{}");
        await using var busy = ScriptedUpstream.Json("{}");
        await using var gateway = await GatewayHost.StartAsync($$"""
            providers:
              control: { kind: openai-compatible, base_url: "{{control.Address}}v1" }
              quiet: { kind: openai-compatible, base_url: "{{quiet.Address}}v1" }
              busy: { kind: openai-compatible, base_url: "{{busy.Address}}v1" }
            routes:
              control: {{Probed("targets: [control/m]")}}
              quiet: { targets: [quiet/m] }
              chat: {{Probed("targets: [busy/m]")}}
            """, _time);
        for (var asked = 0; asked < 4; asked++)
        {
            await AdvanceUntilAsync(
                async () =>
                {
                    (await gateway.PostAsync("/v1/chat/completions", Call)).Dispose();
                    return control.Requests.Count > asked;
                },
                "a probe of the other one");
        }

        Assert.Empty(quiet.Requests);
        Assert.All(busy.Requests, request => Assert.Equal("POST", request.Method));
    }

    [Fact]
    public async Task One_question_answers_for_all_targets_that_share_it_and_the_path_can_be_chosen()
    {
        await using var upstream = new ScriptedUpstream((request, connection) => connection.RespondAsync(request.Target == "/v1/up?deep=1" ? 500 : 200, "application/json", "{}"));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, """
            routes:
              one: { targets: [mock/a, mock/b], health: { probe: { every: 10s, timeout: 10m, path: "/up?deep=1" }, consecutive_failures: 2 } }
              two: { targets: [mock/a], health: { probe: { every: 10s, timeout: 10m, path: "/up?deep=1" }, consecutive_failures: 2 } }
              other: { targets: [mock/a], health: { probe: { every: 10s, timeout: 10m } } }
            """), _time);

        await AdvanceUntilAsync(() => Healths(gateway, "one").Concat(Healths(gateway, "two")).All(health => health.State == BreakerState.Open), "all three to be left alone");

        Assert.Equal(2, upstream.Requests.Count(request => request.Target == "/v1/up?deep=1"));
        Assert.Equal(BreakerState.Closed, Health(gateway, "other").State);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(405)]
    [InlineData(429)]
    [InlineData(501)]
    public async Task An_answer_that_says_nothing_of_model_calls_changes_nothing_and_is_told_once(int status)
    {
        await using var upstream = ScriptedUpstream.Json("{}", status);
        await using var gateway = await StartAsync(upstream, "{ targets: [a/m], health: { probe: { every: 10s, timeout: 10m }, consecutive_failures: 1 } }");

        await AdvanceUntilAsync(() => upstream.Requests.Count >= 4, "four probes");

        var view = Health(gateway, "chat").View();
        Assert.Equal(("closed", null, 0d), (view.State, view.LastBlame, view.ErrorRate));
        Assert.Contains($"status {status}, which says nothing", Assert.Single(gateway.Logs.Entries, entry => entry.Level == LogLevel.Warning).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_key_ejects_until_a_probe_is_answered_again()
    {
        var status = 401;
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(Volatile.Read(ref status), "application/json", "{}"));
        await using var gateway = await StartAsync(upstream, Probed("targets: [a/m]"));

        await AdvanceUntilAsync(() => Health(gateway, "chat").State == BreakerState.Open, "the breaker to open");
        Volatile.Write(ref status, 200);
        await AdvanceUntilAsync(() => Health(gateway, "chat").State == BreakerState.Closed, "the breaker to close");
    }

    [Fact]
    public async Task What_no_list_of_models_disproves_is_left_to_an_exchange()
    {
        await using var upstream = new ScriptedUpstream((request, connection) => connection.RespondAsync(request.Method == "GET" ? 200 : 402, "application/json", "{}"));
        await using var gateway = await StartAsync(upstream, Probed("targets: [a/m]"), more: $"  control: {Probed("targets: [a/m]").Replace("10m", "9m", StringComparison.Ordinal)}\n");
        (await gateway.PostAsync("/v1/chat/completions", Call)).Dispose();
        var health = Health(gateway, "chat");
        Assert.Equal("a failure that trying again does not help against", health.View().Reason);

        await AdvanceUntilAsync(() => upstream.Requests.Count(request => request.Method == "GET") >= 5, "probes for the other route");

        Assert.Equal(BreakerState.HalfOpen, health.State);
    }

    [Fact]
    public async Task Lists_of_models_between_failures_of_exchanges_do_not_end_their_row()
    {
        await using var upstream = new ScriptedUpstream((request, connection) => connection.RespondAsync(request.Method == "GET" ? 200 : 500, "application/json", "{}"));
        await using var gateway = await StartAsync(upstream, Probed("targets: [a/m], retry: { attempts: 1 }"));
        for (var failures = 1; failures <= 5; failures++)
        {
            Assert.Equal(BreakerState.Closed, Health(gateway, "chat").State);
            using (var response = await gateway.PostAsync("/v1/chat/completions", Call))
            {
                Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
            }

            var before = upstream.Requests.Count;
            if (failures < 5)
            {
                await AdvanceUntilAsync(() => upstream.Requests.Count > before, "a probe");
            }
        }

        Assert.Equal("5 failures in a row", Health(gateway, "chat").View().Reason);
    }

    [Fact]
    public async Task A_provider_that_fails_every_other_probe_stays_in_use()
    {
        var count = 0;
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(Interlocked.Increment(ref count) % 2 == 0 ? 200 : 500, "application/json", "{}"));
        await using var gateway = await StartAsync(upstream, Probed("targets: [a/m]"));

        await AdvanceUntilAsync(() => upstream.Requests.Count >= 14, "many probes");

        Assert.Equal(0, Health(gateway, "chat").View().OpenedCount);
    }

    [Fact]
    public async Task A_reload_switches_probes_on_and_off()
    {
        await using var upstream = ScriptedUpstream.Json("{}");
        await using var control = ScriptedUpstream.Json("{}");
        var other = $"  other: {{ kind: openai-compatible, base_url: \"{control.Address}v1\" }}\n";
        await using var gateway = await StartAsync(upstream, "{ targets: [a/m] }", other, $"  control: {Probed("targets: [other/m]")}\n");
        await AdvanceUntilAsync(() => control.Requests.Count >= 2, "the other probe");
        Assert.Empty(upstream.Requests);

        await ReloadAsync(gateway, "chat: { targets: [a/m] }", $"chat: {Probed("targets: [a/m]")}");
        await AdvanceUntilAsync(() => upstream.Requests.Count >= 2, "probes");

        await ReloadAsync(gateway, $"chat: {Probed("targets: [a/m]")}", "chat: { targets: [a/m] }");
        var (asked, others) = (upstream.Requests.Count, control.Requests.Count);
        await AdvanceUntilAsync(() => control.Requests.Count >= others + 3, "the other probe");
        // One may have been on its way.
        Assert.InRange(upstream.Requests.Count, asked, asked + 1);
    }

    [Fact]
    public async Task A_probe_that_waits_does_not_keep_the_gateway_from_stopping()
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        var gateway = await StartAsync(upstream, Probed("targets: [a/m]"));
        await AdvanceUntilAsync(() => upstream.Requests.Count == 1, "a probe");

        await gateway.DisposeAsync();

        await Eventually.TrueAsync(() => upstream.ClosedByPeer == 1, "the end of the probe");
    }

    private static string Probed(string route) => $"{{ {route}, health: {{ probe: {{ every: 10s, timeout: 10m }} }} }}";

    private Task<GatewayHost> StartAsync(ScriptedUpstream upstream, string route, string providers = "", string more = "") => GatewayHost.StartAsync(
        $"providers:\n  a: {{ kind: openai-compatible, base_url: \"{upstream.Address}v1\", api_key: upstream-secret }}\n{providers}routes:\n  chat: {route}\n{more}", _time);

    private static IEnumerable<TargetHealth> Healths(GatewayHost gateway, string route) =>
        gateway.Application.Snapshots.Current.Routes[route].Targets.Select(target => target.Health!);

    private static TargetHealth Health(GatewayHost gateway, string route) => Healths(gateway, route).First();

    private static async Task ReloadAsync(GatewayHost gateway, string before, string after)
    {
        var text = await File.ReadAllTextAsync(gateway.ConfigurationFile, TestContext.Current.CancellationToken);
        Assert.Contains(before, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(gateway.ConfigurationFile, text.Replace(before, after, StringComparison.Ordinal), TestContext.Current.CancellationToken);
        Assert.True(gateway.Application.Snapshots.Load("test"), string.Join('\n', gateway.Application.Snapshots.Status.Errors));
    }

    private Task AdvanceUntilAsync(Func<bool> condition, string what) => AdvanceUntilAsync(() => Task.FromResult(condition()), what);

    /// <summary>Second by second, so that what happens in one is seen before the next.</summary>
    private async Task AdvanceUntilAsync(Func<Task<bool>> condition, string what) => _ = await Eventually.GetAsync(
        async () =>
        {
            if (await condition())
            {
                return true;
            }

            _time.Advance(TimeSpan.FromSeconds(1));
            return await condition() ? (bool?)true : null;
        },
        what);
}
