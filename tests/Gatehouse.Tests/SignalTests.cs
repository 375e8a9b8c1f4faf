using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>How the running program takes SIGTERM, SIGHUP and a changed file.</summary>
public sealed class SignalTests : IDisposable
{
    private const string Chunk = """data: {"id":"a","choices":[{"index":0,"delta":{"content":"w"},"finish_reason":null}]}""" + "\n\n";
    private const string Last = """data: {"id":"a","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\ndata: [DONE]\n\n";

    private readonly TemporaryFolder _folder = new();
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task SIGTERM_lets_an_exchange_in_flight_finish()
    {
        await using var upstream = HalfAStream();
        GatewayProcess.Configure(_folder.Path, upstream.Address);
        await using (var gateway = await GatewayProcess.ServeAsync(_folder.Path, []))
        {
            using var response = await StreamAsync(gateway);
            await gateway.SignalAsync("TERM");
            await RefusesConnectionsAsync(gateway);
            Assert.False(gateway.HasExited);

            _goOn.SetResult();

            Assert.Equal(Chunk + Last, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            Assert.Equal(0, await gateway.ExitAsync());
        }

        await using var again = await GatewayProcess.ServeAsync(_folder.Path, []);
        Assert.Equal("completed", Assert.Single(await again.AllExchangesAsync()).GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task A_stream_that_does_not_finish_in_time_ends_with_an_error_event_and_is_recorded_so()
    {
        await using var upstream = HalfAStream();
        GatewayProcess.Configure(_folder.Path, upstream.Address, "server: { shutdown_timeout: 200ms }\n");
        string text;
        await using (var gateway = await GatewayProcess.ServeAsync(_folder.Path, []))
        {
            using var response = await StreamAsync(gateway);
            await gateway.SignalAsync("TERM");

            text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, await gateway.ExitAsync());
        }

        Assert.StartsWith(Chunk + "data: ", text, StringComparison.Ordinal);
        _ = GatewayAnswers.ErrorIn(text[(Chunk.Length + "data: ".Length)..], "gateway_stopping");
        await using var again = await GatewayProcess.ServeAsync(_folder.Path, []);
        var row = Assert.Single(await again.AllExchangesAsync());
        Assert.Equal("truncated", row.Outcome());
        Assert.Equal("gateway_stopping", row.ErrorCode());
    }

    [Fact]
    public async Task An_answer_that_has_not_begun_in_time_is_a_503_and_nobody_is_blamed()
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        GatewayProcess.Configure(_folder.Path, upstream.Address, "server: { shutdown_timeout: 200ms }\nroutes: { chat: { targets: [mock/m, mock/other] } }\n");
        await using (var gateway = await GatewayProcess.ServeAsync(_folder.Path, []))
        {
            var asked = AskAsync(gateway, "chat", isStream: false);
            await Eventually.TrueAsync(() => upstream.Requests.Count == 1, "the request");
            await gateway.SignalAsync("TERM");

            using var response = await asked;
            _ = await response.ShouldFailAsync(HttpStatusCode.ServiceUnavailable, "gateway_stopping");
            Assert.True(response.Headers.ConnectionClose);
            Assert.Equal(0, await gateway.ExitAsync());
        }

        await using var again = await GatewayProcess.ServeAsync(_folder.Path, []);
        var row = Assert.Single(await again.AllExchangesAsync());
        Assert.Equal("failed", row.Outcome());
        Assert.Equal("interrupted", Assert.Single(row.GetProperty("attempts").EnumerateArray()).GetProperty("kind").GetString());
    }

    [Fact]
    public async Task SIGHUP_reads_the_configuration_again_and_a_bad_file_changes_nothing()
    {
        await using var upstream = ScriptedUpstream.Json("""{"id":"x","choices":[]}""");
        GatewayProcess.Configure(_folder.Path, upstream.Address);
        await using var gateway = await GatewayProcess.ServeAsync(_folder.Path, []);
        var before = await RevisionAsync(gateway);

        GatewayProcess.Configure(_folder.Path, upstream.Address, "routes: { added: { targets: [mock/m] } }\n");
        await gateway.SignalAsync("HUP");
        await gateway.LogLineAsync($"Configuration revision {before + 1} is in force");
        Assert.Equal("added", Assert.Single((await gateway.GetAsync("/api/v1/routes")).GetProperty("data").EnumerateArray()).GetProperty("name").GetString());

        GatewayProcess.Configure(_folder.Path, upstream.Address, "routes: { added: { targets: [nobody/m] } }\n");
        await gateway.SignalAsync("HUP");
        await gateway.LogLineAsync("there is no provider 'nobody'");
        Assert.Equal(before + 1, await RevisionAsync(gateway));
        using var answer = await AskAsync(gateway, "added", isStream: false);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task A_changed_file_is_loaded_and_one_that_vanishes_changes_nothing()
    {
        await using var upstream = ScriptedUpstream.Json("""{"id":"x","choices":[]}""");
        GatewayProcess.Configure(_folder.Path, upstream.Address);
        await using var gateway = await GatewayProcess.ServeAsync(_folder.Path, []);
        var before = await RevisionAsync(gateway);

        GatewayProcess.Configure(_folder.Path, upstream.Address, "routes: { added: { targets: [mock/m] } }\n");
        await gateway.LogLineAsync($"Configuration revision {before + 1} is in force (file changed)");

        File.Delete(Path.Combine(_folder.Path, "gatehouse.yaml"));
        await gateway.LogLineAsync("cannot read the configuration");
        using var answer = await AskAsync(gateway, "added", isStream: false);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        GatewayProcess.Configure(_folder.Path, upstream.Address, "routes: { other: { targets: [mock/m] } }\n");
        await gateway.LogLineAsync($"Configuration revision {before + 2} is in force (file changed)");
    }

    /// <summary>Sends one frame, and the rest when the test says so.</summary>
    private ScriptedUpstream HalfAStream() => new(async (_, connection) =>
    {
        await connection.StartChunkedAsync(200, "text/event-stream");
        await connection.ChunkAsync(Chunk);
        await _goOn.Task.WaitAsync(connection.Stop);
        await connection.ChunkAsync(Last);
        await connection.EndChunksAsync();
    });

    /// <returns>An answer of which the first frame has arrived.</returns>
    private static async Task<HttpResponseMessage> StreamAsync(GatewayProcess gateway)
    {
        var response = await AskAsync(gateway, "mock/m", isStream: true);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response;
    }

    private static async Task<HttpResponseMessage> AskAsync(GatewayProcess gateway, string model, bool isStream)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(JsonSerializer.Serialize(new { model, stream = isStream, messages = Array.Empty<object>() }), Encoding.UTF8, "application/json"),
        };
        return await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    private static async Task<long> RevisionAsync(GatewayProcess gateway) =>
        (await gateway.GetAsync("/api/v1/health")).GetProperty("configuration").GetProperty("revision").GetInt64();

    private static async Task RefusesConnectionsAsync(GatewayProcess gateway) => await Eventually.GetAsync(
        async () =>
        {
            using var socket = new System.Net.Sockets.TcpClient();
            try
            {
                await socket.ConnectAsync(gateway.Address.Host, gateway.Address.Port, TestContext.Current.CancellationToken);
                return default(bool?);
            }
            catch (System.Net.Sockets.SocketException)
            {
                return true;
            }
        },
        "the listener to be closed");
}
