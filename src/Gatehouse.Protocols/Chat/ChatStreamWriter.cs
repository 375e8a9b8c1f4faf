using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Chat;

/// <summary>Writes one streamed answer, with its framing. Keeps the invariants of its dialect, whatever the order of the events.</summary>
#pragma warning disable CA1001 // The JSON writer holds nothing but a reference to the output, which is not its own.
public abstract class ChatStreamWriter
#pragma warning restore CA1001
{
    private Utf8JsonWriter? _json;

    /// <summary>For the answer's head.</summary>
    public virtual string ContentType => "text/event-stream";

    /// <summary>Writes what an event means, at once where the dialect allows it; for <see cref="AnswerEnded"/> the proper ending.</summary>
    public abstract void Write(ChatStreamEvent streamEvent, IBufferWriter<byte> output);

    /// <summary>Ends a stream that failed after its beginning: the dialect's error event and its proper ending, never a clean one.</summary>
    public abstract void WriteFailure(ChatError error, IBufferWriter<byte> output);

    /// <summary>
    /// The ending that was written was thrown away before anybody saw it: the answer fails after all, and <see cref="WriteFailure"/> is next.
    /// </summary>
    public virtual void TakeBackEnd()
    {
    }

    /// <summary>Begins a server-sent event; its data is to be written with what is returned.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="eventName">Empty for none.</param>
    protected Utf8JsonWriter BeginFrame(IBufferWriter<byte> output, ReadOnlySpan<byte> eventName = default)
    {
        if (!eventName.IsEmpty)
        {
            output.Write("event: "u8);
            output.Write(eventName);
            output.Write("\n"u8);
        }

        output.Write("data: "u8);
        return BeginJson(output);
    }

    protected void EndFrame(IBufferWriter<byte> output)
    {
        _json!.Flush();
        output.Write("\n\n"u8);
    }

    /// <summary>Begins a JSON text; <see cref="Utf8JsonWriter.Flush"/> ends it.</summary>
    protected Utf8JsonWriter BeginJson(IBufferWriter<byte> output)
    {
        if (_json is null)
        {
            _json = new Utf8JsonWriter(output, JsonWriting.Options);
        }
        else
        {
            _json.Reset(output);
        }

        return _json;
    }
}
