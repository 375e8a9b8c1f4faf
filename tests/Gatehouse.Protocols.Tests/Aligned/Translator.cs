using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.EventStream;
using Gatehouse.Protocols.Sse;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Aligned;

/// <summary>From one format to another, as the program does it.</summary>
internal static class Translator
{
    /// <returns>The request with the names of what was dropped, or why the target cannot take it.</returns>
    public static (JsonElement? Body, IReadOnlyList<string> Dropped, string? Refused) Request(JsonElement body, WireFormat from, WireFormat to, string model)
    {
        var dropped = new DroppedParameters();
        var context = new RequestContext(model, ShippedRules.Of(to.Provider, model), dropped);
        try
        {
            return (RoundTrip.Write(writer => to.Codec.WriteRequest(from.Codec.ReadRequest(body), context, writer)), dropped.Names, null);
        }
        catch (UnsupportedException exception)
        {
            return (null, [], exception.Message);
        }
    }

    public static JsonElement Answer(JsonElement body, WireFormat from, WireFormat to) =>
        RoundTrip.Write(writer => to.Codec.WriteResponse(from.Codec.ReadResponse(body, "fallback"), RoundTrip.Context(to.Codec.Dialect), writer));

    /// <param name="frames">The recorded events.</param>
    public static List<JsonElement> Stream(IEnumerable<JsonElement> frames, WireFormat from, WireFormat to)
    {
        var reader = from.Codec.NewStreamReader("fallback");
        var writer = to.Codec.NewStreamWriter(RoundTrip.Context(to.Codec.Dialect));
        var output = new ArrayBufferWriter<byte>();
        var events = new List<ChatStreamEvent>();
        foreach (var (name, data) in frames.Select(f => Frame(f, from)))
        {
            reader.Read(Encoding.UTF8.GetBytes(name), data, events);
        }

        if (from.Codec.Dialect == Dialect.OpenAiChat)
        {
            reader.Read([], "[DONE]"u8, events);
        }

        if (events is not [.., AnswerEnded])
        {
            reader.EndOfStream(events);
        }

        Assert.True(events is [.., AnswerEnded], $"the recorded stream has no end: {string.Join(' ', frames.TakeLast(2)).ReplaceLineEndings(" ")}");
        events.ForEach(e => writer.Write(e, output));
        return to.Codec.Framing == StreamFraming.AwsEventStream ? EventsOf(output.WrittenSpan) : FramesOf(output.WrittenSpan);
    }

    private static (string Name, byte[] Data) Frame(JsonElement frame, WireFormat from)
    {
        if (from.Codec.Framing == StreamFraming.AwsEventStream)
        {
            var member = frame.EnumerateObject().Single();
            return (member.Name, Encoding.UTF8.GetBytes(member.Value.GetRawText()));
        }

        return (frame.Text("type") ?? "", Encoding.UTF8.GetBytes(frame.GetRawText()));
    }

    private static List<JsonElement> FramesOf(ReadOnlySpan<byte> stream)
    {
        var events = new List<JsonElement>();
        using var frames = new SseFrameReader(16 * 1024 * 1024);
        stream.CopyTo(frames.GetMemory(stream.Length).Span);
        frames.Advance(stream.Length);
        while (frames.TryReadFrame(out var bytes))
        {
            var frame = SseFrame.Parse(bytes);
            if (frame.HasData && !frame.Data.SequenceEqual("[DONE]"u8))
            {
                events.Add(JsonDocument.Parse(frame.Data.ToArray()).RootElement);
            }
        }

        return events;
    }

    private static List<JsonElement> EventsOf(ReadOnlySpan<byte> stream)
    {
        var events = new List<JsonElement>();
        using var reader = new EventStreamReader(16 * 1024 * 1024);
        stream.CopyTo(reader.GetMemory(stream.Length).Span);
        reader.Advance(stream.Length);
        while (reader.TryReadMessage(out var message))
        {
            events.Add(JsonDocument.Parse($"{{\"{Encoding.UTF8.GetString(message.EventType)}\":{Encoding.UTF8.GetString(message.Payload)}}}").RootElement);
        }

        return events;
    }
}
