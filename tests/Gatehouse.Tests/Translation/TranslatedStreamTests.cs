using System.Globalization;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Tests.Translation;

/// <summary>A translated stream behaves as a relayed one: prompt, abortable, and never whole before the ledger knows of it.</summary>
public sealed class TranslatedStreamTests
{
    /// <summary>For each client a provider of another dialect, and after how many of its frames the caller must have seen "Hel".</summary>
    public static TheoryData<string, string> Pairs => new()
    {
        { "chat", "claude/m" }, { "chat", "gemini/m" }, { "responses", "chat/m" }, { "anthropic", "chat/m" }, { "anthropic", "gemini/m" }, { "gemini", "claude/m" }, { "gemini", "chat/m" },
        { "anthropic", "ollama/m" },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_frame_goes_out_when_it_comes_in_and_a_client_that_leaves_frees_the_provider(string client, string target)
    {
        await using var mock = Silent(target, out _);
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var caller = new Caller(client);
        using (var response = await caller.AskAsync(gateway, target, isStream: true, completion: HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Contains("Hel", await UntilAsync(response, "Hel"), StringComparison.Ordinal);
        }

        await Eventually.TrueAsync(() => mock.Upstream.ClosedByPeer == 1, "the provider's connection to be closed");
        var row = await gateway.ExchangeAsync(row => row.GetProperty("target").GetString() == target);
        Assert.Equal(("cancelled", 499), (row.Outcome(), row.GetProperty("status").GetInt32()));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Silence_in_the_middle_ends_with_an_error_event_of_the_callers_dialect(string client, string target)
    {
        var time = new ManualTime();
        await using var mock = Silent(target, out _);
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + "timeout: { idle: 20s }\n", time);
        using var response = await new Caller(client).AskAsync(gateway, target, isStream: true, completion: HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var text = await UntilAsync(body, "Hel");

        using var reader = new StreamReader(body);
        text += await time.AdvanceUntilAsync(reader.ReadToEndAsync(TestContext.Current.CancellationToken), TimeSpan.FromSeconds(20));

        AssertEndsInError(client, text, "upstream_timeout");
        Assert.Equal(("truncated", "upstream_timeout"), ((await gateway.ExchangeAsync(response)).Outcome(), (await gateway.ExchangeAsync(response)).ErrorCode()));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_provider_that_breaks_off_is_no_proper_end(string client, string target)
    {
        await using var mock = Silent(target, out var goOn);
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        using var response = await new Caller(client).AskAsync(gateway, target, isStream: true, completion: HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var text = await UntilAsync(body, "Hel");

        goOn("reset");
        using var reader = new StreamReader(body);
        text += await reader.ReadToEndAsync(TestContext.Current.CancellationToken);

        AssertEndsInError(client, text, "upstream_error");
        Assert.Equal("truncated", (await gateway.ExchangeAsync(response)).Outcome());
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    [InlineData("gemini", "gemini/m")]
    public async Task The_end_of_a_stream_waits_for_the_ledger_and_does_not_come_when_it_cannot_be_written(string client, string target)
    {
        using var folder = new TemporaryFolder();
        await using var mock = Silent(target, out var goOn);
        await using var gateway = await GatewayHost.StartAsync(mock.Providers, folder: folder);
        using var response = await new Caller(client).AskAsync(gateway, target, isStream: true, completion: HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var text = await UntilAsync(body, "Hel");
        // The table is gone: no row can be written.
        await RunAsync(folder, "ALTER TABLE exchanges RENAME TO exchanges_away");

        goOn("end");
        using var reader = new StreamReader(body);
        text += await reader.ReadToEndAsync(TestContext.Current.CancellationToken);

        await RunAsync(folder, "ALTER TABLE exchanges_away RENAME TO exchanges");
        AssertEndsInError(client, text, "overloaded");
    }

    [Theory]
    [InlineData("chat", "claude/m")]
    [InlineData("anthropic", "chat/m")]
    [InlineData("responses", "gemini/m")]
    [InlineData("gemini", "chat/m")]
    public async Task Many_idle_streams_can_be_open_at_once(string client, string target)
    {
        const int Count = 50;
        await using var mock = Silent(target, out var goOn);
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var caller = new Caller(client);
        var responses = new List<HttpResponseMessage>();
        for (var i = 0; i < Count; i++)
        {
            responses.Add(await caller.AskAsync(gateway, target, isStream: true, completion: HttpCompletionOption.ResponseHeadersRead));
        }

        Assert.Equal(Count, await gateway.InFlightAsync());
        goOn("end");
        foreach (var response in responses)
        {
            Assert.Equal("Hello", caller.StreamedText(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
            response.Dispose();
        }
    }

    [Fact]
    public async Task An_error_that_comes_first_keeps_its_status()
    {
        await using var mock = new ProviderMock(async (_, connection) =>
        {
            await ProviderMock.StreamAsync(connection, "text/event-stream", ["event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n"]);
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await new Caller("chat").AskAsync(gateway, "claude/m", isStream: true);

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode is 503 or 529, text);
        Assert.Equal("busy", JsonElement.Parse(text).GetProperty("error").GetProperty("message").GetString());
        Assert.Equal("failed", (await gateway.ExchangeAsync(response)).Outcome());
    }

    [Theory]
    [InlineData("chat", "claude/m")]
    [InlineData("anthropic", "gemini/m")]
    public async Task A_provider_that_answers_whole_where_a_stream_was_asked_for_is_streamed_all_the_same(string client, string target)
    {
        await using var mock = new ProviderMock(async (_, connection) =>
        {
            await connection.RespondAsync(200, "application/json", target == "claude/m" ? ProviderMock.Anthropic : ProviderMock.Gemini);
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var caller = new Caller(client);

        using var response = await caller.AskAsync(gateway, target, isStream: true);

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("Hello", caller.StreamedText(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }

    private static void AssertEndsInError(string client, string text, string code)
    {
        var frames = Caller.Frames(text);
        var last = JsonElement.Parse(frames[^1]);
        switch (client)
        {
            case "responses":
                Assert.Equal("response.failed", last.GetProperty("type").GetString());
                Assert.Contains(code, frames[^1], StringComparison.Ordinal);
                break;
            default:
                _ = new Caller(client).ErrorIn(frames[^1], code switch { "upstream_timeout" => 504, "overloaded" => 503, _ => 502 }, code);
                break;
        }

        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", text, StringComparison.Ordinal);
        Assert.DoesNotContain("response.completed", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"finishReason\":\"STOP\"", text, StringComparison.Ordinal);
    }

    /// <summary>A provider that sends the first half of "Hello", and then waits for a word: "end" or "reset".</summary>
    private static ProviderMock Silent(string target, out Action<string> goOn)
    {
        var word = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        goOn = word.SetResult;
        return new ProviderMock(async (request, connection) =>
        {
            var (frames, half, type) = target.Split('/')[0] switch
            {
                "claude" => (ProviderMock.AnthropicFrames, 3, "text/event-stream"),
                "gemini" => (ProviderMock.GeminiFrames, 1, "text/event-stream"),
                "ollama" => (ProviderMock.OllamaLines, 1, "application/x-ndjson"),
                _ => (ProviderMock.ChatFrames, 1, "text/event-stream"),
            };
            await connection.StartChunkedAsync(200, type);
            foreach (var frame in frames[..half])
            {
                await connection.ChunkAsync(frame);
            }

            var left = connection.UntilPeerClosesAsync();
            var told = await Task.WhenAny(word.Task, left);
            if (told == left)
            {
                return true;
            }

            if (await word.Task == "reset")
            {
                connection.Reset();
                return true;
            }

            foreach (var frame in frames[half..])
            {
                await connection.ChunkAsync(frame);
            }

            await connection.EndChunksAsync();
            await left;
            return true;
        });
    }

    private static async Task<string> UntilAsync(HttpResponseMessage response, string text) =>
        await UntilAsync(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken), text);

    private static async Task<string> UntilAsync(Stream body, string text)
    {
        var buffer = new byte[4096];
        var all = new StringBuilder();
        while (!all.ToString().Contains(text, StringComparison.Ordinal))
        {
            var count = await body.ReadAsync(buffer, TestContext.Current.CancellationToken);
            Assert.True(count > 0, $"The stream ended: {all}");
            _ = all.Append(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetString(buffer, 0, count)}");
        }

        return all.ToString();
    }

    private static async Task RunAsync(TemporaryFolder folder, string sql)
    {
        var file = Directory.EnumerateFiles(folder.Path, "*.db", SearchOption.AllDirectories).Single();
        await using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Texts of these tests.
        command.CommandText = "PRAGMA busy_timeout = 10000; " + sql;
#pragma warning restore CA2100
        _ = await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
