using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;
using Gatehouse.Tests.Translation;

namespace Gatehouse.Tests.Routing;

/// <summary>On routes that have it so, a streamed text that breaks off goes on at the next target, in the same message.</summary>
public sealed class ContinuationTests
{
    private const string Cut = "cut";
    private const string Error = "error";
    private const string Garbage = "garbage";

    private static readonly string[] Models = ["m1", "m2", "m3", "m4"];

    /// <summary>Client, first target, next target, what ends the first.</summary>
    public static TheoryData<string, string, string, string> Cases => new()
    {
        { "chat", "chat", "claude", Cut }, { "chat", "chat", "chat", Error }, { "chat", "claude", "chat", Cut }, { "chat", "claude", "bedrock", Error },
        { "responses", "openai", "claude", Cut }, { "responses", "openai", "chat", Error }, { "responses", "chat", "gemini", Garbage }, { "responses", "claude", "openai", Cut },
        { "anthropic", "claude", "chat", Cut }, { "anthropic", "claude", "claude", Error }, { "anthropic", "chat", "claude", Garbage }, { "anthropic", "gemini", "ollama", Cut },
        { "gemini", "gemini", "claude", Cut }, { "gemini", "gemini", "gemini", Error }, { "gemini", "claude", "gemini", Cut }, { "gemini", "chat", "mistral", Garbage },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_next_target_goes_on_in_the_same_message(string client, string first, string second, string failure)
    {
        await using var mock = Breaking(first, "Say: ", failure);
        await using var gateway = await GatewayHost.StartAsync(Route(mock, $"{first}/m1, {second}/m2"));
        var caller = new Caller(client);

        using var response = await caller.AskAsync(gateway, "r", isStream: true, more: client == "chat" ? ",\"stream_options\":{\"include_usage\":true}" : "");

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal("Say: Hello", caller.StreamedText(text));
        ShouldBeOneMessage(client, text);
        Assert.Equal($"{first}/m1", response.Header("x-gatehouse-target"));
        var asked = mock.Last.Text;
        Assert.Contains("\"Say:\"", asked, StringComparison.Ordinal);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("completed", null, 1, $"{second}/m2"), (row.Outcome(), row.ErrorCode(), row.GetProperty("continued").GetInt32(), row.GetProperty("target").GetString()));
        var attempts = row.GetProperty("attempts");
        Assert.Equal(2, attempts.GetArrayLength());
        Assert.Equal((failure == Garbage ? "upstream_invalid_response" : "upstream_error", "stream_cut"), (attempts[0].GetProperty("error").GetString(), attempts[0].GetProperty("kind").GetString()));
        Assert.Equal(JsonValueKind.Null, attempts[1].GetProperty("error").ValueKind);
        // Anthropic told 5 tokens of input before it broke off; of the others "hi" is estimated, with what a message takes beside its text. "Say: " is two tokens, at four bytes each.
        Assert.Equal((first == "claude" ? 5 + 7 : 8 + 7, 2 + 3), (row.Tokens("input_tokens"), row.Tokens("output_tokens")));
    }

    [Theory]
    [InlineData("Hello", "Say:\n Hello")]
    [InlineData("\n Hello", "Say:\n Hello")]
    [InlineData("\nHello", "Say:\n Hello")]
    [InlineData("\n\nHello", "Say:\n \nHello")]
    public async Task White_space_at_the_joint_is_there_once(string rest, string joined)
    {
        await using var mock = Breaking("chat", "Say:\\n ", Cut, (_, connection) => connection.SayAsync(rest));
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat/m1, claude/m2"));

        using var response = await new Caller("chat").AskAsync(gateway, "r", isStream: true);

        Assert.Equal(joined, new Caller("chat").StreamedText(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        var last = JsonElement.Parse(mock.Last.Text).GetProperty("messages").EnumerateArray().Last();
        Assert.Equal("assistant", last.GetProperty("role").GetString());
        Assert.Contains("\"Say:\"", last.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_that_would_answer_anew_is_asked_to_go_on()
    {
        await using var mock = Breaking("claude", "Say: ", Cut);
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "claude/m1, chat/m2", "instruction"));

        using var response = await new Caller("chat").AskAsync(gateway, "r", isStream: true, more: ",\"max_tokens\":50");

        Assert.Equal("Say: Hello", new Caller("chat").StreamedText(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        var asked = JsonElement.Parse(mock.Last.Text);
        var messages = asked.GetProperty("messages").EnumerateArray().ToArray();
        Assert.Equal("user assistant user", string.Join(' ', messages.Select(message => message.GetProperty("role").GetString())));
        Assert.Equal("Say:", messages[1].GetProperty("content").GetString());
        Assert.Contains("cut off", messages[2].GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.Equal(48, asked.GetProperty("max_tokens").GetInt32());
    }

    [Theory]
    [InlineData("mistral", "prefix")]
    [InlineData("vllm", "continue_final_message")]
    [InlineData("deepseek", "prefix")]
    public async Task Targets_are_told_in_their_own_way_that_the_turn_is_to_be_gone_on_with(string second, string member)
    {
        await using var mock = Breaking("claude", "Say: ", Cut);
        var more = $"  vllm: {{ kind: vllm, base_url: \"{mock.Address}v1\" }}\n  deepseek: {{ kind: deepseek, base_url: \"{mock.Address}v1\", api_key: upstream-secret }}\n";
        await using var gateway = await GatewayHost.StartAsync(mock.Providers.TrimEnd() + "\n" + more + Routes($"claude/m1, {second}/m2"));

        using var response = await new Caller("anthropic").AskAsync(gateway, "r", isStream: true);

        Assert.Equal("Say: Hello", new Caller("anthropic").StreamedText(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        var asked = JsonElement.Parse(mock.Last.Text);
        var place = second == "vllm" ? asked : asked.GetProperty("messages").EnumerateArray().Last();
        Assert.True(place.GetProperty(member).GetBoolean());
    }

    [Theory]
    [InlineData("chat", "claude")]
    [InlineData("chat", "chat")]
    public async Task Silence_after_the_first_words_goes_on_elsewhere(string client, string first)
    {
        var time = new ManualTime();
        await using var mock = Breaking(first, "Say: ", "silence");
        await using var gateway = await GatewayHost.StartAsync(Route(mock, $"{first}/m1, bedrock/m2", more: ", timeout: { idle: 5s }"), time);
        using var response = await new Caller(client).AskAsync(gateway, "r", isStream: true, completion: HttpCompletionOption.ResponseHeadersRead);

        var text = await time.AdvanceUntilAsync(response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), TimeSpan.FromSeconds(5));

        Assert.Equal("Say: Hello", new Caller(client).StreamedText(text));
        Assert.Equal("upstream_timeout", (await gateway.ExchangeAsync(response)).GetProperty("attempts")[0].GetProperty("error").GetString());
    }

    [Theory]
    [InlineData("off", "Say: ", "")]
    [InlineData("prefix", "Say: ", ",\"response_format\":{\"type\":\"json_object\"}")]
    [InlineData("prefix", "CALL", "")]
    [InlineData("prefix", "THINK", "")]
    [InlineData("prefix", "DONE", "")]
    public async Task What_cannot_be_gone_on_with_ends_with_an_error(string continuation, string said, string more)
    {
        await using var mock = Breaking("chat", said, Cut);
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat/m1, claude/m2", continuation));

        using var response = await new Caller("chat").AskAsync(gateway, "r", isStream: true, more: more);

        var frames = Caller.Frames(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        _ = GatewayAnswers.ErrorIn(frames[^1], "upstream_error");
        Assert.Single(mock.Requests);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("truncated", 0), (row.Outcome(), row.GetProperty("continued").GetInt32()));
    }

    [Theory]
    [InlineData("chat", "claude", 429)]
    [InlineData("anthropic", "chat", 503)]
    [InlineData("responses", "claude", 400)]
    [InlineData("gemini", "chat", 0)]
    public async Task When_nobody_can_go_on_the_stream_ends_with_an_error(string client, string second, int status)
    {
        await using var mock = Breaking("claude", "Say: ", Cut, async (_, connection) =>
        {
            if (status == 0)
            {
                connection.Reset();
                return;
            }

            await connection.RespondAsync(status, "application/json", """{"type":"error","error":{"type":"x","message":"no"}}""");
        });
        await using var gateway = await GatewayHost.StartAsync(Route(mock, $"claude/m1, {second}/m2", more: ", retry: { attempts: 2 }"));

        using var response = await new Caller(client).AskAsync(gateway, "r", isStream: true);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("Say: ", text, StringComparison.Ordinal);
        Assert.Contains("error", Caller.Frames(text)[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("truncated", 1, 2), (row.Outcome(), row.GetProperty("continued").GetInt32(), row.GetProperty("attempts").GetArrayLength()));
        Assert.Equal(5, row.Tokens("input_tokens"));
    }

    [Fact]
    public async Task A_stream_is_gone_on_with_twice_and_not_more()
    {
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            await StartAsync(connection, "claude", $"s{ModelOf(request)![1]} ");
            connection.Close();
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "claude/m1, claude/m2, claude/m3, claude/m4", more: ", retry: { attempts: 9 }"));

        using var response = await new Caller("anthropic").AskAsync(gateway, "r", isStream: true);

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal("s1 s2 s3 ", string.Concat(Caller.Frames(text).Select(frame => JsonElement.Parse(frame))
            .Where(frame => frame.GetProperty("type").GetString() == "content_block_delta").Select(frame => frame.GetProperty("delta").GetProperty("text").GetString())));
        Assert.Contains("\"s1 s2\"", mock.Last.Text, StringComparison.Ordinal);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("truncated", 2, 3, 15L), (row.Outcome(), row.GetProperty("continued").GetInt32(), row.GetProperty("attempts").GetArrayLength(), row.Tokens("input_tokens")));
    }

    [Fact]
    public async Task One_that_says_nothing_and_not_why_does_not_end_the_answer()
    {
        await using var mock = Breaking("claude", "Say: ", Cut, (_, connection) => connection.RespondAsync(
            200, "text/event-stream", "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: [DONE]\n\n"));
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "claude/m1, chat/m2"));

        using var response = await new Caller("chat").AskAsync(gateway, "r", isStream: true);

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        _ = GatewayAnswers.ErrorIn(Caller.Frames(text)[^1], "upstream_invalid_response");
        Assert.DoesNotContain("\"finish_reason\":\"stop\"", text, StringComparison.Ordinal);
        Assert.Equal("truncated", (await gateway.ExchangeAsync(response)).Outcome());
    }

    [Fact]
    public async Task What_a_provider_refuses_in_the_middle_is_not_had_from_another()
    {
        await using var mock = new ProviderMock(async (_, connection) =>
        {
            await StartAsync(connection, "chat", "Say: ");
            await connection.ChunkAsync("event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"no\",\"code\":\"content_filter\"}}\n\n");
            await connection.EndChunksAsync();
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat/m1, claude/m2"));

        using var response = await new Caller("chat").AskAsync(gateway, "r", isStream: true);

        _ = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Single(mock.Requests);
        Assert.Equal(("failed", 0), ((await gateway.ExchangeAsync(response)).Outcome(), (await gateway.ExchangeAsync(response)).GetProperty("continued").GetInt32()));
    }

    [Fact]
    public async Task Each_call_costs_what_its_own_target_charges()
    {
        await using var mock = Breaking("claude", "Say: ", Cut);
        const string Prices = """
            catalog:
              models:
                claude/m1: { input_usd_per_mtok: 1000, output_usd_per_mtok: 10000 }
                chat/m2: { input_usd_per_mtok: 1, output_usd_per_mtok: 100 }

            """;
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "claude/m1, chat/m2") + Prices);

        using var response = await new Caller("chat").AskAsync(gateway, "r", isStream: true);

        _ = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        // USD per million tokens: 5 x 1000 + 2 x 10000, and 7 x 1 + 3 x 100; in nano-USD a thousand times as much.
        Assert.Equal((25_000 + 307) * 1000, (await gateway.ExchangeAsync(response)).GetProperty("cost_nano_usd").GetInt64());
    }

    [Fact]
    public async Task A_client_that_leaves_is_not_gone_on_for()
    {
        await using var mock = Breaking("claude", "Say: ", "silence");
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "claude/m1, chat/m2"), new ManualTime());
        await using (var client = await StreamClient.OpenAsync(gateway, new Caller("chat").Body("r", isStream: true)))
        {
            _ = await client.NextAsync();
        }

        await Eventually.TrueAsync(() => mock.Upstream.ClosedByPeer >= 1, "the provider's connection to be closed");
        var row = await gateway.ExchangeAsync(_ => true);
        Assert.Equal(("cancelled", 0), (row.Outcome(), row.GetProperty("continued").GetInt32()));
        Assert.DoesNotContain(mock.Requests, request => ModelOf(request) == "m2");
    }

    [Fact]
    public async Task A_caller_without_a_stream_gets_one_answer_of_one_target()
    {
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            if (ModelOf(request) != "m1")
            {
                return false;
            }

            await connection.StartChunkedAsync(200, "application/json");
            await connection.ChunkAsync("{\"id\":\"m1\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"Say: ");
            connection.Close();
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "chat/m1, claude/m2"));

        using var response = await new Caller("chat").AskAsync(gateway, "r");

        Assert.Equal("Hello", new Caller("chat").TextOf(await response.JsonAsync()));
        Assert.Equal(0, (await gateway.ExchangeAsync(response)).GetProperty("continued").GetInt32());
    }

    [Fact]
    public async Task Headers_of_the_dialect_reach_a_target_of_the_same_dialect()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(Route(mock, "claude/m1, claude/m2"));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages") { Content = new StringContent(new Caller("anthropic").Body("r", isStream: true), Encoding.UTF8, "application/json") };
        request.Headers.Add("anthropic-beta", "some-beta");

        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal("Hello", new Caller("anthropic").StreamedText(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        Assert.Equal("some-beta", mock.Last.Headers["anthropic-beta"]);
    }

    private static void ShouldBeOneMessage(string client, string text)
    {
        switch (client)
        {
            case "chat":
                Assert.Single(IdsOf(Caller.Frames(text)[..^1], "id"));
                Assert.Equal(1, CountOf(text, "\"role\":\"assistant\""));
                Assert.Equal(1, CountOf(text, "\"finish_reason\":\"stop\""));
                break;
            case "responses":
                var events = Caller.Frames(text).Select(frame => JsonElement.Parse(frame)).ToArray();
                Assert.Equal(Enumerable.Range(0, events.Length), events.Select(e => e.GetProperty("sequence_number").GetInt32()));
                Assert.Single(events, e => e.GetProperty("type").GetString() == "response.created");
                Assert.Single(events, e => e.GetProperty("type").GetString() == "response.output_item.added");
                Assert.Equal("Say: Hello", events[^1].GetProperty("response").GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
                break;
            case "anthropic":
                Assert.Equal(1, CountOf(text, "event: message_start"));
                Assert.Equal(1, CountOf(text, "event: content_block_start"));
                Assert.Equal(1, CountOf(text, "event: message_stop"));
                break;
            default:
                Assert.Single(IdsOf(Caller.Frames(text), "responseId"));
                break;
        }
    }

    /// <summary>m1 says something and breaks off; m2 says "Hello", or does what it is told.</summary>
    private static ProviderMock Breaking(string first, string said, string failure, Func<SeenRequest, UpstreamConnection, Task>? second = null) => new(async (request, connection) =>
    {
        if (ModelOf(request) != "m1")
        {
            if (second is null)
            {
                // The mock has no stream of the Responses API: the rest then comes in one piece.
                return false;
            }

            await second(request, connection);
            return true;
        }

        await StartAsync(connection, first, said);
        switch (failure)
        {
            case Error:
                await connection.ChunkAsync(first == "gemini" ? "data: {\"error\":{\"code\":503,\"message\":\"busy\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n"
                    : first == "claude" ? "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n"
                    : "event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"busy\",\"code\":\"server_error\"}}\n\n");
                await connection.EndChunksAsync();
                break;
            case Garbage:
                await connection.ChunkAsync("data: {nonsense\n\n");
                await connection.EndChunksAsync();
                break;
            case Cut:
                connection.Close();
                break;
            default:
                await connection.UntilPeerClosesAsync();
                break;
        }

        return true;
    });

    private static async Task StartAsync(UpstreamConnection connection, string target, string said)
    {
        await connection.StartChunkedAsync(200, "text/event-stream");
        await connection.ChunkAsync((target, said) switch
        {
            ("chat", "CALL") => Chunk("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]"),
            ("chat", "THINK") => Chunk("\"reasoning_content\":\"hm\""),
            ("chat", "DONE") => Chunk("\"content\":\"all\"") + "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
            ("chat", _) => Chunk("\"role\":\"assistant\",\"content\":\"\"") + Chunk($"\"content\":\"{said}\""),
            ("openai", _) =>
                "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"in_progress\",\"model\":\"m1\",\"output\":[]}}\n\n"
                + "data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}}\n\n"
                + "data: {\"type\":\"response.content_part.added\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}}\n\n"
                + $"data: {{\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"{said}\"}}\n\n",
            ("claude", _) =>
                "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m1\",\"content\":[],\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n"
                + "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
                + $"event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{said}\"}}}}\n\n",
            _ => $"data: {{\"candidates\":[{{\"content\":{{\"role\":\"model\",\"parts\":[{{\"text\":\"{said}\"}}]}},\"index\":0}}],\"modelVersion\":\"m1\",\"responseId\":\"r9\"}}\r\n\r\n",
        });

        static string Chunk(string delta) =>
            $"data: {{\"id\":\"chatcmpl-9\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m1\",\"choices\":[{{\"index\":0,\"delta\":{{{delta}}},\"finish_reason\":null}}]}}\n\n";
    }

    private static string? ModelOf(SeenRequest request) => Models.FirstOrDefault(model =>
        request.Target.Contains($"/{model}", StringComparison.Ordinal) || request.Text.Contains($"\"{model}\"", StringComparison.Ordinal));

    private static int CountOf(string text, string what) => text.Split(what).Length - 1;

    private static IEnumerable<string?> IdsOf(string[] frames, string name) => frames.Select(frame => JsonElement.Parse(frame).GetProperty(name).GetString()).Distinct(StringComparer.Ordinal);

    private static string Route(ProviderMock mock, string targets, string continuation = "prefix", string more = "") => mock.Providers + Routes(targets, continuation, more);

    private static string Routes(string targets, string continuation = "prefix", string more = "") =>
        string.Create(CultureInfo.InvariantCulture, $"routes:\n  r: {{ targets: [{targets}], continuation: {continuation}{more} }}\n");
}

internal static class Rest
{
    /// <summary>Streams a text as Anthropic does.</summary>
    public static Task SayAsync(this UpstreamConnection connection, string text) => ProviderMock.StreamAsync(connection, "text/event-stream",
    [
        .. ProviderMock.AnthropicFrames[..2],
        .. text.Select(letter => $"event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":{JsonSerializer.Serialize(letter.ToString())}}}}}\n\n"),
        .. ProviderMock.AnthropicFrames[4..],
    ]);
}
