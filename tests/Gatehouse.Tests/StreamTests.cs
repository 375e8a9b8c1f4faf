using System.Globalization;
using System.Text;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>Event streams: frame by frame, byte for byte, and never a clean end for a broken one.</summary>
public sealed class StreamTests
{
    private const string Stop = """data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n";
    private const string Usage = """data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}""" + "\n\n";
    private const string Done = "data: [DONE]\n\n";

    private static readonly string[] Forms =
    [
        Frame(0) + Stop + Done,
        (": ping\n\n" + Frame(0) + Stop + Done).ReplaceLineEndings("\r\n"),
        (Frame(0) + Stop + Done).Replace('\n', '\r'),
        "event: x\nid: 1\nretry: 5\ndata: {\"choices\":[{\"delta\":\ndata: {\"content\":\"h\u00e9 \ud83d\ude00\"}}]}\n\n" + Stop + Done,
        "\ufeff" + Frame(0) + "\n\n\ndata\n\n" + Stop + Done,
    ];

    private static readonly int[] Sizes = [1, 2, 3, 7];

    [Fact]
    public async Task Each_frame_reaches_the_client_before_the_provider_sends_the_next()
    {
        using var seen = new SemaphoreSlim(0);
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            for (var i = 0; i < 5; i++)
            {
                await connection.ChunkAsync(Frame(i));
                await seen.WaitAsync(connection.Stop);
            }

            await connection.ChunkAsync(Stop + Done);
            await connection.EndChunksAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        await using var client = await StreamClient.OpenAsync(gateway);

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(Frame(i).TrimEnd(), await client.NextAsync());
            _ = seen.Release();
        }

        Assert.Equal(Stop.TrimEnd(), await client.NextAsync());
        Assert.Equal("data: [DONE]", await client.NextAsync());
        Assert.Null(await client.NextAsync());
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(5, true)]
    [InlineData(1, false)]
    [InlineData(5, false)]
    public async Task A_stream_cut_after_some_frames_ends_in_an_error_event(int frames, bool reset)
    {
        using var seen = new SemaphoreSlim(0);
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            // A comment is a frame, too: it goes out with the first content.
            await connection.ChunkAsync(": begin\n\n" + string.Concat(Enumerable.Range(0, frames).Select(Frame)));
            await seen.WaitAsync(connection.Stop);
            if (reset)
            {
                connection.Reset();
                return;
            }

            await connection.EndChunksAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        await using var client = await StreamClient.OpenAsync(gateway);
        Assert.Equal(": begin", await client.NextAsync());
        for (var i = 0; i < frames; i++)
        {
            Assert.Equal(Frame(i).TrimEnd(), await client.NextAsync());
        }

        _ = seen.Release();

        var error = await client.ShouldEndInErrorAsync("upstream_error");
        Assert.Contains("mock/gpt", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        var row = await gateway.ExchangeAsync(client.Response);
        Assert.Equal(("truncated", "upstream_error", 200), (row.Outcome(), row.ErrorCode(), row.GetProperty("status").GetInt32()));
        Assert.True(row.GetProperty("stream").GetBoolean());
        Assert.Equal(frames * "word 0".Length, row.GetProperty("delivered").GetProperty("text_bytes").GetInt64());
    }

    [Theory]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}")]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"")]
    [InlineData("data: ")]
    [InlineData("da")]
    public async Task Half_a_frame_at_the_end_is_a_broken_stream_and_is_not_passed_on(string half)
    {
        await using var upstream = ScriptedUpstream.Stream(Frame(0), half);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        await using var client = await StreamClient.OpenAsync(gateway);

        Assert.Equal(Frame(0).TrimEnd(), await client.NextAsync());
        _ = await client.ShouldEndInErrorAsync("upstream_error");
        Assert.Equal("truncated", (await gateway.ExchangeAsync(client.Response)).Outcome());
    }

    [Theory]
    [InlineData("data: [DONE]")]
    [InlineData("data: [DONE]\n")]
    [InlineData("data:[DONE]\r\n")]
    [InlineData("")]
    public async Task A_stream_that_said_all_it_had_to_say_is_whole_without_its_last_line_break(string end)
    {
        await using var upstream = ScriptedUpstream.Stream(Frame(0), Stop, end);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.StreamedChat);

        Assert.Equal(Frame(0) + Stop + end, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("completed", (await gateway.ExchangeAsync(response)).Outcome());
    }

    public static IEnumerable<TheoryDataRow<string, int>> Splits =>
        from text in Forms
        from size in Sizes
        select new TheoryDataRow<string, int>(text, size);

    [Theory]
    [MemberData(nameof(Splits))]
    public async Task Frames_of_any_form_in_pieces_of_any_size_arrive_byte_for_byte(string text, int size)
    {
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream; charset=utf-8");
            foreach (var piece in Encoding.UTF8.GetBytes(text).Chunk(size))
            {
                await connection.ChunkAsync(piece);
            }

            await connection.EndChunksAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.StreamedChat);

        Assert.Equal(Encoding.UTF8.GetBytes(text), await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("completed", "stop"), (row.Outcome(), row.GetProperty("finish_reason").GetString()));
    }

    [Fact]
    public async Task A_frame_longer_than_allowed_ends_the_stream_in_an_error_event()
    {
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(Frame(0));
            await connection.ChunkAsync("data: " + new string('a', 20_000));
            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, "server: { max_stream_frame: 16KiB }\n"));

        await using var client = await StreamClient.OpenAsync(gateway);

        Assert.Equal(Frame(0).TrimEnd(), await client.NextAsync());
        _ = await client.ShouldEndInErrorAsync("upstream_invalid_response");
        Assert.Equal(("truncated", "upstream_invalid_response"), (await gateway.ExchangeAsync(client.Response)) is var row ? (row.Outcome(), row.ErrorCode()) : default);
        await Eventually.TrueAsync(() => upstream.ClosedByPeer == 1, "the end of the provider's connection");
    }

    [Fact]
    public async Task A_frame_just_as_long_as_allowed_passes()
    {
        var frame = "data: " + new string('a', (16 * 1024) - 8) + "\n\n";
        await using var upstream = ScriptedUpstream.Stream(frame, Stop + Done);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, "server: { max_stream_frame: 16KiB }\n"));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.StreamedChat);

        Assert.Equal(frame + Stop + Done, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(",\"stream_options\":{}", false)]
    [InlineData(",\"stream_options\": { \"other\" : 1 }", false)]
    [InlineData(",\"stream_options\":null", false)]
    [InlineData(",\"stream_options\":{\"include_usage\":false}", false)]
    [InlineData(",\"stream_options\":{\"include_usage\":true}", true)]
    public async Task Usage_is_always_asked_for_and_its_chunk_shown_only_to_those_who_asked(string options, bool asked)
    {
        await using var upstream = ScriptedUpstream.Stream(Frame(0), Stop, Usage, Done);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"mock/gpt","stream":true""" + options + ",\"z\":1}");

        Assert.Equal(Frame(0) + Stop + (asked ? Usage : "") + Done, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var sent = System.Text.Json.JsonElement.Parse(Assert.Single(upstream.Requests).Text);
        Assert.True(sent.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
        Assert.Equal(1, sent.GetProperty("z").GetInt32());
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal((7L, 3L), (row.Tokens("input_tokens"), row.Tokens("output_tokens")));
    }

    [Fact]
    public async Task The_row_is_in_the_ledger_the_moment_the_client_has_read_the_end()
    {
        await using var upstream = ScriptedUpstream.Stream(Frame(0), Stop, Usage, Done);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        for (var i = 0; i < 50; i++)
        {
            await using var client = await StreamClient.OpenAsync(gateway);
            while (await client.NextAsync() is { } frame && frame != "data: [DONE]")
            {
            }

            // Looked up once, not waited for.
            var row = Assert.Single(await gateway.ExchangesAsync("limit=1"));
            Assert.Equal(client.Response.Header("x-gatehouse-exchange"), row.GetProperty("id").GetString());
            Assert.Equal("completed", row.Outcome());
        }
    }

    [Fact]
    public async Task The_row_is_in_the_ledger_the_moment_a_JSON_answer_is_whole()
    {
        var sizes = new[] { 10, 1000, 200_000 };
        await using var upstream = new ScriptedUpstream((request, connection) =>
            connection.RespondAsync(200, "application/json", $$"""{"id":"{{new string('x', int.Parse(request.Headers["x-size"], CultureInfo.InvariantCulture))}}"}"""));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        for (var i = 0; i < 30; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions");
            request.Headers.Add("x-size", sizes[i % sizes.Length].ToString(CultureInfo.InvariantCulture));
            request.Content = new StringContent(GatewayAnswers.Chat, Encoding.UTF8, "application/json");

            using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

            var row = Assert.Single(await gateway.ExchangesAsync("limit=1"));
            Assert.Equal(response.Header("x-gatehouse-exchange"), row.GetProperty("id").GetString());
        }
    }

    [Fact]
    public async Task A_provider_that_keeps_its_connection_open_after_the_end_does_not_keep_the_caller()
    {
        var time = new ManualTime();
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(Frame(0) + Stop + Done);
            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address), time);

        await using var client = await StreamClient.OpenAsync(gateway);

        _ = await client.NextAsync();
        _ = await client.NextAsync();
        // All of the answer is there while the clock stands still; only the end of the body waits for the provider.
        Assert.Equal("data: [DONE]", await client.NextAsync());
        var end = client.NextAsync();
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return end.IsCompleted;
        }, "the end of the body");
        Assert.Null(await end);
        await Eventually.TrueAsync(() => upstream.ClosedByPeer == 1, "the end of the provider's connection");
        Assert.Equal("completed", (await gateway.ExchangeAsync(client.Response)).Outcome());
    }

    [Fact]
    public async Task An_error_that_the_provider_reports_in_its_stream_passes_and_is_recorded_as_a_failure()
    {
        const string Error = """data: {"error":{"message":"overloaded","code":503}}""" + "\n\n";
        await using var upstream = ScriptedUpstream.Stream(Frame(0), Error);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.StreamedChat);

        Assert.Equal(Frame(0) + Error, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("failed", "overloaded"), (row.Outcome(), row.GetProperty("error").GetProperty("message").GetString()));
    }

    private static string Frame(int i) => $$$"""data: {"choices":[{"index":0,"delta":{"content":"word {{{i}}}"},"finish_reason":null}]}""" + "\n\n";
}
