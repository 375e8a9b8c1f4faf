using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Gatehouse.Catalog;
using Gatehouse.Configuration;
using Gatehouse.Identity;
using Gatehouse.Limits;
using Gatehouse.Storage;
using Gatehouse.Tests.Harness;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Tests;

/// <summary>A changed configuration takes over without harm to what runs.</summary>
public sealed class ReloadTests
{
    private const string Answer = """{"id":"x","choices":[{"index":0,"finish_reason":"stop"}]}""";

    [Fact]
    public async Task A_good_file_replaces_what_runs_within_a_second_of_the_clock()
    {
        var time = new ManualTime();
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address), time);

        Rewrite(gateway, text => text + "routes: { chat: { targets: [mock/m] } }\n");
        time.Advance(TimeSpan.FromSeconds(1));

        using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"chat"}""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_file_that_is_just_being_written_is_not_read_before_it_is_left_alone()
    {
        var time = new ManualTime();
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address), time);
        var before = gateway.Application.Snapshots.Current.Revision;
        var whole = await File.ReadAllTextAsync(gateway.ConfigurationFile, TestContext.Current.CancellationToken);

        // Valid, but without a key.
        Rewrite(gateway, _ => "");
        time.Advance(TimeSpan.FromMilliseconds(500));
        Rewrite(gateway, _ => whole + "routes: { chat: { targets: [mock/m] } }\n");
        time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(before, gateway.Application.Snapshots.Current.Revision);
        time.Advance(TimeSpan.FromMilliseconds(500));

        Assert.Equal(before + 1, gateway.Application.Snapshots.Current.Revision);
        using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"chat"}""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_bad_file_keeps_what_runs_and_says_why_in_the_log_the_probe_and_the_admin_API()
    {
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        var revision = gateway.Application.Snapshots.Current.Revision;

        Rewrite(gateway, text => text + "routs: {}\n");
        Assert.False(gateway.Application.Snapshots.Load("test"));

        const string Why = "unknown key 'routs'; did you mean 'routes'?";
        Assert.Contains(Why, gateway.Logs.Text, StringComparison.Ordinal);
        var health = await GetAsync(gateway, "/api/v1/health");
        Assert.Equal("degraded", health.GetProperty("status").GetString());
        Assert.Equal(revision, health.GetProperty("configuration").GetProperty("revision").GetInt64());
        Assert.Contains(Why, Assert.Single(health.GetProperty("configuration").GetProperty("errors").EnumerateArray()).GetString()!, StringComparison.Ordinal);
        using var ready = await gateway.Client.GetAsync(new Uri("/readyz", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        var text = await ready.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains($"revision {revision}", text, StringComparison.Ordinal);
        Assert.Contains("not loaded", text, StringComparison.Ordinal);
        using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"mock/m"}""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        Rewrite(gateway, text => text.Replace("routs: {}\n", "", StringComparison.Ordinal));
        Assert.True(gateway.Application.Snapshots.Load("test"));
        Assert.Equal("ok", (await GetAsync(gateway, "/api/v1/health")).GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("0s", "must be longer than zero (timeout.connect")]
    [InlineData("5000h", "must be at most 24d (timeout.connect")]
    public async Task A_value_out_of_range_is_a_mistake_to_the_timer_that_loads_it_too(string connect, string message)
    {
        var time = new ManualTime();
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address), time);

        Rewrite(gateway, text => text + $"timeout: {{ connect: {connect} }}\n");
        // An exception of the timer would come out here.
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Contains(message, Assert.Single(gateway.Application.Snapshots.Status.Errors), StringComparison.Ordinal);
        using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"mock/m"}""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public void An_unexpected_failure_of_a_reload_changes_nothing_and_is_logged()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "gatehouse.yaml");
        File.WriteAllText(file, "providers: { sandbox: { models: [\"${ID}\"] } }\n");
        using var database = Database.Open($"sqlite:{Path.Combine(folder.Path, "gatehouse.db")}", TimeProvider.System);
        using var logs = new LogCapture();
        using var logging = LoggerFactory.Create(builder => builder.AddProvider(logs));
        var isBroken = false;
        var snapshots = new SnapshotSource(
            new ConfigurationLoader(new StartOptions(file), _ => isBroken ? throw new InvalidOperationException("nobody thought of this") : "a"),
            new RevisionStore(database, TimeProvider.System), new PriceRevisionStore(database, TimeProvider.System), new KeyStore(database, TimeProvider.System), new LimitStore(database, TimeProvider.System),
            TimeProvider.System, new Random(1), logging.CreateLogger<SnapshotSource>());
        Assert.True(snapshots.Load("start"));
        var before = snapshots.Current;

        isBroken = true;
        Assert.False(snapshots.Load("test"));

        Assert.Same(before, snapshots.Current);
        Assert.Equal(["unexpected failure: nobody thought of this"], snapshots.Status.Errors);
        Assert.Contains("nobody thought of this", logs.Text, StringComparison.Ordinal);
        isBroken = false;
        Assert.True(snapshots.Load("test"));
        Assert.Empty(snapshots.Status.Errors);
    }

    [Fact]
    public async Task An_exchange_in_flight_lives_by_its_snapshot_to_its_end()
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            arrived.SetResult();
            await goOn.Task.WaitAsync(connection.Stop);
            await connection.RespondAsync(200, "application/json", Answer);
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        var before = gateway.Application.Snapshots.Current.Revision;

        var call = gateway.PostAsync("/v1/chat/completions", """{"model":"mock/m"}""");
        await arrived.Task.WaitAsync(TestContext.Current.CancellationToken);
        // Provider and key are gone for exchanges that begin now.
        Rewrite(gateway, _ => $"providers: {{ sandbox: {{}} }}\nadmin: {{ token: {GatewayHost.AdminToken} }}\n");
        Assert.True(gateway.Application.Snapshots.Load("test"));
        using var late = await gateway.PostAsync("/v1/chat/completions", """{"model":"mock/m"}""");
        Assert.Equal(HttpStatusCode.Unauthorized, late.StatusCode);
        goOn.SetResult();

        using var response = await call;
        Assert.Equal(Answer, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(before, (await gateway.ExchangeAsync(response)).GetProperty("revision").GetInt64());
        Assert.Equal(before + 1, gateway.Application.Snapshots.Current.Revision);
    }

    [Fact]
    public async Task A_provider_that_did_not_change_keeps_its_connections()
    {
        var connections = new System.Collections.Concurrent.ConcurrentDictionary<UpstreamConnection, int>();
        await using var upstream = new ScriptedUpstream((_, connection) =>
        {
            connections.AddOrUpdate(connection, 1, (_, count) => count + 1);
            return connection.RespondAsync(200, "application/json", Answer);
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, "timeout: { idle: 10s }\n"));

        (await gateway.PostAsync("/v1/chat/completions", """{"model":"mock/m"}""")).Dispose();
        Rewrite(gateway, text => text.Replace("idle: 10s", "idle: 11s", StringComparison.Ordinal));
        Assert.True(gateway.Application.Snapshots.Load("test"));
        (await gateway.PostAsync("/v1/chat/completions", """{"model":"mock/m"}""")).Dispose();

        Assert.Equal([2], connections.Values);
    }

    [Fact]
    public async Task What_a_reload_replaced_is_not_kept_by_what_came_after_it()
    {
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(new Uri("http://127.0.0.1:1"), "routes: { chat: { targets: [mock/m] } }\n"));
        List<WeakReference> replaced = [];
        for (var version = 0; version < 3; version++)
        {
            replaced.AddRange(PartsOf(gateway));
            var path = $"version{version}/v1";
            Rewrite(gateway, text => text.Replace("/v1\"", $"/{path}\"", StringComparison.Ordinal));
            Assert.True(gateway.Application.Snapshots.Load("test"));
        }

        await Eventually.TrueAsync(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return replaced.TrueForAll(part => !part.IsAlive);
            },
            "snapshots and transports to be collected");
    }

    [Fact]
    public async Task Revisions_count_up_and_an_equal_configuration_keeps_its_number_over_a_restart()
    {
        using var folder = new TemporaryFolder();
        var secret = Path.Combine(folder.Path, "secret");
        await File.WriteAllTextAsync(secret, "one", TestContext.Current.CancellationToken);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["ID"] = "a" };
        var yaml = $"providers: {{ openai: {{ api_key: \"${{file:{secret}}}\", models: [\"${{ID}}\"] }} }}\n";
        await using (var gateway = await GatewayHost.StartAsync(yaml, folder: folder, environment: environment))
        {
            var snapshots = gateway.Application.Snapshots;
            Assert.Equal(1, snapshots.Current.Revision);
            Assert.True(snapshots.Load("nothing changed"));
            Assert.Equal(1, snapshots.Current.Revision);

            environment["ID"] = "b";
            Assert.True(snapshots.Load("a variable changed"));
            Assert.Equal(2, snapshots.Current.Revision);

            await File.WriteAllTextAsync(secret, "two", TestContext.Current.CancellationToken);
            Assert.True(snapshots.Load("a file of a secret changed"));
            Assert.Equal(3, snapshots.Current.Revision);

            _ = gateway.Application.Keys.Create(new Gatehouse.Identity.NewKey("new", ["*"]));
            Assert.Equal(4, snapshots.Current.Revision);
        }

        await using var again = await GatewayHost.StartAsync(yaml, folder: folder, environment: environment);
        Assert.Equal(4, again.Application.Snapshots.Current.Revision);
    }

    [Fact]
    public async Task Keys_that_take_effect_at_the_next_start_are_named()
    {
        await using var gateway = await GatewayHost.StartAsync("providers: { sandbox: {} }\n");

        Rewrite(gateway, text => text + "ledger: { queue_limit: 5 }\nserver: { keep_alive: 5s }\n");
        Assert.True(gateway.Application.Snapshots.Load("test"));

        Assert.Contains("Changes of these keys take effect at the next start: ledger, server.", gateway.Logs.Text, StringComparison.Ordinal);
    }

    /// <summary>In a method of its own, so that no local variable holds what the test says is gone.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference[] PartsOf(GatewayHost gateway)
    {
        var snapshot = gateway.Application.Snapshots.Current;
        return [new WeakReference(snapshot), new WeakReference(snapshot.Providers["mock"]), new WeakReference(snapshot.Providers["mock"].Transport)];
    }

    private static void Rewrite(GatewayHost gateway, Func<string, string> change) =>
        File.WriteAllText(gateway.ConfigurationFile, change(File.ReadAllText(gateway.ConfigurationFile)));

    private static async Task<JsonElement> GetAsync(GatewayHost gateway, string path)
    {
        await using var stream = await gateway.Admin.GetStreamAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        using var document = await JsonDocument.ParseAsync(stream, cancellationToken: TestContext.Current.CancellationToken);
        return document.RootElement.Clone();
    }
}
