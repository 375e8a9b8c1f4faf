using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Anthropic;

public class AnthropicStreamTests
{
    private static readonly AnthropicCodec Codec = AnthropicCodec.Instance;

    private static readonly Stop ToolUse = new(StopReason.ToolUse, "tool_calls");

    [Fact]
    public void Interleaved_calls_become_blocks_one_behind_the_other()
    {
        var frames = Write(
            new AnswerStarted("chatcmpl-1", "gpt"),
            new PartStarted(0, 0, new TextPart("")), new PartDelta(0, "Let me see"),
            new PartStarted(0, 1, new ToolCallPart("a", "f", "")), new PartDelta(1, "{\"x\""),
            new PartStarted(0, 2, new ToolCallPart("b", "g", "")), new PartDelta(2, "{}"),
            new PartDelta(1, ":1}"),
            new PartEnded(0), new PartEnded(1), new PartEnded(2),
            new ChoiceStopped(0, ToolUse), new UsageReported(new Usage { InputTokens = 10, OutputTokens = 5 }), AnswerEnded.Instance);

        Assert.Equal(
            "message_start start:text delta:Let me see stop start:tool_use delta:{\"x\" delta::1} stop start:tool_use delta:{} stop message_delta:tool_use message_stop",
            Summary(frames));
        AnthropicBodies.AssertJson("""{"input_tokens":10,"output_tokens":5}""", frames[^2].GetProperty("usage"));
        Assert.Equal("msg_01testtesttesttesttesttest", frames[0].GetProperty("message").GetProperty("id").GetString());
    }

    [Fact]
    public void Nothing_is_lost_when_all_calls_are_named_first_or_a_text_goes_on() => Assert.Equal(
        "message_start start:text delta:a stop start:tool_use delta:{\"x\":1} stop start:tool_use stop start:text delta:b stop message_delta:tool_use message_stop",
        Summary(Write(
            new PartStarted(0, 0, new TextPart("")), new PartDelta(0, "a"),
            new PartStarted(0, 1, new ToolCallPart("a", "f", "")), new PartStarted(0, 2, new ToolCallPart("b", "g", "")),
            new PartDelta(1, "{\"x\":1}"), new PartDelta(0, "b"), new PartEnded(1), new PartEnded(2), new PartEnded(0),
            new ChoiceStopped(0, ToolUse), AnswerEnded.Instance)));

    [Fact]
    public void An_answer_may_be_empty()
    {
        Assert.Equal("message_start message_delta:end_turn message_stop", Summary(Write(AnswerEnded.Instance)));
        Assert.Equal("message_start message_delta:max_tokens message_stop", Summary(Write(
            new AnswerStarted(null, null), new PartStarted(0, 0, new TextPart("")), new PartEnded(0), new ChoiceStopped(0, new Stop(StopReason.MaxTokens, "length")), AnswerEnded.Instance)));
    }

    [Fact]
    public void A_call_without_arguments_has_a_block_without_deltas() => Assert.Equal(
        "message_start start:tool_use stop message_delta:tool_use message_stop",
        Summary(Write(new PartStarted(0, 0, new ToolCallPart("a", "f", "")), new PartEnded(0), new ChoiceStopped(0, new Stop(StopReason.EndTurn, "STOP")), AnswerEnded.Instance)));

    [Fact]
    public void Thoughts_are_signed_before_their_end() => Assert.Equal(
        "message_start start:thinking delta:hm signature:EqQB stop start:thinking signature:gatehouse.openai.gA stop start:redacted_thinking stop start:text delta:x stop message_delta:end_turn message_stop",
        Summary(Write(
            new PartStarted(0, 0, new ReasoningPart()), new PartDelta(0, "hm"), new PartSigned(0, new Signature(Dialect.Anthropic, "EqQB")), new PartEnded(0),
            new PartStarted(0, 1, new ReasoningPart { Signature = new Signature(Dialect.OpenAiResponses, "gA") }), new PartEnded(1),
            new PartStarted(0, 2, new ReasoningPart { IsRedacted = true }), new PartSigned(2, new Signature(Dialect.Anthropic, "abc")), new PartEnded(2),
            new PartStarted(0, 3, new ReasoningPart()), new PartEnded(3),
            new PartStarted(0, 4, new TextPart("")), new PartDelta(4, "x"), new PartEnded(4), AnswerEnded.Instance)));

    [Fact]
    public void A_signature_of_gemini_stands_before_its_block_or_behind_it_when_it_comes_late()
    {
        var signature = new Signature(Dialect.Gemini, "c2ln");
        var frames = Write(
            new PartStarted(0, 0, new TextPart("")), new PartDelta(0, "x"), new PartSigned(0, signature), new PartEnded(0),
            new PartStarted(0, 1, new ToolCallPart("a", "f", "") { Signature = signature }), new PartDelta(1, "{}"), new PartEnded(1), AnswerEnded.Instance);
        Assert.Equal(
            "message_start start:text delta:x stop start:redacted_thinking stop start:redacted_thinking stop start:tool_use delta:{} stop message_delta:tool_use message_stop",
            Summary(frames));

        var blocks = string.Join(',', frames.Where(f => f.GetProperty("type").ValueEquals("content_block_start")).Select(f => f.GetProperty("content_block").GetRawText()));
        var parts = AnthropicBodies.Read($$"""{"max_tokens":1,"messages":[{"role":"assistant","content":[{{blocks}}]}]}""").Messages[0].Parts;
        Assert.Equal(signature, Assert.IsType<TextPart>(parts[0]).Signature);
        Assert.Equal(signature, Assert.IsType<ToolCallPart>(parts[1]).Signature);
    }

    [Fact]
    public void Sound_is_its_transcript_and_an_image_a_line() => Assert.Equal(
        "message_start start:text delta:Hel delta:lo stop start:text delta:[audio: wav, 3 bytes, not expressible in this format] stop "
        + "start:text delta:[image: image/png, 3 bytes, not expressible in this format] stop message_delta:end_turn message_stop",
        Summary(Write(
            new PartStarted(0, 0, new AudioPart(new MediaSource())), new AudioDelta(0, "AAAA", "Hel"), new AudioDelta(0, null, "lo"), new PartEnded(0),
            new PartStarted(0, 1, new AudioPart(new MediaSource()) { Format = "wav" }), new AudioDelta(1, "AAAA", null), new PartEnded(1),
            new PartStarted(0, 2, new ImagePart(new MediaSource { MediaType = "image/png", Base64 = "AAAA"u8.ToArray() })), new PartEnded(2),
            new PartStarted(0, 3, new OpaquePart(Dialect.Gemini, "executableCode", default)), new PartEnded(3), AnswerEnded.Instance)));

    [Fact]
    public void Only_the_first_answer_is_written() => Assert.Equal(
        "message_start start:text delta:a stop message_delta:end_turn message_stop",
        Summary(Write(
            new PartStarted(1, 0, new TextPart("")), new PartStarted(0, 1, new TextPart("")), new PartDelta(0, "b"), new PartDelta(1, "a"), new PartEnded(0), new PartEnded(1),
            new ChoiceStopped(1, ToolUse), new ChoiceStopped(0, new Stop(StopReason.EndTurn, "stop")), AnswerEnded.Instance)));

    [Fact]
    public void Nothing_follows_a_failure()
    {
        var writer = Codec.NewStreamWriter(RoundTrip.Context(Dialect.Anthropic));
        var output = new ArrayBufferWriter<byte>();
        writer.Write(new PartStarted(0, 0, new TextPart("")), output);
        writer.Write(new PartDelta(0, "x"), output);
        writer.WriteFailure(ChatError.Of(529, "busy"), output);
        writer.Write(new PartDelta(0, "y"), output);
        writer.Write(AnswerEnded.Instance, output);
        writer.WriteFailure(ChatError.Of(500, "again"), output);

        var frames = AnthropicStreamCheck.Frames(output.WrittenSpan);
        AnthropicStreamCheck.Whole(frames);
        Assert.Equal("message_start start:text delta:x error", Summary(frames));
        Assert.Equal("overloaded_error", frames[^1].GetProperty("error").GetProperty("type").GetString());
    }

    [Fact]
    public void The_first_frame_tells_the_input_where_it_is_known()
    {
        var frames = Write(new AnswerStarted("msg_1", "claude") { Dialect = Dialect.Anthropic, Usage = new Usage { InputTokens = 9, CacheReadTokens = 2, OutputTokens = 1 } }, AnswerEnded.Instance);
        AnthropicBodies.AssertJson("""{"input_tokens":9,"cache_read_input_tokens":2,"output_tokens":1}""", frames[0].GetProperty("message").GetProperty("usage"));
        Assert.Equal("msg_1", frames[0].GetProperty("message").GetProperty("id").GetString());
    }

    [Fact]
    public void Counts_of_the_first_event_stay_and_later_ones_replace_them()
    {
        var answer = RoundTrip.Collect(Dialect.Anthropic, Read(
            """{"type":"message_start","message":{"id":"m","model":"c","content":[],"usage":{"input_tokens":9,"cache_creation_input_tokens":7,"cache_read_input_tokens":3,"cache_creation":{"ephemeral_5m_input_tokens":1,"ephemeral_1h_input_tokens":6},"output_tokens":1}}}""",
            """{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"type":"refusal"}},"usage":{"input_tokens":10,"output_tokens":20}}""",
            """{"type":"message_stop"}""")).ToResponse();
        Assert.Equal(new Usage { InputTokens = 10, CacheWriteTokens = 7, CacheReadTokens = 3, CacheWriteOneHourTokens = 6, OutputTokens = 20 }, answer.Usage);
        Assert.Equal("stop_details", Assert.Single(answer.Extensions!.Members).Name);
    }

    [Fact]
    public void A_stream_without_its_last_frame_has_not_ended()
    {
        var events = Read("""{"type":"message_start","message":{"content":[]}}""", """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}""");
        Assert.DoesNotContain(events, e => e is AnswerEnded);
    }

    [Fact]
    public void Input_of_a_block_start_counts_when_no_delta_follows()
    {
        var call = Assert.IsType<ToolCallPart>(RoundTrip.Collect(Dialect.Anthropic, Read(
            """{"type":"message_start","message":{"content":[]}}""",
            """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{"x":1}}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":""}}""",
            """{"type":"content_block_stop","index":0}""", """{"type":"message_stop"}""")).ToResponse().Choices[0].Parts[0]);
        Assert.Equal("""{"x":1}""", call.Arguments);
    }

    [Fact]
    public void Blocks_without_a_neutral_form_come_whole()
    {
        var events = Read(
            """{"type":"message_start","message":{"content":[]}}""",
            """{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"query\":"}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"x\"}"}}""",
            """{"type":"content_block_stop","index":0}""",
            """{"type":"content_block_start","index":1,"content_block":{"type":"compaction","content":null}}""",
            """{"type":"content_block_delta","index":1,"delta":{"type":"compaction_delta","content":"so far"}}""",
            """{"type":"content_block_stop","index":1}""", """{"type":"brand_new_event"}""", """{"type":"ping"}""", """{"type":"message_stop"}""");
        var parts = events.OfType<PartStarted>().Select(p => Assert.IsType<OpaquePart>(p.Content)).ToList();
        AnthropicBodies.AssertJson("""{"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"x"} }""", parts[0].Value);
        AnthropicBodies.AssertJson("""{"type":"compaction","content":"so far"}""", parts[1].Value);
        Assert.Equal(
            "message_start start:server_tool_use delta:{\"query\":\"x\"} stop start:compaction delta:so far stop message_delta:end_turn message_stop", Summary(Write([.. events])));
    }

    [Theory]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", 529, "Overloaded")]
    [InlineData("""{"error":{"code":503,"message":"Try later","status":"UNAVAILABLE"}}""", 503, "Try later")]
    public void Reads_a_failure_within_the_stream(string frame, int status, string message)
    {
        var events = Read("""{"type":"message_start","message":{"content":[]}}""", frame, """{"type":"message_stop"}""");
        var error = Assert.IsType<AnswerFailed>(events[^1]).Error;
        Assert.Equal((status, message), (error.Status, error.Message));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("""{"type":"message_start"}""")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a"}}""")]
    public void What_is_no_frame_is_malformed(string data) => Assert.Throws<MalformedException>(() => Read(data));

    private static List<ChatStreamEvent> Read(params string[] frames)
    {
        var events = new List<ChatStreamEvent>();
        var reader = Codec.NewStreamReader("fallback");
        foreach (var frame in frames)
        {
            reader.Read([], Encoding.UTF8.GetBytes(frame), events);
        }

        reader.EndOfStream(events);
        return events;
    }

    private static List<JsonElement> Write(params ChatStreamEvent[] events)
    {
        var frames = AnthropicStreamCheck.Write(Codec.NewStreamWriter(RoundTrip.Context(Dialect.Anthropic)), events);
        AnthropicStreamCheck.Whole(frames);
        return frames;
    }

    private static string Summary(IEnumerable<JsonElement> frames) => string.Join(' ', frames.Select(Summary));

    private static string Summary(JsonElement frame)
    {
        var type = frame.GetProperty("type").GetString()!;
        switch (type)
        {
            case "content_block_start":
                return "start:" + frame.GetProperty("content_block").GetProperty("type").GetString();
            case "content_block_stop":
                return "stop";
            case "message_delta":
                return "message_delta:" + frame.GetProperty("delta").GetProperty("stop_reason").GetString();
            case "content_block_delta":
                var delta = frame.GetProperty("delta").EnumerateObject().Single(m => m.Name != "type");
                return (delta.Name == "signature" ? "signature:" : "delta:") + delta.Value.GetString();
            default:
                return type;
        }
    }
}
