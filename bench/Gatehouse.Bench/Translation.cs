using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Dialects.Bedrock;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Protocols.EventStream;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Sse;

namespace Gatehouse.Bench;

/// <summary>
/// What translation itself costs, without sockets: CPU time and allocated bytes of an exchange (request and answer, each read in one
/// dialect and written in another), and of a frame of a stream.
/// </summary>
internal static class Translation
{
    private const int Frames = 256;
    private const int MaxFrame = 1 << 20;

    private static readonly (DialectCodec Caller, DialectCodec Target)[] Pairs =
    [
        (AnthropicCodec.Instance, OpenAiChatCodec.Instance),
        (OpenAiChatCodec.Instance, AnthropicCodec.Instance),
        (GeminiCodec.Instance, OpenAiChatCodec.Instance),
        (OpenAiChatCodec.Instance, GeminiCodec.Instance),
        (ResponsesCodec.Instance, AnthropicCodec.Instance),
        (AnthropicCodec.Instance, ResponsesCodec.Instance),
        (OpenAiChatCodec.Instance, BedrockCodec.Instance),
    ];

    public static void Run(Arguments arguments)
    {
        var rounds = arguments.Number("rounds");
        Console.WriteLine("""

            ## Translation

            | caller | target | request bytes | exchange: CPU µs | allocated KB | frame: CPU µs | allocated bytes |
            |---|---|---:|---:|---:|---:|---:|
            """);
        // What is shared by the pairs is compiled well before the first of them is measured.
        foreach (var (caller, target) in Pairs)
        {
            _ = MeasurePair(caller, target, rounds: 1);
        }

        foreach (var (caller, target) in Pairs)
        {
            var (request, exchange, frame) = MeasurePair(caller, target, rounds);
            Console.WriteLine($"| {caller.Dialect} | {target.Dialect} | {request:N0} | {exchange.Us:N1} | {exchange.Bytes / 1024:N1} "
                + $"| {frame.Us / Frames:N2} | {frame.Bytes / Frames:N0} |");
        }
    }

    private static (int Request, (double Us, double Bytes) Exchange, (double Us, double Bytes) Frame) MeasurePair(DialectCodec caller, DialectCodec target, int rounds)
    {
        var neutral = OpenAiChatCodec.Instance.ReadRequest(JsonDocument.Parse(RequestText()).RootElement);
        var request = Write(writer => caller.WriteRequest(neutral, Context(), writer));
        var answer = Write(writer => target.WriteResponse(Answer(), AnswerContext(neutral), writer));
        var stream = Stream(target, neutral);
        var exchange = Measure(rounds, 2000, () => Exchange(caller, target, request, answer));
        var frame = Measure(rounds, 40, () => TranslateStream(caller, target, neutral, stream));
        return (request.Length, exchange, frame);
    }

    /// <summary>The least of the rounds: what disturbs a measurement only ever adds to it.</summary>
    private static (double Us, double Bytes) Measure(int rounds, int count, Action action)
    {
        for (var i = 0; i < count; i++)
        {
            action();
        }

        var (best, bytes) = (double.MaxValue, 0.0);
        for (var round = 0; round < rounds; round++)
        {
            var (cpu, allocated) = (Environment.CpuUsage.TotalTime, GC.GetAllocatedBytesForCurrentThread());
            for (var i = 0; i < count; i++)
            {
                action();
            }

            best = Math.Min(best, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / count);
            bytes = (GC.GetAllocatedBytesForCurrentThread() - allocated) / (double)count;
        }

        return (best, bytes);
    }

    private static void Exchange(DialectCodec caller, DialectCodec target, byte[] request, byte[] answer)
    {
        using var asked = JsonDocument.Parse(request, JsonWriting.ReadOptions);
        var read = caller.ReadRequest(asked.RootElement);
        _ = Write(writer => target.WriteRequest(read, Context(), writer));
        using var answered = JsonDocument.Parse(answer, JsonWriting.ReadOptions);
        var response = target.ReadResponse(answered.RootElement, "bench");
        _ = Write(writer => caller.WriteResponse(response, AnswerContext(read), writer));
    }

    private static void TranslateStream(DialectCodec caller, DialectCodec target, ChatRequest request, byte[] stream)
    {
        var reader = target.NewStreamReader("bench");
        var writer = caller.NewStreamWriter(AnswerContext(request));
        var events = new List<ChatStreamEvent>();
        var output = new ArrayBufferWriter<byte>(4096);
        ReadFrames(target, stream, (name, data) =>
        {
            events.Clear();
            reader.Read(name, data, events);
            foreach (var streamEvent in events)
            {
                writer.Write(streamEvent, output);
            }

            output.ResetWrittenCount();
        });
    }

    private delegate void FrameAction(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data);

    private static void ReadFrames(DialectCodec codec, byte[] stream, FrameAction action)
    {
        if (codec.Framing == StreamFraming.AwsEventStream)
        {
            using var messages = new EventStreamReader(MaxFrame);
            stream.CopyTo(messages.GetMemory(stream.Length));
            messages.Advance(stream.Length);
            while (messages.TryReadMessage(out var message))
            {
                action(message.EventType, message.Payload);
            }

            return;
        }

        using var frames = new SseFrameReader(MaxFrame);
        stream.CopyTo(frames.GetMemory(stream.Length));
        frames.Advance(stream.Length);
        while (frames.TryReadFrame(out var bytes))
        {
            var frame = SseFrame.Parse(bytes);
            if (frame.HasData)
            {
                action(frame.EventName, frame.Data);
            }
        }
    }

    private static byte[] Stream(DialectCodec codec, ChatRequest request)
    {
        var writer = codec.NewStreamWriter(AnswerContext(request));
        var output = new ArrayBufferWriter<byte>();
        writer.Write(new AnswerStarted("answer_1", "model"), output);
        writer.Write(new PartStarted(0, 0, new TextPart("")), output);
        for (var i = 0; i < Frames; i++)
        {
            writer.Write(new PartDelta(0, " token"), output);
        }

        writer.Write(new PartEnded(0), output);
        writer.Write(new ChoiceStopped(0, new Stop(StopReason.EndTurn, Raw: null)), output);
        writer.Write(new UsageReported(new Usage { InputTokens = 500, OutputTokens = Frames }), output);
        writer.Write(AnswerEnded.Instance, output);
        return output.WrittenSpan.ToArray();
    }

    private static ChatResponse Answer() => new()
    {
        Dialect = Dialect.OpenAiChat,
        Id = "answer_1",
        Model = "model",
        Created = 1_700_000_000,
        Choices = [new ChatChoice(0, [new TextPart(new string('a', 300))], new Stop(StopReason.EndTurn, Raw: null))],
        Usage = new Usage { InputTokens = 500, CacheReadTokens = 100, OutputTokens = 80 },
    };

    private static RequestContext Context() => new("model", TargetRules.None, new DroppedParameters()) { MaxOutputTokens = 8192 };

    private static AnswerContext AnswerContext(ChatRequest request) => new(request, "01benchbenchbenchbenchbench", "model", 1_700_000_000);

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(output, JsonWriting.Options))
        {
            write(writer);
        }

        return output.WrittenSpan.ToArray();
    }

    private static string RequestText()
    {
        using var stream = typeof(Translation).Assembly.GetManifestResourceStream("request.json")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
