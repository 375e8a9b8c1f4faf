using System.Buffers;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Dialects.Mistral;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Dialects.Anthropic;
using Gatehouse.Protocols.Tests.Dialects.Bedrock;
using Gatehouse.Protocols.Tests.Dialects.Cohere;
using Gatehouse.Protocols.Tests.Dialects.Ollama;
using Gatehouse.Protocols.Tests.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Dialects.OpenAiResponses;
using Gatehouse.Protocols.Tests.Generators;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects;

/// <summary>
/// Every writer of a stream keeps what its clients rely on, in whatever order it is told: signatures, usage and reasons early or late, parts
/// that never end or overlap, several answers at once, nothing at all.
/// </summary>
public sealed class AnyOrderTests
{
    private static readonly Gen<int> Part = Gen.Choose(0, 6);

    private static readonly Gen<Part> Content = Gen.Elements<Part>(
        new TextPart(""), new TextPart("a") { Signature = new Signature(Dialect.Gemini, "AAAA") }, new RefusalPart(""), new ReasoningPart(),
        new ReasoningPart { IsRedacted = true, Signature = new Signature(Dialect.Anthropic, "s") },
        new ReasoningPart { Summary = [], Signature = new Signature(Dialect.OpenAiResponses, "s") },
        new ToolCallPart("call_1", "tool", ""), new ToolCallPart("call_2", "tool", "") { Signature = new Signature(Dialect.Gemini, "AAAA") },
        new ToolCallPart("call_3", "custom", "") { IsCustom = true },
        new ImagePart(new MediaSource { MediaType = "image/png", Base64 = "iVBORw0KGgo="u8.ToArray() }), new ImagePart(new MediaSource()),
        new AudioPart(new MediaSource()), new FilePart(new MediaSource { Url = "https://example.com/a.pdf" }),
        new OpaquePart(Dialect.Anthropic, "server_tool_use", Asked.Json("""{"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"q"}}""")),
        new OpaquePart(Dialect.Bedrock, "toolUse", Asked.Json("""{"toolUse":{"toolUseId":"t","name":"n","type":"server_tool_use","input":{}}}""")));

    private static readonly Gen<ChatStreamEvent> Event = Gen.Frequency<ChatStreamEvent>(
        (1, Gen.Constant<ChatStreamEvent>(new AnswerStarted("id", "m"))),
        (6, from choice in Gen.Frequency((4, Gen.Constant(0)), (1, Gen.Choose(1, 2))) from content in Content select (ChatStreamEvent)new PartStarted(choice, -1, content)),
        (8, from part in Part from text in Gen.Elements("", "{", "}", "{\"a\":1}", "text") select (ChatStreamEvent)new PartDelta(part, text)),
        (2, from part in Part from maker in Gen.Elements(Dialect.Gemini, Dialect.Anthropic, Dialect.OpenAiResponses) select (ChatStreamEvent)new PartSigned(part, new Signature(maker, "AAAA"))),
        (1, Part.Select(part => (ChatStreamEvent)new PartCited(part, new Citation { Dialect = Dialect.OpenAiChat, Value = Asked.Json("{}"), Url = "https://example.com" }))),
        (1, Part.Select(part => (ChatStreamEvent)new AudioDelta(part, "AAAA", "said"))),
        (4, Part.Select(part => (ChatStreamEvent)new PartEnded(part))),
        (1, from choice in Gen.Choose(0, 2) from reason in Gen.Elements(Enum.GetValues<StopReason>()) select (ChatStreamEvent)new ChoiceStopped(choice, new Stop(reason, "Raw"))),
        (1, Gen.Constant<ChatStreamEvent>(new UsageReported(new Usage { InputTokens = 1, OutputTokens = 2 }))));

    [Fact]
    public void OpenAi_Chat() => Hold(events => _ = ChatStreamRules.Write(OpenAiChatCodec.Instance, events));

    [Fact]
    public void Mistral() => Hold(events => _ = ChatStreamRules.Write(MistralCodec.Instance, events));

    [Fact]
    public void OpenAi_Responses() => Hold(events => _ = ResponsesStreamRules.Check(ResponsesStreamRules.Write(events)));

    [Fact]
    public void Anthropic() => Hold(events => AnthropicStreamCheck.Whole(
        AnthropicStreamCheck.Write(AllDialects.CodecOf(Dialect.Anthropic).NewStreamWriter(RoundTrip.Context(Dialect.Anthropic)), events)));

    [Fact]
    public void Bedrock() => Hold(events => _ = BedrockStreams.Written(events));

    [Fact]
    public void Cohere() => Hold(events =>
    {
        var stream = CohereStreamCheck.Write(events);
        _ = events[^1] is AnswerEnded ? CohereStreamCheck.Whole(stream) : CohereStreamCheck.Events(stream);
    });

    [Fact]
    public void Ollama() => Hold(events =>
    {
        if (events[^1] is AnswerEnded)
        {
            _ = OllamaStreamCheck.Whole(OllamaStreamCheck.Write(events));
        }
    });

    [Fact]
    public void Gemini() => Hold(events =>
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = GeminiCodec.Instance.NewStreamWriter(RoundTrip.Context(Dialect.Gemini) with { IsJsonArray = true });
        foreach (var streamEvent in events)
        {
            writer.Write(streamEvent, output);
        }

        writer.WriteFailure(ChatError.Of(500, "after the end"), output);
        var frames = JsonDocument.Parse(output.WrittenMemory).RootElement.EnumerateArray().ToList();
        if (events[^1] is not AnswerEnded)
        {
            Assert.NotNull(frames[^1].Object("error"));
            return;
        }

        var started = frames.SelectMany(f => f.Items("candidates")).Select(c => c.Integer("index")).ToHashSet();
        var ended = frames[^1].Items("candidates").Where(c => c.Text("finishReason") is { Length: > 0 }).Select(c => c.Integer("index")).ToHashSet();
        Assert.Equal(started, ended);
        Assert.DoesNotContain(frames.SkipLast(1), f => f.Items("candidates").Any(c => c.Text("finishReason") is not null));
    });

    /// <summary>Who has but one answer is told of no other, and the others' ends do not end it.</summary>
    [Theory, InlineData(Dialect.OpenAiResponses), InlineData(Dialect.Anthropic), InlineData(Dialect.Bedrock), InlineData(Dialect.Cohere), InlineData(Dialect.Ollama)]
    public void The_first_answer_of_several(Dialect dialect)
    {
        ChatStreamEvent[] first =
        [
            new AnswerStarted("id", "m"), new PartStarted(0, 0, new TextPart("")), new PartDelta(0, "one"), new PartDelta(0, " two"), new PartEnded(0),
            new ChoiceStopped(0, new Stop(StopReason.EndTurn, "stop")), AnswerEnded.Instance,
        ];
        ChatStreamEvent[] both =
        [
            first[0], new PartStarted(1, 1, new TextPart("")), new PartDelta(1, "other"), first[1], first[2], new PartSigned(1, new Signature(Dialect.Gemini, "AAAA")),
            new PartEnded(1), new ChoiceStopped(1, new Stop(StopReason.MaxTokens, "length")), .. first[3..],
        ];
        Assert.Equal(Written(dialect, first), Written(dialect, both));
    }

    private static string Written(Dialect dialect, IEnumerable<ChatStreamEvent> events)
    {
        var writer = AllDialects.CodecOf(dialect).NewStreamWriter(RoundTrip.Context(dialect));
        var output = new ArrayBufferWriter<byte>();
        foreach (var streamEvent in events)
        {
            writer.Write(streamEvent, output);
        }

        return Encoding.Latin1.GetString(output.WrittenSpan);
    }

    private static void Hold(Action<IReadOnlyList<ChatStreamEvent>> check)
    {
        var last = Gen.Frequency<ChatStreamEvent>((3, Gen.Constant<ChatStreamEvent>(AnswerEnded.Instance)), (1, Gen.Constant<ChatStreamEvent>(new AnswerFailed(ChatError.Of(500, "broken")))));
        var streams = from events in Event.ListOf() from end in last select (IReadOnlyList<ChatStreamEvent>)[.. Numbered(events), end];
        Properties.Hold(streams, check, 2000);
    }

    /// <summary>Parts are counted over the whole stream.</summary>
    private static IEnumerable<ChatStreamEvent> Numbered(IEnumerable<ChatStreamEvent> events)
    {
        var count = 0;
        return [.. events.Select(e => e is PartStarted started ? started with { Part = count++ } : e)];
    }
}
