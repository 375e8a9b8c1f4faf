using System.Buffers;

namespace Gatehouse.Protocols.Sse;

/// <summary>The fields of one frame of an event stream (WHATWG HTML, 9.2.6 Interpreting an event stream).</summary>
public readonly ref struct SseFrame
{
    private SseFrame(ReadOnlySpan<byte> data, ReadOnlySpan<byte> eventName, bool hasData)
    {
        Data = data;
        EventName = eventName;
        HasData = hasData;
    }

    /// <summary>The value of the data field; several data lines are joined by LF.</summary>
    public ReadOnlySpan<byte> Data { get; }

    public ReadOnlySpan<byte> EventName { get; }

    /// <summary>False for a frame of comments only.</summary>
    public bool HasData { get; }

    /// <param name="frame">One frame as <see cref="SseFrameReader"/> hands it out.</param>
    public static SseFrame Parse(ReadOnlySpan<byte> frame)
    {
        ReadOnlySpan<byte> data = default;
        ReadOnlySpan<byte> eventName = default;
        ArrayBufferWriter<byte>? joined = null;
        var hasData = false;
        while (!frame.IsEmpty)
        {
            var lineEnd = frame.IndexOfAny((byte)'\n', (byte)'\r');
            var line = lineEnd < 0 ? frame : frame[..lineEnd];
            frame = lineEnd < 0 ? default : frame[(lineEnd + 1)..];

            if (IsField(line, "data"u8, out var value))
            {
                if (hasData)
                {
                    // Rare: no provider of today splits its data, but the standard allows it.
                    joined ??= Start(data);
                    joined.Write("\n"u8);
                    joined.Write(value);
                }

                data = value;
                hasData = true;
            }
            else if (IsField(line, "event"u8, out value))
            {
                eventName = value;
            }
        }

        return new SseFrame(joined is null ? data : joined.WrittenSpan, eventName, hasData);
    }

    private static ArrayBufferWriter<byte> Start(ReadOnlySpan<byte> first)
    {
        var joined = new ArrayBufferWriter<byte>();
        joined.Write(first);
        return joined;
    }

    private static bool IsField(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!line.StartsWith(name))
        {
            return false;
        }

        var rest = line[name.Length..];
        if (rest.IsEmpty)
        {
            return true;
        }

        if (rest[0] != ':')
        {
            return false;
        }

        // "If value starts with a U+0020 SPACE character, remove it from value."
        value = rest.Length > 1 && rest[1] == ' ' ? rest[2..] : rest[1..];
        return true;
    }
}
