using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Mistral;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

public sealed class OpenAiChatStreamTests
{
    private static readonly AnswerStarted Started = new("msg_1", "claude");

    [Fact]
    public void Interleaved_calls_keep_their_arguments()
    {
        var events = ReadDeltas(
            """{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}""",
            """{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{\"x\""}}]}""",
            """{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}""",
            """{"tool_calls":[{"index":1,"function":{"arguments":":1}"}}]}""");
        Assert.Equal([("a", "f", "{}"), ("b", "g", """{"x":1}""")], Calls(events));
    }

    [Theory]
    [InlineData("""{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}""", """{"tool_calls":[{"id":"b","function":{"name":"g","arguments":"{}"}}]}""")]
    [InlineData("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}""", """{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]}""")]
    [InlineData("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{}}},{"index":1,"id":"b","function":{"name":"g"}}]}""", """{"content":""}""")]
    public void Calls_without_an_index_of_their_own_are_told_apart_by_their_ids(string first, string second) =>
        Assert.Equal([("a", "f", "{}"), ("b", "g", "{}")], Calls(ReadDeltas(first, second)));

    [Fact]
    public void A_thought_is_told_once_whatever_the_number_of_its_carriers()
    {
        var events = ReadDeltas(
            """{"reasoning":"Hm","reasoning_details":[{"type":"reasoning.text","text":"Hm","format":"anthropic-claude-v1","index":0}]}""",
            """{"reasoning_content":".","reasoning":"."}""",
            """{"reasoning":null,"reasoning_details":[{"type":"reasoning.text","signature":"SIG","format":"anthropic-claude-v1","index":0}]}""",
            """{"content":"Yes"}""");
        var parts = RoundTrip.Collect(Dialect.OpenAiChat, events).ToResponse().Choices[0].Parts;
        Assert.Equal(new ReasoningPart { Text = "Hm.", Signature = new Signature(Dialect.Anthropic, "SIG") }, parts[0]);
        Assert.Equal("Yes", Assert.IsType<TextPart>(parts[1]).Text);
    }

    [Fact]
    public void A_stream_that_breaks_off_has_no_end()
    {
        Assert.IsNotType<AnswerEnded>(ReadAll(Chunk("""{"content":"Hel"}""", null))[^1]);
        Assert.IsType<AnswerEnded>(ReadAll(Chunk("""{"content":"Hello"}""", "stop"))[^1]);
        Assert.Empty(ReadAll("data: [DONE]\n\n"));
    }

    [Theory]
    [InlineData("data: {\"error\":{\"message\":\"no\",\"type\":\"server_error\",\"code\":502}}\n\n", 502)]
    [InlineData("data: {\"error\":\"no\"}\n\n", 500)]
    [InlineData("event: error\ndata: {\"error\":{\"message\":\"no\",\"status_code\":400}}\n\n", 400)]
    [InlineData("data: {\"object\":\"error\",\"message\":\"no\",\"type\":\"rate_limit_error\"}\n\n", 429)]
    public void An_error_within_a_stream_ends_it(string frame, int status)
    {
        var events = ReadAll(Chunk("""{"content":"Hel"}""", null) + frame + "data: [DONE]\n\n");
        var failed = Assert.IsType<AnswerFailed>(events[^1]);
        Assert.Equal(("no", status), (failed.Error.Message, failed.Error.Status));
    }

    [Theory]
    [InlineData("sto")]
    [InlineData("7")]
    public void An_unknown_reason_is_kept(string reason)
    {
        var stop = ReadAll(Chunk("""{"content":"x"}""", reason) + "data: [DONE]\n\n").OfType<ChoiceStopped>().Single().Stop;
        Assert.Equal(new Stop(StopReason.Other, reason), stop);
    }

    [Fact]
    public void A_signed_thought_comes_back_to_its_maker()
    {
        ChatStreamEvent[] events =
        [
            Started, new PartStarted(0, 0, new ReasoningPart()), new PartDelta(0, "Hm"), new PartDelta(0, "."), new PartSigned(0, new Signature(Dialect.Anthropic, "SIG")), new PartEnded(0),
            new PartStarted(0, 1, new ReasoningPart { IsRedacted = true, Signature = new Signature(Dialect.Anthropic, "RED") }), new PartEnded(1),
            new PartStarted(0, 2, new ToolCallPart("t", "f", "")), new PartSigned(2, new Signature(Dialect.Gemini, "R0VN")), new PartEnded(2),
            new ChoiceStopped(0, new Stop(StopReason.ToolUse, "tool_use")), AnswerEnded.Instance,
        ];
        var chunks = ChatStreamRules.Write(OpenAiChatCodec.Instance, events);
        // What a client that keeps reasoning_details by index sends back.
        var message = RoundTrip.Collect(Dialect.OpenAiChat, ReadAll(string.Concat(chunks.Select(c => $"data: {c.GetRawText()}\n\n")) + "data: [DONE]\n\n")).ToResponse().Choices[0].Parts;
        Assert.Equal(new ReasoningPart { Text = "Hm.", Signature = new Signature(Dialect.Anthropic, "SIG") }, message[0]);
        Assert.Equal(new ReasoningPart { IsRedacted = true, Signature = new Signature(Dialect.Anthropic, "RED") }, message[1]);
        Assert.Equal(new ToolCallPart("t", "f", "{}") { Signature = new Signature(Dialect.Gemini, "R0VN") }, message[2]);
    }

    [Fact]
    public void Usage_comes_only_to_those_who_asked()
    {
        ChatStreamEvent[] events =
        [
            Started, new UsageReported(new Usage { InputTokens = 3, CacheReadTokens = 2 }), new PartStarted(0, 0, new TextPart("")), new PartDelta(0, "Hi"), new PartEnded(0),
            new ChoiceStopped(0, new Stop(StopReason.EndTurn, "end_turn")), new UsageReported(new Usage { OutputTokens = 1 }), AnswerEnded.Instance,
        ];
        var chunks = ChatStreamRules.Write(OpenAiChatCodec.Instance, events);
        Assert.Equal("""{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6,"prompt_tokens_details":{"cached_tokens":2}}""", chunks[^1].GetProperty("usage").GetRawText());
        Assert.Equal(0, chunks[^1].GetProperty("choices").GetArrayLength());
        var silent = RoundTrip.Context(Dialect.OpenAiChat) with { Request = new ChatRequest { Dialect = Dialect.OpenAiChat } };
        Assert.All(ChatStreamRules.Write(OpenAiChatCodec.Instance, events, silent), chunk => Assert.False(chunk.TryGetProperty("usage", out _)));
    }

    [Fact]
    public void Empty_answers_opaque_parts_and_failures_keep_the_form()
    {
        var opaque = new OpaquePart(Dialect.Anthropic, "server_tool_use", JsonDocument.Parse("{}").RootElement);
        var stop = new ChoiceStopped(0, new Stop(StopReason.Refusal, "refusal"));
        foreach (var codec in new DialectCodec[] { OpenAiChatCodec.Instance, MistralCodec.Instance })
        {
            Assert.Equal("content_filter", ChatStreamRules.Write(codec, [Started, stop, AnswerEnded.Instance])[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
            _ = ChatStreamRules.Write(codec, [Started, new PartStarted(0, 0, opaque), new PartEnded(0), stop, AnswerEnded.Instance]);
            var failed = ChatStreamRules.Write(codec, [Started, new PartStarted(0, 0, new TextPart("")), new PartDelta(0, "He"), new AnswerFailed(ChatError.Of(529, "busy"))]);
            Assert.Equal("busy", failed[^1].GetProperty("error").GetProperty("message").GetString());
        }
    }

    [Fact]
    public void Older_functions_are_streamed_in_their_form()
    {
        var context = RoundTrip.Context(Dialect.OpenAiChat) with { Request = new ChatRequest { Dialect = Dialect.OpenAiChat, UsesLegacyFunctions = true } };
        ChatStreamEvent[] events = [Started, new PartStarted(0, 0, new ToolCallPart("t", "f", "")), new PartEnded(0), new ChoiceStopped(0, new Stop(StopReason.ToolUse, "tool_use")), AnswerEnded.Instance];
        var chunks = ChatStreamRules.Write(OpenAiChatCodec.Instance, events, context);
        Assert.Equal("""{"function_call":{"arguments":"{}"}}""", chunks[2].GetProperty("choices")[0].GetProperty("delta").GetRawText());
        Assert.Equal("function_call", chunks[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    private static List<ChatStreamEvent> ReadDeltas(params string[] deltas)
    {
        var events = ReadAll(string.Concat(deltas.Select(d => Chunk(d, null))) + Chunk("{}", "stop") + "data: [DONE]\n\n");
        StreamRules.CheckEvents(events);
        return events;
    }

    private static List<ChatStreamEvent> ReadAll(string stream) => RoundTrip.ReadStream(OpenAiChatCodec.Instance, Encoding.UTF8.GetBytes(stream));

    private static string Chunk(string delta, string? reason) =>
        $$"""data: {"id":"c","model":"m","choices":[{"index":0,"delta":{{delta}},"finish_reason":{{(reason is null ? "null" : int.TryParse(reason, out _) ? reason : $"\"{reason}\"")}}}]}""" + "\n\n";

    private static IEnumerable<(string, string, string)> Calls(List<ChatStreamEvent> events) =>
        RoundTrip.Collect(Dialect.OpenAiChat, events).ToResponse().Choices[0].Parts.OfType<ToolCallPart>().Select(c => (c.Id, c.Name, c.Arguments));
}
