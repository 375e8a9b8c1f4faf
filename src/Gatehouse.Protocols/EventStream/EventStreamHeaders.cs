using System.Buffers.Binary;

namespace Gatehouse.Protocols.EventStream;

/// <summary>The headers of a message, read one by one: <c>foreach (var header in message.Headers)</c>.</summary>
public ref struct EventStreamHeaders
{
    private ReadOnlySpan<byte> _rest;

    internal EventStreamHeaders(ReadOnlySpan<byte> headers) => _rest = headers;

    public EventStreamHeader Current { get; private set; }

    /// <summary>False at the end, and where the bytes are not a header; <see cref="IsAtEnd"/> tells which.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        int nameLength = _rest[0];
        if (nameLength == 0 || _rest.Length < nameLength + 2)
        {
            return false;
        }

        var type = _rest[1 + nameLength];
        var value = _rest[(nameLength + 2)..];
        var prefix = 0;
        int length;
        switch ((EventStreamValueType)type)
        {
            case EventStreamValueType.True or EventStreamValueType.False:
                length = 0;
                break;
            case EventStreamValueType.Number8:
                length = 1;
                break;
            case EventStreamValueType.Number16:
                length = 2;
                break;
            case EventStreamValueType.Number32:
                length = 4;
                break;
            case EventStreamValueType.Number64 or EventStreamValueType.Timestamp:
                length = 8;
                break;
            case EventStreamValueType.Uuid:
                length = 16;
                break;
            case EventStreamValueType.Bytes or EventStreamValueType.Text when value.Length >= 2:
                prefix = 2;
                length = BinaryPrimitives.ReadUInt16BigEndian(value);
                break;
            default:
                return false;
        }

        if (value.Length < prefix + length)
        {
            return false;
        }

        Current = new EventStreamHeader(_rest.Slice(1, nameLength), (EventStreamValueType)type, value.Slice(prefix, length));
        _rest = value[(prefix + length)..];
        return true;
    }

    public readonly EventStreamHeaders GetEnumerator() => this;

    internal readonly bool IsAtEnd => _rest.IsEmpty;
}
