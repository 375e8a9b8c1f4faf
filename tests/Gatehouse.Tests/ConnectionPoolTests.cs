using System.Net;
using System.Runtime.CompilerServices;
using Gatehouse.Tests.Harness;
using Gatehouse.Upstream;

namespace Gatehouse.Tests;

/// <summary>Connections to providers: where a name leads, for how long, and what becomes of those that nobody needs any more.</summary>
public sealed class ConnectionPoolTests
{
    private const string Host = "provider.example";

    private static readonly IPAddress First = IPAddress.Parse("127.0.0.1");
    private static readonly IPAddress Second = IPAddress.Parse("127.0.0.2");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_go_to_the_new_address_when_the_lifetime_of_connections_is_over_and_not_before()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has all of 127.0.0.0/8 on its loopback interface.");
        await using var before = Named("before", First, port: 0);
        await using var after = Named("after", Second, before.Address.Port);
        var address = First;
        using var transport = Create(new ConnectionPoolLimits { Lifetime = TimeSpan.FromMinutes(2) }, () => [address]);
        using var fast = Create(new ConnectionPoolLimits { Lifetime = TimeSpan.FromMilliseconds(100) }, () => [address]);
        Assert.Equal("before", await AskAsync(transport, before));
        Assert.Equal("before", await AskAsync(fast, before));

        address = Second;

        await Eventually.GetAsync(async () => await AskAsync(fast, before) == "after" ? (bool?)true : null, "a call to the new address");
        Assert.Equal("before", await AskAsync(transport, before));
        Assert.Equal(TimeSpan.FromMinutes(2), new ConnectionPoolLimits().Lifetime);
    }

    [Fact]
    public async Task A_call_that_runs_longer_than_the_lifetime_of_its_connection_is_not_disturbed()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new ScriptedUpstream(async (request, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/plain");
            await connection.ChunkAsync("first ");
            if (request.Target == "/slow")
            {
                await goOn.Task.WaitAsync(connection.Stop);
            }

            await connection.ChunkAsync("last");
            await connection.EndChunksAsync();
        });
        using var transport = Create(new ConnectionPoolLimits { Lifetime = TimeSpan.FromMilliseconds(50) }, () => [First]);
        using var slow = await transport.SendAsync(new HttpRequestMessage(HttpMethod.Get, UriOf(upstream, "/slow")), Stop);

        // When others have come to new connections, its own is past its time.
        await Eventually.GetAsync(
            async () =>
            {
                _ = await AskAsync(transport, upstream);
                return upstream.Connections > 3 ? (bool?)true : null;
            },
            "connections to be replaced");
        goOn.SetResult();

        Assert.Equal("first last", await slow.Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    public async Task The_other_addresses_of_a_name_are_tried_when_the_first_refuses()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has all of 127.0.0.0/8 on its loopback interface.");
        await using var upstream = Named("here", Second, port: 0);
        using var transport = Create(new ConnectionPoolLimits(), () => [First, Second]);

        Assert.Equal("here", await AskAsync(transport, upstream));
    }

    [Fact]
    public async Task A_name_without_an_address_is_told_as_one()
    {
        await using var upstream = Named("here", First, port: 0);
        using var transport = Create(new ConnectionPoolLimits(), () => []);

        var exception = await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(transport, upstream));
        Assert.Contains("has no address", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_connections_of_a_transport_that_nobody_knows_any_more_are_closed_and_it_is_gone()
    {
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.RespondAsync(200, "text/plain", "here");
            await connection.UntilPeerClosesAsync();
        });
        var (transport, handler) = await UseOnceAsync(upstream);

        await Eventually.TrueAsync(() => upstream.ClosedByPeer == 1, "the idle connection to be closed");
        await Eventually.TrueAsync(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !transport.IsAlive && !handler.IsAlive;
            },
            "the transport to be collected");
    }

    /// <summary>In a method of its own, so that no local variable holds what the test says is gone.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<(WeakReference Transport, WeakReference Handler)> UseOnceAsync(ScriptedUpstream upstream)
    {
        var resolver = new object();
        var transport = Create(new ConnectionPoolLimits { IdleTimeout = TimeSpan.FromSeconds(1) }, () => resolver is null ? [] : [First]);
        Assert.Equal("here", await AskAsync(transport, upstream));
        // The resolver lives as long as the handler that holds it.
        return (new WeakReference(transport), new WeakReference(resolver));
    }

    private static HttpMessageInvoker Create(ConnectionPoolLimits pool, Func<IPAddress[]> resolve) => Transports.Create(
        new TransportKey("openai-compatible", $"http://{Host}", TimeSpan.FromSeconds(5), ""), [], TimeProvider.System, useProxy: false, pool,
        (host, _) =>
        {
            Assert.Equal(Host, host);
            return Task.FromResult(resolve());
        });

    private static ScriptedUpstream Named(string name, IPAddress address, int port) =>
        new((_, connection) => connection.RespondAsync(200, "text/plain", name), address, port);

    private static Uri UriOf(ScriptedUpstream upstream, string path) => new($"http://{Host}:{upstream.Address.Port}{path}");

    private static async Task<string> AskAsync(HttpMessageInvoker transport, ScriptedUpstream upstream)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, UriOf(upstream, "/"));
        using var response = await transport.SendAsync(request, Stop);
        return await response.Content.ReadAsStringAsync(Stop);
    }
}
