using System.Net;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>SIGTERM and reloads under load, as clients on raw connections see them.</summary>
public sealed class GracefulStopTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task SIGTERM_under_load_fails_no_request_that_was_accepted()
    {
        await using var upstream = await StartUpstreamAsync();
        GatewayProcess.Configure(_folder.Path, upstream.Address);
        RawLoad load;
        await using (var gateway = await GatewayProcess.ServeAsync(_folder.Path, []))
        {
            load = new RawLoad(gateway.Address);
            var run = load.RunAsync();
            await load.ReachAsync(200);
            await gateway.SignalAsync("TERM");
            await run;

            Assert.Empty(load.Failed);
            Assert.Equal(RawLoad.Connections, load.Announced + load.Repeatable);
            Assert.Equal(0, await gateway.ExitAsync());
            Assert.Null(await RawHttpConnection.OpenAsync(gateway.Address));
        }

        await AssertAllRecordedAsync(load.Whole);
    }

    [Fact]
    public async Task With_a_drain_delay_no_client_even_meets_a_closed_connection()
    {
        await using var upstream = await StartUpstreamAsync();
        GatewayProcess.Configure(_folder.Path, upstream.Address, "server: { drain_delay: 3s }\n");
        await using var gateway = await GatewayProcess.ServeAsync(_folder.Path, []);
        var load = new RawLoad(gateway.Address);
        // Two more connections after the one that is open at the signal: the gateway goes on accepting.
        var run = load.RunAsync(reopen: 2);
        await load.ReachAsync(200);
        await gateway.SignalAsync("TERM");
        await gateway.LogLineAsync("connections are accepted for another 3 s");
        await AssertNotReadyAsync(gateway);
        await run;

        Assert.False(gateway.HasExited);
        Assert.Empty(load.Failed);
        Assert.Equal(0, load.Repeatable);
        Assert.Equal(3 * RawLoad.Connections, load.Announced);
        Assert.Equal(0, await gateway.ExitAsync());
        Assert.Null(await RawHttpConnection.OpenAsync(gateway.Address));
    }

    [Fact]
    public async Task Twenty_reloads_under_load_fail_no_request()
    {
        await using var upstream = await StartUpstreamAsync();
        WriteVersion(upstream.Address, 0);
        await using var gateway = await GatewayProcess.ServeAsync(_folder.Path, []);
        var before = (await gateway.GetAsync("/api/v1/health")).GetProperty("configuration").GetProperty("revision").GetInt64();
        var load = new RawLoad(gateway.Address, "chat");
        var run = load.RunAsync();

        for (var version = 1; version <= 20; version++)
        {
            await load.ReachAsync(load.Whole + 30);
            WriteVersion(upstream.Address, version);
            // The file is looked at now and then: some of the changes wait for that.
            if (version % 7 != 0)
            {
                await gateway.SignalAsync("HUP");
            }

            await gateway.LogLineAsync($"Configuration revision {before + version} is in force");
        }

        await load.ReachAsync(load.Whole + 30);
        load.End();
        await run;

        Assert.Empty(load.Failed);
        Assert.Equal(0, load.Repeatable);
        Assert.Equal(0, load.Announced);
        Assert.DoesNotContain("not loaded", gateway.AllText, StringComparison.Ordinal);
        var rows = await gateway.AllExchangesAsync();
        Assert.Equal(load.Whole, rows.Count);
        Assert.All(rows, row => Assert.Equal("completed", row.Outcome()));
    }

    /// <summary>Some answers take a few milliseconds, some a tenth of a second and more.</summary>
    private static Task<CountingUpstream> StartUpstreamAsync() => CountingUpstream.StartAsync(number => TimeSpan.FromMilliseconds(3 + (number * 37 % 120)));

    /// <summary>Each differs from the one before in all that exchanges depend on, and every second one is like the one before it.</summary>
    private void WriteVersion(Uri upstream, int version)
    {
        var isOdd = version % 2 == 1;
        string[] strategies = ["fallback", "round_robin", "weighted", "least_latency", "least_busy"];
        File.WriteAllText(Path.Combine(_folder.Path, "gatehouse.yaml"), $$"""
            admin: { token: {{GatewayHost.AdminToken}} }
            keys:
              - { name: test, secret: {{GatewayHost.Key}}, models: [{{(isOdd ? "chat" : "\"*\"")}}] }
              - { name: other-{{version}}, secret: gh_another_key_of_version_{{version}}, models: ["*"] }
            providers:
              mock: { kind: openai-compatible, base_url: "{{upstream}}{{(isOdd ? "other/v1" : "v1")}}", api_key: upstream-secret-{{(isOdd ? 1 : 2)}} }
              second: { kind: openai-compatible, base_url: "{{upstream}}v1", api_key: upstream-secret, timeout: { connect: {{(isOdd ? 4 : 5)}}s, idle: {{10 + version}}s } }
            routes:
              chat: { strategy: {{strategies[version % strategies.Length]}}, targets: [ mock/m, second/m ] }
            """);
    }

    private static async Task AssertNotReadyAsync(GatewayProcess gateway)
    {
        foreach (var client in (HttpClient[])[gateway.Client, gateway.Admin])
        {
            using var ready = await client.GetAsync(new Uri("/readyz", UriKind.Relative), Stop);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
            Assert.Equal("stopping\n", await ready.Content.ReadAsStringAsync(Stop));
            using var alive = await client.GetAsync(new Uri("/healthz", UriKind.Relative), Stop);
            Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        }
    }

    /// <summary>What clients got whole, and nothing but that, stands in the ledger.</summary>
    private async Task AssertAllRecordedAsync(int count)
    {
        await using var again = await GatewayProcess.ServeAsync(_folder.Path, []);
        var rows = await again.AllExchangesAsync();
        Assert.Equal(count, rows.Count);
        Assert.All(rows, row => Assert.Equal("completed", row.Outcome()));
    }
}
