using System.Text;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Cohere;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Cohere;

public sealed class CohereStreamTests
{
    private static readonly AnswerStarted Started = new("id1", "m");
    private static readonly ChoiceStopped Stopped = new(0, new Stop(StopReason.EndTurn, "stop"));

    [Fact]
    public void Calls_that_overlap_come_one_after_the_other()
    {
        var events = CohereStreamCheck.Whole(CohereStreamCheck.Write([
            Started,
            new PartStarted(0, 0, new ReasoningPart()), new PartDelta(0, "hm"),
            new PartStarted(0, 1, new ToolCallPart("a", "f", "")),
            new PartDelta(1, "{\"x\""), new PartStarted(0, 2, new ToolCallPart("b", "g", "")), new PartDelta(2, "{}"), new PartDelta(1, ":1}"),
            new PartEnded(0), new PartEnded(1), new PartEnded(2), Stopped, new UsageReported(new Usage { InputTokens = 3, CacheReadTokens = 4, OutputTokens = 5 }),
            AnswerEnded.Instance]));
        Assert.Equal("TOOL_CALL", events[^1].GetProperty("delta").Text("finish_reason"));
        var response = RoundTrip.Collect(Dialect.Cohere, Read([.. events.Select(e => e.GetRawText())])).ToResponse();
        Assert.Equal(
            [new ReasoningPart { Text = "hm" }, new ToolCallPart("a", "f", "{\"x\":1}"), new ToolCallPart("b", "g", "{}")],
            response.Choices[0].Parts.Select(p => p with { Extensions = null }));
        Assert.Equal(new Usage { InputTokens = 3, CacheReadTokens = 4, OutputTokens = 5 }, response.Usage);
    }

    [Fact]
    public void A_call_without_arguments_has_empty_ones()
    {
        var events = CohereStreamCheck.Whole(CohereStreamCheck.Write(
            [Started, new PartStarted(0, 0, new ToolCallPart("a", "f", "")), new PartEnded(0), Stopped, AnswerEnded.Instance]));
        Assert.Equal("{}", Assert.Single(events, e => e.Text("type") == "tool-call-delta").GetProperty("delta").GetProperty("message").GetProperty("tool_calls").GetProperty("function").Text("arguments"));
    }

    [Fact]
    public void An_empty_answer_is_a_start_and_an_end() =>
        Assert.Equal(["message-start", "message-end"], CohereStreamCheck.Whole(CohereStreamCheck.Write([Started, Stopped, AnswerEnded.Instance])).Select(e => e.Text("type")!), StringComparer.Ordinal);

    [Fact]
    public void What_has_no_place_is_left_out()
    {
        var events = CohereStreamCheck.Whole(CohereStreamCheck.Write([
            Started,
            new PartStarted(0, 0, new OpaquePart(Dialect.Anthropic, "server_tool_use", Asked.Json("{}"))), new PartEnded(0),
            new PartStarted(0, 1, new ReasoningPart { IsRedacted = true, Signature = new Signature(Dialect.Anthropic, "s") }), new PartEnded(1),
            new PartStarted(1, 2, new TextPart("")), new PartDelta(2, "the other choice"), new PartEnded(2),
            new PartStarted(0, 3, new RefusalPart("")), new PartDelta(3, "No."), new PartEnded(3),
            Stopped, AnswerEnded.Instance]));
        Assert.Equal(["message-start", "content-start", "content-delta", "content-end", "message-end"], events.Select(e => e.Text("type")!), StringComparer.Ordinal);
    }

    [Fact]
    public void A_failure_is_told_and_is_no_clean_end()
    {
        var stream = CohereStreamCheck.Write([Started, new PartStarted(0, 0, new TextPart("")), new PartDelta(0, "a"), new AnswerFailed(ChatError.Of(529, "too busy")), AnswerEnded.Instance]);
        Assert.DoesNotContain("[DONE]", stream, StringComparison.Ordinal);
        var events = CohereStreamCheck.Events(stream);
        var failed = Assert.IsType<AnswerFailed>(Read([.. events.Select(e => e.GetRawText())])[^1]);
        Assert.Equal("too busy", failed.Error.Message);
    }

    [Fact]
    public void A_citation_may_come_behind_its_text()
    {
        var events = Read([
            """{"type":"message-start","id":"i"}""",
            """{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}""",
            """{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Ruby"}}}}""",
            """{"type":"content-end","index":0}""",
            """{"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":0,"end":4,"text":"Ruby","sources":[{"type":"document","id":"d","document":{"title":"T","url":"https://example.com","text":"x"}}]}}}}""",
            """{"type":"citation-end","index":0}""",
            """{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}"""]);
        StreamRules.CheckEvents(events);
        var citation = Assert.Single(events.OfType<PartCited>()).Citation;
        Assert.Equal(("T", "https://example.com", "x", 0L, 4L), (citation.Title, citation.Url, citation.CitedText, citation.Start, citation.End));
    }

    [Fact]
    public void A_stream_that_stops_short_has_no_end()
    {
        var reader = CohereCodec.Instance.NewStreamReader("x");
        List<ChatStreamEvent> events = [];
        reader.Read([], """{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Ru"}}}}"""u8, events);
        reader.EndOfStream(events);
        Assert.DoesNotContain(events, e => e is AnswerEnded);
    }

    [Theory]
    [InlineData("""{"type":"message-end","delta":{"error":"broken","finish_reason":"ERROR"}}""", "broken")]
    [InlineData("""{"id":"i","message":"broken"}""", "broken")]
    public void An_error_ends_the_stream(string frame, string message)
    {
        var events = Read(["""{"type":"message-start","id":"i"}""", frame, """{"type":"message-end","delta":{}}"""]);
        var failed = Assert.IsType<AnswerFailed>(events[^1]);
        Assert.Equal((message, 500), (failed.Error.Message, failed.Error.Status));
    }

    [Fact]
    public void Log_probabilities_have_the_callers_form()
    {
        var events = Read(["""{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Ruby"}}},"logprobs":{"text":"Ruby","token_ids":[1,2],"logprobs":[-0.5,-0.25]}}"""]);
        var delta = Assert.Single(events.OfType<PartDelta>());
        Assert.Empty(JsonDifference.Between(Asked.Json("""{"content":[{"token":"Ruby","logprob":-0.75,"top_logprobs":[]}]}"""), delta.Logprobs!.Value));
        Assert.Contains("\"logprobs\":{\"text\":\"Ruby\"", CohereStreamCheck.Write([Started, new PartStarted(0, 0, new TextPart("")), delta]), StringComparison.Ordinal);
    }

    private static List<ChatStreamEvent> Read(string[] frames)
    {
        var reader = CohereCodec.Instance.NewStreamReader("x");
        List<ChatStreamEvent> events = [];
        foreach (var frame in frames)
        {
            reader.Read([], Encoding.UTF8.GetBytes(frame), events);
        }

        return events;
    }
}
