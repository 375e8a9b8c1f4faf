using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.NdJson;
using Gatehouse.Protocols.Sse;

namespace Gatehouse.Protocols.Tests.Recorded;

/// <summary>Reads what was recorded and writes it in the same dialect again: nothing may be lost.</summary>
internal static class RoundTrip
{
    public static void Request(DialectCodec codec, RecordedCase recorded)
    {
        var request = codec.ReadRequest(recorded.RequestJson);
        var dropped = new DroppedParameters();
        var context = new RequestContext(request.Model.Length > 0 ? request.Model : recorded.Model ?? "", TargetRules.None, dropped);
        AssertSame(recorded.Id, "request", recorded.RequestJson, Write(writer => codec.WriteRequest(request, context, writer)));
        Assert.Empty(dropped.Names);
    }

    public static void Response(DialectCodec codec, RecordedCase recorded)
    {
        var response = codec.ReadResponse(recorded.ResponseJson, "fallback");
        AssertSame(recorded.Id, "response", recorded.ResponseJson, Write(writer => codec.WriteResponse(response, Context(codec.Dialect), writer)));
    }

    /// <summary>The stream, written anew and read again, is the same answer.</summary>
    /// <param name="codec">Of a dialect that is framed as server-sent events, or as lines.</param>
    public static void Stream(DialectCodec codec, RecordedCase recorded)
    {
        var events = ReadStream(codec, recorded.Response!);
        var first = Collect(codec.Dialect, events);
        Assert.True(first.HasEnded || first.Error is not null, "the recorded stream has no end");
        var output = new ArrayBufferWriter<byte>();
        var writer = codec.NewStreamWriter(Context(codec.Dialect));
        foreach (var streamEvent in events)
        {
            if (streamEvent is AnswerFailed failed)
            {
                writer.WriteFailure(failed.Error, output);
            }
            else
            {
                writer.Write(streamEvent, output);
            }
        }

        var second = Collect(codec.Dialect, ReadStream(codec, output.WrittenSpan.ToArray()));
        Assert.Equal(first.HasEnded, second.HasEnded);
        Assert.Equal(first.Error?.Message, second.Error?.Message);
        AssertSame(recorded.Id, "stream", Json(codec, first.ToResponse()), Json(codec, second.ToResponse()));
    }

    /// <summary>All events of a stream of server-sent events, or of lines.</summary>
    public static List<ChatStreamEvent> ReadStream(DialectCodec codec, byte[] stream)
    {
        if (codec.Framing == StreamFraming.JsonLines)
        {
            return ReadLines(codec, stream);
        }

        var events = new List<ChatStreamEvent>();
        var reader = codec.NewStreamReader("fallback");
        using var frames = new SseFrameReader(16 * 1024 * 1024);
        stream.CopyTo(frames.GetMemory(stream.Length + 2));
        frames.Advance(stream.Length);
        // Some recordings lack the last blank line.
        "\n\n"u8.CopyTo(frames.GetMemory(2).Span);
        frames.Advance(2);
        while (frames.TryReadFrame(out var bytes))
        {
            var frame = SseFrame.Parse(bytes);
            if (frame.HasData)
            {
                reader.Read(frame.EventName, frame.Data, events);
            }
        }

        if (events is not [.., AnswerEnded or AnswerFailed])
        {
            reader.EndOfStream(events);
        }

        return events;
    }

    private static List<ChatStreamEvent> ReadLines(DialectCodec codec, byte[] stream)
    {
        var events = new List<ChatStreamEvent>();
        var reader = codec.NewStreamReader("fallback");
        using var lines = new NdJsonReader(16 * 1024 * 1024);
        stream.CopyTo(lines.GetMemory(stream.Length));
        lines.Advance(stream.Length);
        while (lines.TryReadLine(out var line) || lines.TryReadLastLine(out line))
        {
            reader.Read([], line, events);
        }

        if (events is not [.., AnswerEnded or AnswerFailed])
        {
            reader.EndOfStream(events);
        }

        return events;
    }

    public static AnswerCollector Collect(Dialect dialect, IEnumerable<ChatStreamEvent> events)
    {
        var collector = new AnswerCollector(dialect);
        foreach (var streamEvent in events)
        {
            collector.Add(streamEvent);
        }

        return collector;
    }

    public static JsonElement Write(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, JsonWriting.Options))
        {
            write(writer);
        }

        return JsonDocument.Parse(output.WrittenMemory).RootElement;
    }

    public static AnswerContext Context(Dialect dialect) =>
        new(new ChatRequest { Dialect = dialect, Model = "asked", IncludeUsage = true }, "01testtesttesttesttesttest", "asked", 1_700_000_000);

    private static JsonElement Json(DialectCodec codec, ChatResponse response) =>
        Write(writer => codec.WriteResponse(response, Context(codec.Dialect), writer));

    private static void AssertSame(string id, string what, JsonElement expected, JsonElement actual)
    {
        var differences = JsonDifference.Between(expected, actual).Where(d => !RoundTripExceptions.Covers(id, what, d)).ToList();
        Assert.True(differences.Count == 0, $"{what} of {id}:\n" + string.Join('\n', differences.Take(20)));
    }
}
