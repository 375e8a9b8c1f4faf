using System.Buffers;

namespace Gatehouse.Protocols.Sse;

/// <summary>
/// Splits the bytes of an event stream (WHATWG HTML, 9.2 Server-sent events) into frames: all lines up to and including the blank line
/// that dispatches an event. Lines may end in LF, CRLF or CR. A frame is handed out as received, so that it can be relayed untouched;
/// the same bytes give the same frames however they arrive.
/// </summary>
/// <remarks>
/// The stream is read straight into <see cref="GetMemory"/>. Between frames no buffer is held, so an idle stream costs none.
/// </remarks>
public sealed class SseFrameReader : IDisposable
{
    private readonly int _maxFrameLength;
    private byte[]? _buffer;
    private int _start;
    private int _end;
    private int _scan;
    private int _lineStart;
    private bool _lastLineEndedInCr;

    /// <param name="maxFrameLength">A longer frame is an error, in bytes.</param>
    public SseFrameReader(int maxFrameLength)
    {
        _maxFrameLength = maxFrameLength;
    }

    /// <summary>True when the unfinished frame is longer than allowed: the stream cannot be read further.</summary>
    public bool IsFrameTooLong => _end - _start > _maxFrameLength;

    /// <summary>Bytes of a frame that has not ended yet.</summary>
    public ReadOnlySpan<byte> Unfinished => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Room for the next bytes of the stream, at least <paramref name="sizeHint"/>.</summary>
    public Memory<byte> GetMemory(int sizeHint)
    {
        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(sizeHint);
        }
        else if (_buffer.Length - _end < sizeHint)
        {
            MakeRoom(sizeHint);
        }

        return _buffer.AsMemory(_end);
    }

    /// <summary>Says how many bytes were put into the memory handed out.</summary>
    public void Advance(int count) => _end += count;

    /// <summary>The next whole frame; valid until the next call of <see cref="GetMemory"/> or <see cref="ReleaseBuffer"/>.</summary>
    public bool TryReadFrame(out ReadOnlySpan<byte> frame)
    {
        var data = _buffer.AsSpan(0, _end);
        while (true)
        {
            var found = data[_scan..].IndexOfAny((byte)'\n', (byte)'\r');
            if (found < 0)
            {
                _scan = _end;
                frame = default;
                return false;
            }

            var lineEnd = _scan + found;
            var isBlank = lineEnd == _lineStart;
            var next = lineEnd + 1;
            var endsInCr = data[lineEnd] == '\r';
            if (endsInCr && !(isBlank && _lastLineEndedInCr))
            {
                if (next == _end)
                {
                    // It may be the first half of CRLF.
                    _scan = lineEnd;
                    frame = default;
                    return false;
                }

                if (data[next] == '\n')
                {
                    next++;
                    endsInCr = false;
                }
            }

            _scan = _lineStart = next;
            _lastLineEndedInCr = endsInCr;
            if (isBlank)
            {
                frame = data[_start..next];
                _start = next;
                _lastLineEndedInCr = false;
                return true;
            }
        }
    }

    /// <summary>Gives the buffer back while nothing unfinished is in it.</summary>
    public void ReleaseBuffer()
    {
        if (_start == _end && _buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
            _start = _end = _scan = _lineStart = 0;
        }
    }

    public void Dispose()
    {
        _start = _end;
        ReleaseBuffer();
    }

    private void MakeRoom(int sizeHint)
    {
        var unfinished = _end - _start;
        var target = _buffer!;
        if (target.Length - unfinished < sizeHint)
        {
            target = ArrayPool<byte>.Shared.Rent(Math.Max(unfinished + sizeHint, _buffer!.Length * 2));
        }

        _buffer.AsSpan(_start, unfinished).CopyTo(target);
        if (target != _buffer)
        {
            ArrayPool<byte>.Shared.Return(_buffer!);
        }

        _buffer = target;
        _scan -= _start;
        _lineStart -= _start;
        _end = unfinished;
        _start = 0;
    }
}
