using System.Text;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Ollama;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Ollama;

public sealed class OllamaStreamTests
{
    private static readonly AnswerStarted Started = new("id1", "m") { Created = 1_700_000_000 };
    private static readonly ChoiceStopped Stopped = new(0, new Stop(StopReason.MaxTokens, "max_tokens"));

    [Fact]
    public void Calls_are_written_when_they_are_whole()
    {
        var lines = OllamaStreamCheck.Whole(OllamaStreamCheck.Write([
            Started,
            new PartStarted(0, 0, new ReasoningPart()), new PartDelta(0, "hm"), new PartEnded(0),
            new PartStarted(0, 1, new ToolCallPart("a", "f", "")), new PartStarted(0, 2, new ToolCallPart("b", "g", "")),
            new PartDelta(1, "{\"x\""), new PartEnded(2), new PartDelta(1, ":1}"), new PartEnded(1),
            Stopped, new UsageReported(new Usage { InputTokens = 3, CacheReadTokens = 4, OutputTokens = 5 }), AnswerEnded.Instance]));
        Assert.Equal(4, lines.Count);
        Assert.Equal("length", lines[^1].Text("done_reason"));
        Assert.Equal(7, lines[^1].Integer("prompt_eval_count"));
        Assert.Equal(5, lines[^1].Integer("eval_count"));
        var response = RoundTrip.Collect(Dialect.Ollama, Read([.. lines.Select(l => l.GetRawText())])).ToResponse();
        Assert.Equal(
            [new ReasoningPart { Text = "hm" }, new ToolCallPart("b", "g", "{}"), new ToolCallPart("a", "f", "{\"x\":1}")],
            response.Choices[0].Parts.Select(p => p with { Extensions = null }));
    }

    [Fact]
    public void A_call_that_was_never_ended_is_still_told()
    {
        var lines = OllamaStreamCheck.Whole(OllamaStreamCheck.Write([Started, new PartStarted(0, 0, new ToolCallPart("a", "f", "")), AnswerEnded.Instance]));
        Assert.Equal(2, lines.Count);
        _ = Assert.Single(lines[0].GetProperty("message").Items("tool_calls"));
    }

    [Fact]
    public void An_empty_answer_is_one_line() => Assert.Single(OllamaStreamCheck.Whole(OllamaStreamCheck.Write([Started, Stopped, AnswerEnded.Instance])));

    [Fact]
    public void What_has_no_place_is_left_out()
    {
        var lines = OllamaStreamCheck.Whole(OllamaStreamCheck.Write([
            Started,
            new PartStarted(0, 0, new OpaquePart(Dialect.Anthropic, "server_tool_use", Asked.Json("{}"))), new PartEnded(0),
            new PartStarted(1, 1, new TextPart("")), new PartDelta(1, "the other choice"), new PartEnded(1),
            new PartStarted(0, 2, new RefusalPart("")), new PartDelta(2, "No."), new PartEnded(2),
            Stopped, AnswerEnded.Instance]));
        Assert.Equal(["No.", ""], lines.Select(l => l.GetProperty("message").Text("content")!), StringComparer.Ordinal);
    }

    [Fact]
    public void A_failure_is_the_last_line()
    {
        var stream = OllamaStreamCheck.Write([Started, new PartStarted(0, 0, new TextPart("")), new PartDelta(0, "a"), new AnswerFailed(ChatError.Of(500, "out of memory")), AnswerEnded.Instance]);
        Assert.EndsWith("""{"error":"out of memory"}""" + "\n", stream, StringComparison.Ordinal);
        var failed = Assert.IsType<AnswerFailed>(Read(stream.Split('\n', StringSplitOptions.RemoveEmptyEntries))[^1]);
        Assert.Equal(("out of memory", 500), (failed.Error.Message, failed.Error.Status));
    }

    [Fact]
    public void Thoughts_text_and_calls_are_parts_of_their_own()
    {
        var events = Read([
            """{"model":"m","message":{"role":"assistant","content":"","thinking":"h"},"done":false}""",
            """{"model":"m","message":{"role":"assistant","content":"","thinking":"m"},"done":false}""",
            """{"model":"m","message":{"role":"assistant","content":"Yes"},"done":false,"logprobs":[{"token":"Yes","logprob":-0.5}]}""",
            """{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"x":1}}},{"function":{"name":"f"}}]},"done":false}""",
            """{"model":"m","message":{"role":"assistant","content":"!"},"done":true,"done_reason":"stop","eval_count":4}"""]);
        StreamRules.CheckEvents(events);
        var response = RoundTrip.Collect(Dialect.Ollama, events).ToResponse();
        Assert.Equal(
            [new ReasoningPart { Text = "hm" }, new TextPart("Yes"), new ToolCallPart("callxx0", "f", """{"x":1}"""), new ToolCallPart("callxx1", "f", "{}"), new TextPart("!")],
            response.Choices[0].Parts.Select(Plain));
        Assert.Equal(StopReason.ToolUse, response.Choices[0].Stop!.Reason);
        Assert.Equal(new Usage { OutputTokens = 4 }, response.Usage);
        Assert.Equal("""{"content":[{"token":"Yes","logprob":-0.5}]}""", Assert.Single(events.OfType<PartDelta>(), d => d.Text == "Yes").Logprobs!.Value.GetRawText());

        // Lists compare by reference.
        static Part Plain(Part part) => part is TextPart text ? new TextPart(text.Text) : part with { Extensions = null };
    }

    [Fact]
    public void A_stream_that_stops_short_has_no_end()
    {
        var reader = OllamaCodec.Instance.NewStreamReader("x");
        List<ChatStreamEvent> events = [];
        reader.Read([], """{"model":"m","message":{"role":"assistant","content":"a"},"done":false}"""u8, events);
        reader.EndOfStream(events);
        Assert.DoesNotContain(events, e => e is AnswerEnded);
    }

    private static List<ChatStreamEvent> Read(string[] lines)
    {
        var reader = OllamaCodec.Instance.NewStreamReader("x");
        List<ChatStreamEvent> events = [];
        foreach (var line in lines)
        {
            reader.Read([], Encoding.UTF8.GetBytes(line), events);
        }

        return events;
    }
}
