using System.Text;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>The client leaves: the provider is told at once, and what was delivered is in the ledger.</summary>
public sealed class CancellationTests
{
    private const string Frame = """data: {"choices":[{"index":0,"delta":{"content":"12345678"},"finish_reason":null}]}""" + "\n\n";

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_of_a_stream_ends_the_call_to_the_provider()
    {
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(Frame + Frame);
            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        await using (var client = await StreamClient.OpenAsync(gateway))
        {
            _ = await client.NextAsync();
            _ = await client.NextAsync();
        }

        await Eventually.TrueAsync(() => upstream.ClosedByPeer == 1, "the end of the provider's connection");
        var row = await gateway.ExchangeAsync(_ => true);
        Assert.Equal(("cancelled", 499), (row.Outcome(), row.GetProperty("status").GetInt32()));
        var delivered = row.GetProperty("delivered");
        Assert.Equal(2 * Frame.Length, delivered.GetProperty("bytes").GetInt64());
        Assert.Equal(16, delivered.GetProperty("text_bytes").GetInt64());
        Assert.Equal(4, delivered.GetProperty("estimated_output_tokens").GetInt64());
        Assert.Equal("mock/gpt", row.GetProperty("target").GetString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_leaves_before_the_first_byte_ends_the_call_to_the_provider(bool reset)
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        await using var client = await RawClient.ConnectAsync(gateway);
        await client.SendAsync(Head(GatewayAnswers.Chat.Length) + GatewayAnswers.Chat);
        await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the provider's request");

        await LeaveAsync(client, reset);

        await Eventually.TrueAsync(() => upstream.ClosedByPeer == 1, "the end of the provider's connection");
        var row = await gateway.ExchangeAsync(_ => true);
        Assert.Equal(("cancelled", 499, 0L), (row.Outcome(), row.GetProperty("status").GetInt32(), row.GetProperty("delivered").GetProperty("bytes").GetInt64()));
        Assert.DoesNotContain(gateway.Logs.Entries, entry => entry.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_leaves_while_it_sends_its_request_is_recorded_and_nothing_is_sent(bool reset)
    {
        await using var upstream = ScriptedUpstream.Json("{}");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        await using var client = await RawClient.ConnectAsync(gateway);
        await client.SendAsync(Head(100_000) + "{\"model\":\"mock/gpt\",\"x\":\"");
        _ = await Eventually.GetAsync(async () => await gateway.InFlightAsync() is { } count and > 0 ? (int?)count : null, "the request to begin");

        await LeaveAsync(client, reset);

        var row = await gateway.ExchangeAsync(_ => true);
        Assert.Equal(("cancelled", 499), (row.Outcome(), row.GetProperty("status").GetInt32()));
        Assert.Equal(0, row.GetProperty("attempts").GetArrayLength());
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task A_client_that_leaves_during_a_relayed_upload_ends_the_call_to_the_provider()
    {
        await using var upstream = new ScriptedUpstream((_, _) => throw new InvalidOperationException("The request is never whole."));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        await using var client = await RawClient.ConnectAsync(gateway);
        await client.SendAsync(Head(100_000, "/v1/files", "application/octet-stream", "x-gatehouse-provider: mock\r\n") + new string('x', 50_000));
        await Eventually.TrueAsync(() => upstream.Connections == 1, "the provider's connection");

        client.Reset();

        Assert.Equal("cancelled", (await gateway.ExchangeAsync(_ => true)).Outcome());
        Assert.Empty(upstream.Requests);
        Assert.DoesNotContain(gateway.Logs.Entries, entry => entry.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    [Fact]
    public async Task A_client_that_does_not_read_makes_the_provider_wait()
    {
        // Far more than all buffers between the two together.
        const long Offered = 256L * 1024 * 1024;
        long pushed = 0;
        using var blocked = new SemaphoreSlim(0);
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            var chunk = Encoding.UTF8.GetBytes("data: " + new string('a', 64 * 1024) + "\n\n");
            while (Interlocked.Read(ref pushed) < Offered)
            {
                await connection.ChunkAsync(chunk);
                Interlocked.Add(ref pushed, chunk.Length);
            }
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        await using var client = await RawClient.ConnectAsync(gateway);
        await client.SendAsync(Head(GatewayAnswers.StreamedChat.Length) + GatewayAnswers.StreamedChat);

        await QuietAsync(() => Interlocked.Read(ref pushed));
        Assert.InRange(Interlocked.Read(ref pushed), 1, 64L * 1024 * 1024);

        // It was the client alone that held it up: as soon as it reads, the provider can go on.
        var before = Interlocked.Read(ref pushed);
        await Eventually.TrueAsync(() => client.ReadSomeAsync().GetAwaiter().GetResult().Length > 0 && Interlocked.Read(ref pushed) > before, "the provider to go on");
        client.Reset();
        Assert.Equal("cancelled", (await gateway.ExchangeAsync(_ => true)).Outcome());
    }

    /// <summary>Returns when a number has grown, and then has stayed the same for a good while.</summary>
    private static async Task QuietAsync(Func<long> read)
    {
        var (last, same) = (0L, 0);
        await Eventually.TrueAsync(() =>
        {
            var now = read();
            same = now > 0 && now == last ? same + 1 : 0;
            last = now;
            return same > 60;
        }, "the provider to be held up");
    }

    private static async Task LeaveAsync(RawClient client, bool reset)
    {
        if (reset)
        {
            client.Reset();
            return;
        }

        await client.DisposeAsync();
    }

    private static string Head(int length, string path = "/v1/chat/completions", string type = "application/json", string more = "") =>
        $"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {GatewayHost.Key}\r\ncontent-type: {type}\r\ncontent-length: {length}\r\n{more}\r\n";
}
