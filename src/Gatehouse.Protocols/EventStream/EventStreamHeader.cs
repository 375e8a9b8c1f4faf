namespace Gatehouse.Protocols.EventStream;

/// <summary>The types of header values, by their number on the wire.</summary>
public enum EventStreamValueType
{
    /// <summary>No bytes follow; so with <see cref="False"/>.</summary>
    True = 0,
    False = 1,

    /// <summary>One byte, signed.</summary>
    Number8 = 2,

    /// <summary>Two bytes, big-endian, as all numbers here.</summary>
    Number16 = 3,
    Number32 = 4,
    Number64 = 5,

    /// <summary>A length of two bytes and as many bytes.</summary>
    Bytes = 6,

    /// <summary>A length of two bytes and as many bytes of UTF-8.</summary>
    Text = 7,

    /// <summary>Milliseconds since 1970, eight bytes.</summary>
    Timestamp = 8,

    /// <summary>Sixteen bytes.</summary>
    Uuid = 9,
}

/// <summary>One header of a message. Its spans live as long as the message's.</summary>
public readonly ref struct EventStreamHeader
{
    internal EventStreamHeader(ReadOnlySpan<byte> name, EventStreamValueType type, ReadOnlySpan<byte> value)
    {
        Name = name;
        Type = type;
        Value = value;
    }

    public ReadOnlySpan<byte> Name { get; }

    public EventStreamValueType Type { get; }

    /// <summary>The bytes of the value without the length before them.</summary>
    public ReadOnlySpan<byte> Value { get; }
}
