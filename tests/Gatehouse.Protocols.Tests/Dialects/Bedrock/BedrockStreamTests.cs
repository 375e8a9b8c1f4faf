using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Bedrock;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Bedrock;

public sealed class BedrockStreamTests
{
    private static readonly (string, string) Start = ("messageStart", """{"role":"assistant"}""");
    private static readonly (string, string) End = ("messageStop", """{"stopReason":"end_turn"}""");
    private static readonly (string, string) Usage = ("metadata", """{"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3},"metrics":{"latencyMs":5}}""");

    [Fact]
    public void Thoughts_come_with_their_signature_and_redacted_ones_whole()
    {
        var parts = Parts(
            Start, Delta(0, """{"reasoningContent":{"text":"H"}}"""), Delta(0, """{"reasoningContent":{"text":"m"}}"""),
            Delta(0, """{"reasoningContent":{"signature":"sig"}}"""), Stop(0), Delta(1, """{"reasoningContent":{"redactedContent":"RXVRRg=="}}"""), Stop(1),
            Delta(2, """{"text":""}"""), Delta(2, """{"text":"A"}"""), Stop(2), End, Usage);

        Assert.Equal(
            [
                new ReasoningPart { Text = "Hm", Signature = new Signature(Dialect.Anthropic, "sig") },
                new ReasoningPart { IsRedacted = true, Signature = new Signature(Dialect.Anthropic, "EuQF") },
                new TextPart("A"),
            ],
            parts);
    }

    [Fact]
    public void A_call_without_arguments_has_none_and_an_empty_text_is_no_part()
    {
        var parts = Parts(
            Start, Delta(0, """{"text":""}"""), Stop(0), ("contentBlockStart", """{"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"t","name":"now"}}}"""),
            Delta(1, """{"toolUse":{"input":""}}"""), Stop(1), ("messageStop", """{"stopReason":"tool_use"}"""), Usage);

        Assert.Equal([new ToolCallPart("t", "now", "{}")], parts);
    }

    [Fact]
    public void A_tool_of_the_providers_and_its_result_are_whole_blocks()
    {
        (string, string)[] messages =
        [
            Start, ("contentBlockStart", """{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"nova_grounding","type":"server_tool_use"}}}"""),
            Delta(0, """{"toolUse":{"input":"{\"query\":"}}"""), Delta(0, """{"toolUse":{"input":"\"x\"}"}}"""), Stop(0),
            ("contentBlockStart", """{"contentBlockIndex":1,"start":{"toolResult":{"toolUseId":"t","type":"nova_grounding_result","status":"success"}}}"""),
            Delta(1, """{"toolResult":[{"text":"[HIDDEN]"}]}"""), Stop(1), End, Usage,
        ];

        var parts = Parts(messages);

        Assert.Equal(2, parts.Count);
        Assert.Equal("""{"toolUse":{"toolUseId":"t","name":"nova_grounding","type":"server_tool_use","input":{"query":"x"}}}""", ((OpaquePart)parts[0]).Value.GetRawText());
        Assert.Equal(
            """{"toolResult":{"toolUseId":"t","type":"nova_grounding_result","status":"success","content":[{"text":"[HIDDEN]"}]}}""",
            ((OpaquePart)parts[1]).Value.GetRawText());
        var again = Parts([.. BedrockStreams.Written(BedrockStreams.Events(messages))]);
        Assert.Equal(parts.Select(p => ((OpaquePart)p).Value.GetRawText()), again.Select(p => ((OpaquePart)p).Value.GetRawText()), StringComparer.Ordinal);
    }

    [Fact]
    public void An_image_comes_in_pieces()
    {
        var image = Assert.IsType<ImagePart>(Assert.Single(Parts(
            Start, ("contentBlockStart", """{"contentBlockIndex":0,"start":{"image":{"format":"png"}}}"""),
            Delta(0, """{"image":{"source":{"bytes":"AQ=="}}}"""), Delta(0, """{"image":{"source":{"bytes":"AgM="}}}"""), Stop(0), End, Usage)));

        Assert.Equal("image/png", image.Source.MediaType);
        Assert.Equal("AQID"u8.ToArray(), image.Source.Base64!.Value.ToArray());
    }

    [Fact]
    public void Usage_alone_is_no_end_and_may_come_before_the_last_word()
    {
        Assert.DoesNotContain(BedrockStreams.Events([Start, Usage]), e => e is AnswerEnded);
        Assert.IsType<AnswerEnded>(BedrockStreams.Events([Start, Usage, End])[^1]);
        var reader = BedrockCodec.Instance.NewStreamReader("x");
        var events = new List<ChatStreamEvent>();
        reader.Read("messageStop"u8, """{"stopReason":"end_turn"}"""u8, events);
        Assert.DoesNotContain(events, e => e is AnswerEnded);
        reader.EndOfStream(events);
        reader.EndOfStream(events);
        Assert.Single(events, e => e is AnswerEnded);
    }

    [Theory]
    [InlineData("throttlingException", """{"message":"slow down"}""", ChatErrorKind.RateLimit, 429, "slow down")]
    [InlineData("modelStreamErrorException", """{"message":"broke","originalStatusCode":500}""", ChatErrorKind.Server, 424, "broke")]
    [InlineData("serviceUnavailableException", """{"message":"later"}""", ChatErrorKind.Overloaded, 503, "later")]
    [InlineData("someNewException", """{}""", ChatErrorKind.Server, 500, "Bedrock answered with a someNewException without a message")]
    [InlineData("error", """{"code":"InternalServerException","message":"oops"}""", ChatErrorKind.Server, 500, "oops")]
    public void An_exception_ends_the_stream(string type, string json, ChatErrorKind kind, int status, string message)
    {
        var events = BedrockStreams.Events([Start, Delta(0, """{"text":"A"}"""), (type, json), Delta(0, """{"text":"B"}"""), End, Usage]);

        var error = Assert.IsType<AnswerFailed>(events[^1]).Error;
        Assert.Equal((kind, status, message), (error.Kind, error.Status, error.Message));
        var written = BedrockStreams.Written(events);
        Assert.EndsWith("Exception", written[^1].Name, StringComparison.Ordinal);
        Assert.Equal(kind, ((AnswerFailed)BedrockStreams.Events(written)[^1]).Error.Kind);
    }

    [Theory]
    [InlineData("contentBlockDelta", "not json")]
    [InlineData("contentBlockDelta", """{"delta":{"text":"\ud800"}}""")]
    [InlineData("contentBlockStart", """{"start":{"toolUse":{"toolUseId":"x"}}}""")]
    public void What_is_no_event_is_told(string name, string json) =>
        Assert.Throws<MalformedException>(() => BedrockStreams.Events([(name, json)]));

    [Fact]
    public void Calls_that_overlap_are_written_one_after_the_other()
    {
        ChatStreamEvent[] events =
        [
            new AnswerStarted("id", "m"), new PartStarted(0, 0, new ToolCallPart("a", "f", "")), new PartStarted(0, 1, new ToolCallPart("b", "g", "")),
            new PartDelta(0, "{\"x\":"), new PartDelta(1, "{\"y\":2}"), new PartDelta(0, "1}"), new PartStarted(0, 2, new ToolCallPart("c", "h", "")),
            new PartEnded(0), new PartEnded(1), new PartEnded(2), new ChoiceStopped(0, new Stop(StopReason.ToolUse, "tool_calls")), AnswerEnded.Instance,
        ];

        // Which of the calls are taken as ended is the sequencer's to say; none may be lost.
        var parts = Parts([.. BedrockStreams.Written(events)]).OfType<ToolCallPart>().OrderBy(c => c.Id, StringComparer.Ordinal).ToList();

        Assert.Equal(["a", "b", "c"], parts.Select(c => c.Id), StringComparer.Ordinal);
        Assert.Equal("""{"y":2}""", parts[1].Arguments);
        Assert.Equal("{}", parts[2].Arguments);
    }

    [Fact]
    public void Whatever_comes_the_stream_keeps_its_order()
    {
        ChatStreamEvent[] events =
        [
            new PartStarted(0, 0, new OpaquePart(Dialect.Anthropic, "server_tool_use", default)), new PartEnded(0),
            new PartStarted(0, 1, new TextPart("")), new PartEnded(1),
            new PartStarted(1, 2, new TextPart("")), new PartDelta(2, "another choice"), new PartEnded(2),
            new PartStarted(0, 3, new ReasoningPart()), new PartDelta(3, "Hm"), new PartSigned(3, new Signature(Dialect.Gemini, "g")), new PartEnded(3),
            new PartStarted(0, 4, new RefusalPart("")), new PartDelta(4, "No"), new PartEnded(4),
            new PartStarted(0, 5, new AudioPart(new MediaSource())), new AudioDelta(5, "AAAA", "said"), new PartEnded(5),
            new ChoiceStopped(0, new Stop(StopReason.Refusal, "refusal")), new ChoiceStopped(1, new Stop(StopReason.EndTurn, "stop")),
            new UsageReported(new Usage { InputTokens = 5, CacheReadTokens = 4, OutputTokens = 3 }), AnswerEnded.Instance, AnswerEnded.Instance,
        ];

        var written = BedrockStreams.Written(events);

        Assert.Equal(
            [new ReasoningPart { Text = "Hm", Signature = new Signature(Dialect.Gemini, "g") }, new TextPart("No"), new TextPart("said")], Parts([.. written]));
        Assert.Equal("""{"stopReason":"content_filtered"}""", written[^2].Json);
        Assert.Equal(
            """{"usage":{"inputTokens":5,"outputTokens":3,"totalTokens":12,"cacheReadInputTokens":4},"metrics":{"latencyMs":0}}""", written[^1].Json);
    }

    [Fact]
    public void An_empty_answer_has_a_beginning_and_an_end() =>
        Assert.Equal("messageStart messageStop metadata", string.Join(' ', BedrockStreams.Written([AnswerEnded.Instance]).Select(m => m.Name)));

    [Fact]
    public void Signatures_of_calls_stand_before_them_or_behind()
    {
        var signature = new Signature(Dialect.Gemini, "sealed");
        ChatStreamEvent[] known =
        [
            new AnswerStarted(null, null), new PartStarted(0, 0, new ToolCallPart("a", "f", "") { Signature = signature }), new PartEnded(0),
            new PartStarted(0, 1, new ToolCallPart("b", "g", "")), new PartDelta(1, "{}"), new PartSigned(1, signature), new PartEnded(1),
            new ChoiceStopped(0, new Stop(StopReason.ToolUse, null)), AnswerEnded.Instance,
        ];

        var answer = RoundTrip.Collect(Dialect.Bedrock, BedrockStreams.Events(BedrockStreams.Written(known))).ToResponse();

        var content = RoundTrip.Write(w => BedrockCodec.Instance.WriteResponse(answer, RoundTrip.Context(Dialect.Bedrock), w)).GetProperty("output").GetProperty("message");
        var body = JsonElement.Parse($$"""{"messages":[{{content.GetRawText()}}]}""");
        Assert.Equal(
            [new ToolCallPart("a", "f", "{}") { Signature = signature }, new ToolCallPart("b", "g", "{}") { Signature = signature }],
            BedrockCodec.Instance.ReadRequest(body).Messages[0].Parts);
    }

    [Fact]
    public void The_tool_that_stands_for_a_schema_is_read_as_text()
    {
        var events = BedrockStreams.Events(
        [
            Start, ("contentBlockStart", """{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"gatehouse_json_answer"}}}"""),
            Delta(0, """{"toolUse":{"input":"{\"a\":1}"}}"""), Stop(0), ("messageStop", """{"stopReason":"tool_use"}"""), Usage,
        ]);

        var choice = RoundTrip.Collect(Dialect.Bedrock, events).ToResponse().Choices[0];
        Assert.Equal([new TextPart("""{"a":1}""")], choice.Parts);
        Assert.Equal(StopReason.EndTurn, choice.Stop!.Reason);
        var whole = BedrockCodec.Instance.ReadResponse(
            JsonElement.Parse("""{"output":{"message":{"content":[{"toolUse":{"toolUseId":"t","name":"gatehouse_json_answer","input":{"a":1}}}]}},"stopReason":"tool_use"}"""), "x");
        Assert.Equal([new TextPart("""{"a":1}""")], whole.Choices[0].Parts);
        Assert.Equal(StopReason.EndTurn, whole.Choices[0].Stop!.Reason);
    }

    private static (string, string) Delta(int index, string delta) => ("contentBlockDelta", $$"""{"contentBlockIndex":{{index}},"delta":{{delta}},"p":"abc"}""");

    private static (string, string) Stop(int index) => ("contentBlockStop", $$"""{"contentBlockIndex":{{index}}}""");

    private static IReadOnlyList<Part> Parts(params (string, string)[] messages)
    {
        var collector = RoundTrip.Collect(Dialect.Bedrock, BedrockStreams.Events(messages));
        Assert.True(collector.HasEnded);
        return collector.ToResponse().Choices[0].Parts;
    }
}
