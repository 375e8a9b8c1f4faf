namespace Gatehouse.Protocols.EventStream;

/// <summary>
/// Why the bytes are not an event stream. After one of them the stream cannot be read further: where its next message begins is unknown.
/// </summary>
public enum EventStreamError
{
    None,

    /// <summary>The checksum of the two lengths at the beginning of a message is wrong.</summary>
    PreludeChecksum,

    /// <summary>The lengths contradict each other, or the headers are longer than 128 KiB.</summary>
    InvalidLength,

    /// <summary>The message is longer than the reader was told to accept.</summary>
    MessageTooLong,

    /// <summary>The checksum of the whole message is wrong.</summary>
    MessageChecksum,

    /// <summary>A header does not end where it should, has no name or a type that does not exist.</summary>
    InvalidHeader,
}
