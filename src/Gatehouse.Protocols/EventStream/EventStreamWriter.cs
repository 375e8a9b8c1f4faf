using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Gatehouse.Protocols.EventStream;

/// <summary>Writes the messages that <see cref="EventStreamReader"/> reads.</summary>
public static class EventStreamWriter
{
    /// <summary>An event with a JSON payload.</summary>
    /// <param name="eventType">Such as <c>contentBlockDelta</c>.</param>
    public static void WriteEvent(IBufferWriter<byte> output, string eventType, ReadOnlySpan<byte> payload) => WriteMessage(
        output, [Text(":event-type", eventType), Text(":content-type", "application/json"), Text(":message-type", "event")], payload);

    /// <summary>A failure with a JSON payload, usually <c>{"message": ...}</c>.</summary>
    /// <param name="exceptionType">Such as <c>throttlingException</c>.</param>
    public static void WriteException(IBufferWriter<byte> output, string exceptionType, ReadOnlySpan<byte> payload) => WriteMessage(
        output, [Text(":exception-type", exceptionType), Text(":content-type", "application/json"), Text(":message-type", "exception")], payload);

    /// <summary>A message of any headers.</summary>
    /// <exception cref="ArgumentException">A name is not 1 to 255 bytes, a value not as long as its type says, or the headers exceed 128 KiB.</exception>
    public static void WriteMessage(
        IBufferWriter<byte> output, ReadOnlySpan<(string Name, EventStreamValueType Type, ReadOnlyMemory<byte> Value)> headers, ReadOnlySpan<byte> payload)
    {
        var headersLength = 0;
        foreach (var (name, type, value) in headers)
        {
            var nameLength = Encoding.UTF8.GetByteCount(name);
            if (nameLength is 0 or > byte.MaxValue || !IsLength(type, value.Length))
            {
                throw new ArgumentException($"'{name}' is not the name of a header, or its value of {value.Length} bytes no {type}.", nameof(headers));
            }

            headersLength += 2 + nameLength + (HasLength(type) ? 2 : 0) + value.Length;
        }

        if (headersLength > EventStreamReader.MaxHeadersLength)
        {
            throw new ArgumentException("The headers are longer than 128 KiB.", nameof(headers));
        }

        var total = checked(EventStreamReader.PreludeLength + headersLength + payload.Length + EventStreamReader.ChecksumLength);
        var message = output.GetSpan(total)[..total];
        BinaryPrimitives.WriteInt32BigEndian(message, total);
        BinaryPrimitives.WriteInt32BigEndian(message[4..], headersLength);
        BinaryPrimitives.WriteUInt32BigEndian(message[8..], Crc32.Compute(message[..8]));
        var rest = message[EventStreamReader.PreludeLength..];
        foreach (var (name, type, value) in headers)
        {
            var nameLength = Encoding.UTF8.GetBytes(name, rest[1..]);
            rest[0] = (byte)nameLength;
            rest[1 + nameLength] = (byte)type;
            rest = rest[(2 + nameLength)..];
            if (HasLength(type))
            {
                BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)value.Length);
                rest = rest[2..];
            }

            value.Span.CopyTo(rest);
            rest = rest[value.Length..];
        }

        payload.CopyTo(rest);
        var end = total - EventStreamReader.ChecksumLength;
        BinaryPrimitives.WriteUInt32BigEndian(message[end..], Crc32.Compute(message[..end]));
        output.Advance(total);
    }

    private static (string Name, EventStreamValueType Type, ReadOnlyMemory<byte> Value) Text(string name, string value) =>
        (name, EventStreamValueType.Text, Encoding.UTF8.GetBytes(value));

    private static bool HasLength(EventStreamValueType type) => type is EventStreamValueType.Bytes or EventStreamValueType.Text;

    private static bool IsLength(EventStreamValueType type, int length) => type switch
    {
        EventStreamValueType.True or EventStreamValueType.False => length == 0,
        EventStreamValueType.Number8 => length == 1,
        EventStreamValueType.Number16 => length == 2,
        EventStreamValueType.Number32 => length == 4,
        EventStreamValueType.Number64 or EventStreamValueType.Timestamp => length == 8,
        EventStreamValueType.Uuid => length == 16,
        EventStreamValueType.Bytes or EventStreamValueType.Text => length <= ushort.MaxValue,
        _ => false,
    };
}
