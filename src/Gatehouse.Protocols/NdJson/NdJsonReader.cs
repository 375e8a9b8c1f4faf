using Gatehouse.Protocols.Buffers;

namespace Gatehouse.Protocols.NdJson;

/// <summary>
/// Splits the bytes of <c>application/x-ndjson</c> into lines, one JSON text each. Lines end in LF or CRLF; blank ones are left out. The
/// same bytes give the same lines however they arrive.
/// </summary>
/// <remarks>
/// The stream is read straight into <see cref="GetMemory"/>. Between lines no buffer is held, so an idle stream costs none.
/// </remarks>
public sealed class NdJsonReader : IDisposable
{
    private readonly int _maxLineLength;
    private StreamBuffer _buffer;

    /// <summary>How much of what is unread was searched for the end of the line.</summary>
    private int _searched;

    /// <param name="maxLineLength">A longer line is an error, in bytes.</param>
    public NdJsonReader(int maxLineLength)
    {
        _maxLineLength = maxLineLength;
    }

    /// <summary>True when the unfinished line is longer than allowed: the stream cannot be read further.</summary>
    public bool IsLineTooLong => _buffer.Length > _maxLineLength;

    /// <summary>Bytes of a line that has not ended yet.</summary>
    public ReadOnlySpan<byte> Unfinished => _buffer.Unread;

    /// <summary>Room for the next bytes of the stream, at least <paramref name="sizeHint"/>.</summary>
    public Memory<byte> GetMemory(int sizeHint) => _buffer.GetMemory(sizeHint);

    /// <summary>Says how many bytes were put into the memory handed out.</summary>
    public void Advance(int count) => _buffer.Advance(count);

    /// <summary>
    /// The next whole line without what ended it; valid until the next call of <see cref="GetMemory"/> or <see cref="ReleaseBuffer"/>.
    /// </summary>
    public bool TryReadLine(out ReadOnlySpan<byte> line)
    {
        while (true)
        {
            var unread = _buffer.Unread;
            var found = unread[_searched..].IndexOf((byte)'\n');
            if (found < 0)
            {
                _searched = unread.Length;
                line = default;
                return false;
            }

            line = Trim(unread[..(_searched + found)]);
            _buffer.Consume(_searched + found + 1);
            _searched = 0;
            if (!line.IsEmpty)
            {
                return true;
            }
        }
    }

    /// <summary>After the end of the stream: the last line, which need not have a line end. Whether it is whole only its JSON can tell.</summary>
    public bool TryReadLastLine(out ReadOnlySpan<byte> line)
    {
        line = Trim(_buffer.Unread);
        _buffer.Consume(_buffer.Length);
        _searched = 0;
        return !line.IsEmpty;
    }

    /// <summary>Gives the buffer back while nothing unfinished is in it.</summary>
    public void ReleaseBuffer() => _buffer.ReleaseWhenEmpty();

    public void Dispose() => _buffer.Release();

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> line) => line.Trim(" \t\r"u8);
}
