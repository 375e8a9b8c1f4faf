using System.Buffers.Binary;
using Gatehouse.Protocols.Buffers;

namespace Gatehouse.Protocols.EventStream;

/// <summary>
/// Splits the bytes of an <c>application/vnd.amazon.eventstream</c> into messages and checks both of their checksums. A message is: its
/// length, the length of its headers, the CRC-32 of these eight bytes (together the prelude), the headers, the payload, the CRC-32 of all
/// that; numbers are big-endian, four bytes (AWS, "Event stream encoding"). The same bytes give the same messages however they arrive.
/// </summary>
/// <remarks>
/// The stream is read straight into <see cref="GetMemory"/>. Between messages no buffer is held, so an idle stream costs none.
/// </remarks>
public sealed class EventStreamReader : IDisposable
{
    internal const int PreludeLength = 12;
    internal const int ChecksumLength = 4;

    /// <summary>As long as AWS's own implementations let the headers be (aws-c-event-stream, event_stream.h).</summary>
    internal const int MaxHeadersLength = 128 * 1024;

    private readonly int _maxMessageLength;
    private StreamBuffer _buffer;

    /// <param name="maxMessageLength">A longer message is an error, in bytes with all its parts.</param>
    public EventStreamReader(int maxMessageLength)
    {
        _maxMessageLength = maxMessageLength;
    }

    /// <summary>What is wrong with the stream. It stays once it is set: no message is read any more.</summary>
    public EventStreamError Error { get; private set; }

    /// <summary>Bytes of a message that has not ended yet. A stream that ends while there are some was cut.</summary>
    public ReadOnlySpan<byte> Unfinished => _buffer.Unread;

    /// <summary>Room for the next bytes of the stream, at least <paramref name="sizeHint"/>.</summary>
    public Memory<byte> GetMemory(int sizeHint) => _buffer.GetMemory(sizeHint);

    /// <summary>Says how many bytes were put into the memory handed out.</summary>
    public void Advance(int count) => _buffer.Advance(count);

    /// <summary>The next whole message; false when there is none yet, or when <see cref="Error"/> says why there never will be.</summary>
    public bool TryReadMessage(out EventStreamMessage message)
    {
        message = default;
        var unread = _buffer.Unread;
        if (Error != EventStreamError.None || unread.Length < PreludeLength)
        {
            return false;
        }

        var totalLength = BinaryPrimitives.ReadUInt32BigEndian(unread);
        var headersLength = BinaryPrimitives.ReadUInt32BigEndian(unread[4..]);
        Error = CheckPrelude(unread, totalLength, headersLength);
        if (Error != EventStreamError.None || (uint)unread.Length < totalLength)
        {
            return false;
        }

        var content = unread[..((int)totalLength - ChecksumLength)];
        var headers = content.Slice(PreludeLength, (int)headersLength);
        Error = Crc32.Compute(content) != BinaryPrimitives.ReadUInt32BigEndian(unread[content.Length..]) ? EventStreamError.MessageChecksum
            : !AreValid(headers) ? EventStreamError.InvalidHeader
            : EventStreamError.None;
        if (Error != EventStreamError.None)
        {
            return false;
        }

        _buffer.Consume((int)totalLength);
        message = new EventStreamMessage(headers, content[(PreludeLength + (int)headersLength)..]);
        return true;
    }

    /// <summary>Gives the buffer back while nothing unfinished is in it.</summary>
    public void ReleaseBuffer() => _buffer.ReleaseWhenEmpty();

    public void Dispose() => _buffer.Release();

    /// <summary>The checksum first: lengths that are not what was sent must not decide anything.</summary>
    private EventStreamError CheckPrelude(ReadOnlySpan<byte> prelude, uint totalLength, uint headersLength) =>
        Crc32.Compute(prelude[..8]) != BinaryPrimitives.ReadUInt32BigEndian(prelude[8..]) ? EventStreamError.PreludeChecksum
        : totalLength < PreludeLength + ChecksumLength || headersLength > totalLength - PreludeLength - ChecksumLength
            || headersLength > MaxHeadersLength ? EventStreamError.InvalidLength
        : totalLength > (uint)_maxMessageLength ? EventStreamError.MessageTooLong
        : EventStreamError.None;

    private static bool AreValid(ReadOnlySpan<byte> headers)
    {
        var reader = new EventStreamHeaders(headers);
        while (reader.MoveNext())
        {
        }

        return reader.IsAtEnd;
    }
}
