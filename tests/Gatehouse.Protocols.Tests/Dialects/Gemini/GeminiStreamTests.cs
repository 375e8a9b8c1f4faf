using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Tests.Recorded;
using static Gatehouse.Protocols.Tests.Dialects.Gemini.GeminiRequests;

namespace Gatehouse.Protocols.Tests.Dialects.Gemini;

/// <summary>Streams as they are written and read.</summary>
public sealed class GeminiStreamTests
{
    private static readonly GeminiCodec Codec = GeminiCodec.Instance;

    private static readonly ChatStreamEvent Started = new AnswerStarted("r1", "m1");

    [Fact]
    public void Text_goes_out_at_once_and_the_last_frame_tells_the_end()
    {
        var stream = Stream(
            Started, new PartStarted(0, 0, new TextPart("")), new PartDelta(0, "a"), new PartDelta(0, "b"), new PartEnded(0),
            new ChoiceStopped(0, new Stop(StopReason.EndTurn, "end_turn")), new UsageReported(new Usage { InputTokens = 3, CacheReadTokens = 2, OutputTokens = 7, ReasoningTokens = 4 }),
            AnswerEnded.Instance);
        Assert.StartsWith("data: {", stream, StringComparison.Ordinal);
        Assert.EndsWith("}\r\n\r\n", stream, StringComparison.Ordinal);
        var frames = Frames(stream);
        Assert.Equal(3, frames.Count);
        AssertJson("""{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"index":0}],"modelVersion":"m1","responseId":"r1"}""", frames[0]);
        AssertJson(
            """
            {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],
             "usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":3,"totalTokenCount":12,"cachedContentTokenCount":2,"thoughtsTokenCount":4},
             "modelVersion":"m1","responseId":"r1"}
            """,
            frames[2]);
    }

    [Fact]
    public void Interleaved_calls_come_whole_and_in_their_order()
    {
        var stream = Stream(
            Started, new PartStarted(0, 0, new ToolCallPart("a", "f", "")), new PartStarted(0, 1, new ToolCallPart("b", "g", "")), new PartDelta(1, "{\"y\""),
            new PartDelta(0, "{\"x\":"), new PartDelta(1, ":2}"), new PartEnded(1), new PartDelta(0, "1}"), new PartStarted(0, 2, new ToolCallPart("c", "h", "")),
            new PartEnded(0), new ChoiceStopped(0, new Stop(StopReason.ToolUse, "tool_calls")), AnswerEnded.Instance);
        Assert.Equal(
            ["""{"id":"a","name":"f","args":{"x":1}}""", """{"id":"b","name":"g","args":{"y":2}}""", """{"id":"c","name":"h","args":{}}"""],
            Parts(stream).Where(p => p.TryGetProperty("functionCall", out _)).Select(p => p.GetProperty("functionCall").GetRawText()), StringComparer.Ordinal);
        Check(stream);
    }

    [Fact]
    public void Signatures_come_behind_the_text_and_on_calls()
    {
        var stream = Stream(
            Started, new PartStarted(0, 0, new ReasoningPart()), new PartDelta(0, "hm"), new PartSigned(0, new Signature(Dialect.Gemini, "s0")), new PartEnded(0),
            new PartStarted(0, 1, new ReasoningPart { IsRedacted = true, Signature = new Signature(Dialect.Gemini, "s1") }), new PartEnded(1),
            new PartStarted(0, 2, new ToolCallPart("a", "f", "")), new PartSigned(2, new Signature(Dialect.Gemini, "s2")), new PartEnded(2),
            new ChoiceStopped(0, new Stop(StopReason.ToolUse, null)), AnswerEnded.Instance);
        Assert.Equal(
            [
                """{"text":"hm","thought":true}""", """{"text":"","thought":true,"thoughtSignature":"s0"}""", """{"thought":true,"thoughtSignature":"s1"}""",
                """{"functionCall":{"id":"a","name":"f","args":{}},"thoughtSignature":"s2"}""", """{"text":""}""",
            ],
            Parts(stream).Select(p => p.GetRawText()), StringComparer.Ordinal);
        var read = RoundTrip.Collect(Dialect.Gemini, RoundTrip.ReadStream(Codec, Encoding.UTF8.GetBytes(stream))).ToResponse().Choices[0];
        Assert.Equal([("hm", "s0"), ("", "s1")], read.Parts.OfType<ReasoningPart>().Select(r => (r.Text, r.Signature!.Value)));
        Assert.Equal(StopReason.ToolUse, read.Stop!.Reason);
    }

    [Fact]
    public void Several_answers_do_not_mix()
    {
        var stream = Stream(
            Started, new PartStarted(0, 0, new TextPart("")), new PartStarted(1, 1, new TextPart("")), new PartDelta(0, "a"), new PartDelta(1, "x"), new PartDelta(0, "b"),
            new ChoiceStopped(0, new Stop(StopReason.MaxTokens, "length")), new PartEnded(1), new ChoiceStopped(1, new Stop(StopReason.Refusal, null)), AnswerEnded.Instance);
        var answer = RoundTrip.Collect(Dialect.Gemini, RoundTrip.ReadStream(Codec, Encoding.UTF8.GetBytes(stream))).ToResponse();
        Assert.Equal(["ab", "x"], answer.Choices.Select(c => Conversation.TextOf(c.Parts)), StringComparer.Ordinal);
        Assert.Equal(["MAX_TOKENS", "SAFETY"], answer.Choices.Select(c => c.Stop!.Raw), StringComparer.Ordinal);
    }

    [Fact]
    public void An_empty_answer_ends_too()
    {
        var stream = Stream(Started, AnswerEnded.Instance);
        Check(stream);
        Assert.Single(Frames(stream));
    }

    [Fact]
    public void A_failure_is_an_error_that_SDKs_raise_and_nothing_follows()
    {
        var stream = Stream(Started, new PartStarted(0, 0, new TextPart("")), new PartDelta(0, "a"), new AnswerFailed(ChatError.Of(529, "busy")));
        var last = Frames(stream)[^1];
        AssertJson("""{"error":{"code":529,"message":"busy","status":"UNAVAILABLE"}}""", last);
        var events = RoundTrip.ReadStream(Codec, Encoding.UTF8.GetBytes(stream));
        Assert.Equal("busy", Assert.IsType<AnswerFailed>(events[^1]).Error.Message);
        Assert.DoesNotContain("finishReason", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_events_the_stream_is_one_list()
    {
        var context = RoundTrip.Context(Dialect.Gemini) with { IsJsonArray = true };
        Assert.Equal("application/json", Codec.NewStreamWriter(context).ContentType);
        var whole = Parse(Write(
            context, Started, new PartStarted(0, 0, new TextPart("")), new PartDelta(0, "a"), new ChoiceStopped(0, new Stop(StopReason.EndTurn, null)), AnswerEnded.Instance));
        Assert.Equal(2, whole.GetArrayLength());
        Assert.Equal("STOP", whole[1].GetProperty("candidates")[0].GetProperty("finishReason").GetString());
        var failed = Parse(Write(context, Started, new PartStarted(0, 0, new TextPart("")), new PartDelta(0, "a"), new AnswerFailed(ChatError.Of(500, "no"))));
        Assert.Equal("no", failed[1].GetProperty("error").GetProperty("message").GetString());
        Assert.Equal("no", Parse(Write(context, new AnswerFailed(ChatError.Of(500, "no"))))[0].GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public void Arguments_in_pieces_become_one_object()
    {
        var call = Assert.IsType<ToolCallPart>(Assert.Single(Answer(
            """{"functionCall":{"name":"f","id":"i","willContinue":true}}""",
            """{"functionCall":{"partialArgs":[{"jsonPath":"$.a[0].b","stringValue":"x","willContinue":true}],"willContinue":true}}""",
            """{"functionCall":{"partialArgs":[{"jsonPath":"$.a[0].b","stringValue":"\"y"},{"jsonPath":"$['c d']","boolValue":false}],"willContinue":true}}""",
            """{"functionCall":{"partialArgs":[{"jsonPath":"$.a[1]","numberValue":0.5},{"jsonPath":"$.n","nullValue":null}],"willContinue":true}}""",
            """{"functionCall":{}}""").Choices[0].Parts));
        Assert.Equal("i", call.Id);
        AssertJson("""{"a":[{"b":"x\"y"},0.5],"c d":false,"n":null}""", Parse(call.Arguments));
    }

    [Theory]
    [InlineData("$.a[1000000000]")]
    [InlineData("$")]
    [InlineData("a")]
    [InlineData("$['a")]
    [InlineData("$.a[x]")]
    [InlineData("$..")]
    public void Paths_that_lead_nowhere_are_malformed(string path)
    {
        var piece = JsonSerializer.Serialize(path);
        if (path == "$..")
        {
            // An empty name is a name.
            _ = Answer("""{"functionCall":{"name":"f","willContinue":true}}""", $$$"""{"functionCall":{"partialArgs":[{"jsonPath":{{{piece}}}}]}}""");
            return;
        }

        Assert.Throws<MalformedException>(() =>
            Answer("""{"functionCall":{"name":"f","willContinue":true}}""", $$$"""{"functionCall":{"partialArgs":[{"jsonPath":{{{piece}}}}]}}"""));
    }

    [Fact]
    public void A_stream_that_stops_short_has_not_ended()
    {
        var events = RoundTrip.ReadStream(Codec, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\r\n\r\n"u8.ToArray());
        Assert.DoesNotContain(events, e => e is AnswerEnded or ChoiceStopped);
    }

    [Fact]
    public void Vertex_breaks_off_with_a_bare_error()
    {
        var events = new List<ChatStreamEvent>();
        var reader = Codec.NewStreamReader("x");
        reader.Read([], """{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"""u8, events);
        reader.Read("error"u8, "[{\n \"error\": {\"code\": 503, \"message\": \"gone\", \"status\": \"UNAVAILABLE\"}\n}]\n"u8, events);
        reader.Read([], """{"candidates":[{"finishReason":"STOP"}]}"""u8, events);
        reader.EndOfStream(events);
        Assert.Equal((503, ChatErrorKind.Overloaded), Assert.IsType<AnswerFailed>(events[^1]) is var failed ? (failed.Error.Status, failed.Error.Kind) : default);
    }

    private static ChatResponse Answer(params string[] parts)
    {
        var events = new List<ChatStreamEvent>();
        var reader = Codec.NewStreamReader("x");
        foreach (var part in parts)
        {
            reader.Read([], Encoding.UTF8.GetBytes("{\"candidates\":[{\"content\":{\"parts\":[" + part + "]}}]}"), events);
        }

        return RoundTrip.Collect(Dialect.Gemini, events).ToResponse();
    }

    private static string Stream(params ChatStreamEvent[] events) => Write(RoundTrip.Context(Dialect.Gemini), events);

    private static string Write(AnswerContext context, params ChatStreamEvent[] events)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = Codec.NewStreamWriter(context);
        foreach (var streamEvent in events)
        {
            writer.Write(streamEvent, output);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static List<JsonElement> Frames(string stream)
    {
        var frames = stream.Split("\r\n\r\n");
        Assert.Equal("", frames[^1]);
        Assert.All(frames[..^1], f => Assert.StartsWith("data: ", f, StringComparison.Ordinal));
        return [.. frames[..^1].Select(f => Parse(f["data: ".Length..]))];
    }

    private static IEnumerable<JsonElement> Parts(string stream) =>
        Frames(stream).SelectMany(f => f.GetProperty("candidates").EnumerateArray()).SelectMany(c => c.GetProperty("content").GetProperty("parts").EnumerateArray());

    /// <summary>Reasons to end stand in the last frame and nowhere else; each frame is of one answer; no part is empty.</summary>
    private static void Check(string stream)
    {
        var frames = Frames(stream);
        Assert.All(frames[..^1], f => Assert.All(f.GetProperty("candidates").EnumerateArray(), c => Assert.False(c.TryGetProperty("finishReason", out _))));
        Assert.All(frames[^1].GetProperty("candidates").EnumerateArray(), c => Assert.True(c.TryGetProperty("finishReason", out _)));
        Assert.Single(frames.Select(f => f.GetProperty("responseId").GetString()).Distinct(StringComparer.Ordinal));
        Assert.All(Parts(stream), p => Assert.NotEmpty(p.EnumerateObject()));
    }
}
