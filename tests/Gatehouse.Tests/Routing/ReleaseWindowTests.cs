using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Tests.Harness;
using Gatehouse.Tests.Translation;

namespace Gatehouse.Tests.Routing;

/// <summary>As long as nothing of a streamed answer has gone out, another target answers instead, and the caller sees only its answer.</summary>
public sealed class ReleaseWindowTests
{
    private const string Ping = ": ping\n\n";

    /// <summary>For each client, a target of its own dialect and one of another.</summary>
    public static TheoryData<string, string> Pairs => new()
    {
        { "chat", "chat" }, { "chat", "claude" }, { "responses", "openai" }, { "responses", "chat" }, { "anthropic", "claude" }, { "anthropic", "chat" },
        { "gemini", "gemini" }, { "gemini", "claude" }, { "chat", "ollama" },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_stream_that_is_cut_before_it_says_anything_goes_on_at_the_next_target(string client, string first)
    {
        await using var mock = First((_, connection) => CutAsync(connection, first, Start(first)));
        await using var gateway = await GatewayHost.StartAsync(Route(mock, first, "bedrock"));

        await ShouldBeAnsweredBySecondAsync(gateway, client, "upstream_error", "network");
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task An_error_that_is_streamed_before_anything_else_goes_on_at_the_next_target(string client, string first)
    {
        await using var mock = First((_, connection) => StreamAsync(connection, first, [.. Start(first), Failure(first)]));
        await using var gateway = await GatewayHost.StartAsync(Route(mock, first, "bedrock"));

        await ShouldBeAnsweredBySecondAsync(gateway, client, "upstream_error", first == "openai" ? "server_error" : "overloaded");
    }

    [Theory]
    [InlineData("chat", "chat")]
    [InlineData("anthropic", "claude")]
    [InlineData("gemini", "gemini")]
    public async Task The_caller_gets_the_second_targets_bytes_and_nothing_else(string client, string target)
    {
        await using var mock = First((_, connection) => CutAsync(connection, target, [Ping, .. Start(target)]));
        await using var gateway = await GatewayHost.StartAsync(Route(mock, target, target));

        using var response = await new Caller(client).AskAsync(gateway, "r", isStream: true, more: client == "chat" ? ",\"stream_options\":{\"include_usage\":true}" : "");

        var frames = target switch { "chat" => ProviderMock.ChatFrames, "claude" => ProviderMock.AnthropicFrames, _ => ProviderMock.GeminiFrames };
        Assert.Equal(string.Concat(frames), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("chat", "chat")]
    [InlineData("anthropic", "claude")]
    [InlineData("gemini", "gemini")]
    public async Task An_error_with_no_target_behind_it_passes_as_it_came(string client, string target)
    {
        string[] frames = [Ping, .. Start(target), Failure(target)];
        await using var mock = First((_, connection) => StreamAsync(connection, target, frames));
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await new Caller(client).AskAsync(gateway, $"{target}/m1", isStream: true);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(string.Concat(frames), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("failed", "busy"), (row.Outcome(), row.GetProperty("error").GetProperty("message").GetString()));
    }

    [Theory]
    [InlineData("chat", "claude")]
    [InlineData("anthropic", "chat")]
    [InlineData("gemini", "chat")]
    [InlineData("responses", "claude")]
    public async Task An_error_of_another_dialect_with_no_target_behind_it_has_a_status(string client, string target)
    {
        await using var mock = First((_, connection) => StreamAsync(connection, target, [.. Start(target), Failure(target)]));
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await new Caller(client).AskAsync(gateway, $"{target}/m1", isStream: true);

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode is 503 or 529, text);
        Assert.Equal("busy", JsonElement.Parse(text).GetProperty("error").GetProperty("message").GetString());
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_cut_with_no_target_behind_it_is_a_clean_error(string client, string target)
    {
        await using var mock = First((_, connection) => CutAsync(connection, target, Start(target)));
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await new Caller(client).AskAsync(gateway, $"{target}/m1", isStream: true);

        _ = await new Caller(client).ShouldFailAsync(response, 502, "upstream_error");
        Assert.Equal("failed", (await gateway.ExchangeAsync(response)).Outcome());
    }

    [Theory]
    [InlineData("")]
    [InlineData("role")]
    [InlineData("ping")]
    public async Task A_stream_that_ends_without_a_word_is_not_an_answer(string begin)
    {
        string[] frames = [begin == "ping" ? Ping : begin == "role" ? Start("chat")[0] : "", "data: [DONE]\n\n"];
        await using var mock = First((_, connection) => StreamAsync(connection, "chat", [.. frames.Where(frame => frame.Length > 0)]));
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat", "bedrock"));

        await ShouldBeAnsweredBySecondAsync(gateway, "chat", "upstream_invalid_response", "server_error");
        await ShouldBeAnsweredBySecondAsync(gateway, "anthropic", null, null);
        using var alone = await new Caller("chat").AskAsync(gateway, "chat/m1", isStream: true);
        _ = await alone.ShouldFailAsync(HttpStatusCode.BadGateway, "upstream_invalid_response");
    }

    [Fact]
    public async Task An_answer_that_is_empty_and_says_why_is_an_answer()
    {
        string[] frames = [Start("chat")[0], "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n", "data: [DONE]\n\n"];
        await using var mock = First((_, connection) => StreamAsync(connection, "chat", frames));
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat", "bedrock"));

        using var response = await new Caller("chat").AskAsync(gateway, "r", isStream: true);

        Assert.Equal(string.Concat(frames), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(("completed", "content_filter"), ((await gateway.ExchangeAsync(response)).Outcome(), (await gateway.ExchangeAsync(response)).GetProperty("finish_reason").GetString()));
    }

    [Fact]
    public async Task Garbage_before_content_goes_on_at_the_next_target_and_passes_where_there_is_none()
    {
        string[] frames = [Start("chat")[0], "data: {nonsense\n\n", "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n", "data: [DONE]\n\n"];
        await using var mock = First((_, connection) => StreamAsync(connection, "chat", frames));
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat", "bedrock"));

        await ShouldBeAnsweredBySecondAsync(gateway, "chat", "upstream_invalid_response", "server_error");
        using var alone = await new Caller("chat").AskAsync(gateway, "chat/m1", isStream: true);
        Assert.Equal(string.Concat(frames), await alone.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("", 15)]
    [InlineData("release: { after: 4s }", 4)]
    [InlineData("release: { tokens: 100 }", 15)]
    [InlineData("release: { after: 0s }", 0)]
    public async Task What_is_held_goes_out_when_its_time_has_come_though_nothing_follows(string release, int seconds)
    {
        var time = new ManualTime();
        var goOn = new TaskCompletionSource();
        await using var mock = First(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(Ping + Start("chat")[0]);
            await goOn.Task;
            await connection.ChunkAsync(string.Concat(ProviderMock.ChatFrames));
            await connection.EndChunksAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat", "bedrock", release), time);
        var before = time.Waiting;
        var call = StreamClient.OpenAsync(gateway, new Caller("chat").Body("r", isStream: true));
        if (seconds > 0)
        {
            // The limits of the call, and the wait of what is held.
            await Eventually.TrueAsync(() => time.Waiting >= before + 2, "the wait of what is held");
            time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.False(call.IsCompleted);
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        await using var client = await call;

        Assert.Equal(Ping.TrimEnd(), await client.NextAsync());
        Assert.Equal(Start("chat")[0].TrimEnd(), await client.NextAsync());
        goOn.SetResult();
        Assert.Equal(ProviderMock.ChatFrames[0].TrimEnd(), await client.NextAsync());
        Assert.Single(mock.Requests);
    }

    [Fact]
    public async Task A_translated_stream_goes_out_when_its_time_has_come()
    {
        var time = new ManualTime();
        await using var mock = First(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(Start("claude")[0]);
            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "claude", "bedrock"), time);
        var before = time.Waiting;
        var call = StreamClient.OpenAsync(gateway, new Caller("chat").Body("r", isStream: true));
        await Eventually.TrueAsync(() => time.Waiting >= before + 2, "the wait of what is held");

        time.Advance(TimeSpan.FromSeconds(15));

        await using var client = await call;
        Assert.Contains("\"role\":\"assistant\"", await client.NextAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("claude")]
    public async Task Text_is_held_until_there_is_enough_of_it(string first)
    {
        var length = 2;
        await using var mock = First((_, connection) => CutAsync(connection, first, [.. Start(first), .. Enumerable.Repeat(Text(first, "abcd"), length)]));
        await using var gateway = await GatewayHost.StartAsync(Route(mock, first, "bedrock", "release: { tokens: 3 }"));

        await ShouldBeAnsweredBySecondAsync(gateway, "chat", "upstream_error", "network");

        length = 3;
        using var response = await new Caller("chat").AskAsync(gateway, "r", isStream: true);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(3, text.Split("abcd").Length - 1);
        _ = GatewayAnswers.ErrorIn(Caller.Frames(text)[^1], "upstream_error");
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("truncated", 1), (row.Outcome(), row.GetProperty("attempts").GetArrayLength()));
    }

    [Fact]
    public async Task No_more_than_so_much_is_held()
    {
        var comment = ": " + new string('x', 60_000) + "\n\n";
        await using var mock = First(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            for (var i = 0; i < 5; i++)
            {
                await connection.ChunkAsync(comment);
            }

            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat", "bedrock"), new ManualTime());

        await using var client = await StreamClient.OpenAsync(gateway, new Caller("chat").Body("r", isStream: true));

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(comment.TrimEnd(), await client.NextAsync());
        }
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("claude")]
    public async Task A_client_that_leaves_while_its_answer_is_held_frees_the_target_and_no_other_is_asked(string first)
    {
        using var left = new CancellationTokenSource();
        await using var mock = First(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(string.Concat(Start(first)));
            await left.CancelAsync();
            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(Route(mock, first, "bedrock"), new ManualTime());
        using var content = new StringContent(new Caller("chat").Body("r", isStream: true), Encoding.UTF8, "application/json");

        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gateway.Client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, left.Token));

        await Eventually.TrueAsync(() => mock.Upstream.ClosedByPeer == 1, "the provider's connection to be closed");
        var row = await gateway.ExchangeAsync(_ => true);
        Assert.Equal(("cancelled", 499, 1), (row.Outcome(), row.GetProperty("status").GetInt32(), row.GetProperty("attempts").GetArrayLength()));
        Assert.Single(mock.Requests);
    }

    [Fact]
    public async Task Silence_before_content_goes_on_at_the_next_target()
    {
        var time = new ManualTime();
        await using var mock = First(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(Start("chat")[0]);
            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat", "bedrock", "timeout: { idle: 5s }"), time);
        var call = new Caller("chat").AskAsync(gateway, "r", isStream: true);

        using var response = await time.AdvanceUntilAsync(call, TimeSpan.FromSeconds(1));

        Assert.Equal("Hello", new Caller("chat").StreamedText(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        Assert.Equal("timeout", (await gateway.ExchangeAsync(response)).GetProperty("attempts")[0].GetProperty("kind").GetString());
    }

    [Theory]
    [InlineData("""{"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{"refusal":"no"}}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{"audio":{"id":"a","data":"AAAA"}}}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{"images":[{"type":"image_url","image_url":{"url":"data:,"}}]}}]}""")]
    public async Task Content_of_any_kind_opens_the_window(string chunk)
    {
        await using var mock = First(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(Start("chat")[0] + $"data: {chunk}\n\n");
            await connection.UntilPeerClosesAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat", "bedrock"), new ManualTime());

        await using var client = await StreamClient.OpenAsync(gateway, new Caller("chat").Body("r", isStream: true));

        Assert.Equal(Start("chat")[0].TrimEnd(), await client.NextAsync());
        Assert.Equal($"data: {chunk}", await client.NextAsync());
    }

    [Fact]
    public async Task A_stream_of_pictures_is_not_held_and_an_error_in_its_first_frame_goes_on_at_the_next_target()
    {
        var time = new ManualTime();
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(request.Text.Contains("\"m1\"", StringComparison.Ordinal) ? Failure("chat") : Ping);
            await connection.UntilPeerClosesAsync();
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat", "chat"), time);

        using var response = await gateway.PostAsync(
            "/v1/images/generations", """{"model":"r","prompt":"p","stream":true,"partial_images":1}""", HttpCompletionOption.ResponseHeadersRead);

        // The clock stands still.
        Assert.Equal(("chat/m2", "2"), (response.Header("x-gatehouse-target"), response.Header("x-gatehouse-attempts")));
        await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var frame = new byte[Ping.Length];
        await body.ReadExactlyAsync(frame, TestContext.Current.CancellationToken);
        Assert.Equal(Ping, Encoding.UTF8.GetString(frame));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_success_that_holds_an_error_goes_on_at_the_next_target(bool hasNext)
    {
        const string Error = """{"error":{"message":"busy","code":503}}""";
        await using var mock = First((_, connection) => connection.RespondAsync(200, "application/json", Error));
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat", "bedrock"));

        using var response = await new Caller("chat").AskAsync(gateway, hasNext ? "r" : "chat/m1");

        var answer = await response.JsonAsync();
        var row = await gateway.ExchangeAsync(response);
        if (hasNext)
        {
            Assert.Equal("Hello", new Caller("chat").TextOf(answer));
            Assert.Equal(("completed", "overloaded"), (row.Outcome(), row.GetProperty("attempts")[0].GetProperty("kind").GetString()));
            return;
        }

        Assert.Equal(Error, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("failed", row.Outcome());
    }

    [Theory]
    [InlineData("release: { tokens: 0 }", "routes.r.release.tokens")]
    [InlineData("release: { tokens: 100000 }", "routes.r.release.tokens")]
    [InlineData("release: { after: -1s }", "routes.r.release.after")]
    public async Task A_window_that_cannot_be_is_refused(string release, string key)
    {
        var providers = ProviderMock.ProvidersAt(new Uri("http://127.0.0.1:9"));

        var exception = await Assert.ThrowsAsync<ConfigurationException>(() => GatewayHost.StartAsync(providers + $"routes:\n  r: {{ targets: [chat/m1], {release} }}\n"));

        Assert.Contains(key, exception.Message, StringComparison.Ordinal);
    }

    private static async Task ShouldBeAnsweredBySecondAsync(GatewayHost gateway, string client, string? error, string? kind)
    {
        var caller = new Caller(client);
        using var response = await caller.AskAsync(gateway, "r", isStream: true);

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal("Hello", caller.StreamedText(text));
        Assert.DoesNotContain("\"m1\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("_m1\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("abcd", text, StringComparison.Ordinal);
        Assert.EndsWith("/m2", response.Header("x-gatehouse-target"), StringComparison.Ordinal);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("completed", 7L), (row.Outcome(), row.Tokens("input_tokens")));
        if (error is not null)
        {
            var attempt = row.GetProperty("attempts")[0];
            Assert.Equal((2, error, kind), (row.GetProperty("attempts").GetArrayLength(), attempt.GetProperty("error").GetString(), attempt.GetProperty("kind").GetString()));
        }
    }

    /// <summary>What is asked of the model m1 gets this answer; m2 says "Hello".</summary>
    private static ProviderMock First(Func<SeenRequest, UpstreamConnection, Task> script) => new(async (request, connection) =>
    {
        if (!request.Text.Contains("\"m1\"", StringComparison.Ordinal) && !request.Target.Contains("/m1", StringComparison.Ordinal))
        {
            return false;
        }

        await script(request, connection);
        return true;
    });

    private static string Route(ProviderMock mock, string first, string second, string more = "") => mock.Providers + $$"""
        routes:
          r: { targets: [{{first}}/m1, {{second}}/m2]{{(more.Length > 0 ? ", " + more : "")}} }

        """;

    private static async Task CutAsync(UpstreamConnection connection, string target, string[] frames)
    {
        await connection.StartChunkedAsync(200, TypeOf(target));
        await connection.ChunkAsync(string.Concat(frames));
        connection.Close();
    }

    private static Task StreamAsync(UpstreamConnection connection, string target, string[] frames) => ProviderMock.StreamAsync(connection, TypeOf(target), frames);

    private static string TypeOf(string target) => target == "ollama" ? "application/x-ndjson" : "text/event-stream";

    /// <summary>What comes before the first content.</summary>
    private static string[] Start(string target) => target switch
    {
        "chat" => ["data: {\"id\":\"m1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n"],
        "openai" =>
        [
            "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_m1\",\"object\":\"response\",\"status\":\"in_progress\",\"model\":\"m1\",\"output\":[]}}\n\n",
            "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"id\":\"msg_m1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}}\n\n",
        ],
        "claude" =>
        [
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_m1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m1\",\"content\":[],\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n",
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
            "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        ],
        "gemini" => ["data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"\"}]},\"index\":0}],\"modelVersion\":\"m1\",\"responseId\":\"m1\"}\r\n\r\n"],
        _ => ["{\"model\":\"m1\",\"created_at\":\"2026-01-01T00:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":false}\n"],
    };

    private static string Text(string target, string text) => target == "chat"
        ? $"data: {{\"id\":\"m1\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"
        : $"event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n";

    private static string Failure(string target) => target switch
    {
        "chat" => "data: {\"error\":{\"message\":\"busy\",\"code\":503}}\n\n",
        "openai" => "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"id\":\"resp_m1\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"busy\"}}}\n\n",
        "claude" => "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n",
        "gemini" => "data: {\"error\":{\"code\":503,\"message\":\"busy\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n",
        _ => "{\"error\":{\"message\":\"busy\",\"code\":503}}\n",
    };
}
