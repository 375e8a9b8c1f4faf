using System.Buffers;

namespace Gatehouse.Protocols.Buffers;

/// <summary>
/// The bytes of a stream between arriving and being read, in one rented array. Given back while nothing unfinished is in it, so that an
/// idle stream holds no memory.
/// </summary>
internal struct StreamBuffer
{
    private byte[]? _array;
    private int _start;
    private int _end;

    /// <summary>What has arrived and was not consumed; valid until the next call of <see cref="GetMemory"/> or <see cref="Release"/>.</summary>
    public readonly ReadOnlySpan<byte> Unread => _array.AsSpan(_start, _end - _start);

    public readonly int Length => _end - _start;

    /// <summary>Room for further bytes, at least <paramref name="sizeHint"/>.</summary>
    public Memory<byte> GetMemory(int sizeHint)
    {
        _array ??= ArrayPool<byte>.Shared.Rent(sizeHint);
        if (_array.Length - _end < sizeHint)
        {
            MakeRoom(sizeHint);
        }

        return _array.AsMemory(_end);
    }

    public void Advance(int count) => _end += count;

    public void Consume(int count) => _start += count;

    /// <summary>Gives the array back when everything in it was consumed.</summary>
    public void ReleaseWhenEmpty()
    {
        if (_start == _end)
        {
            Release();
        }
    }

    public void Release()
    {
        if (_array is { } array)
        {
            _array = null;
            ArrayPool<byte>.Shared.Return(array);
        }

        _start = _end = 0;
    }

    private void MakeRoom(int sizeHint)
    {
        var source = _array!;
        var length = Length;
        var target = source.Length - length < sizeHint ? ArrayPool<byte>.Shared.Rent(Math.Max(length + sizeHint, source.Length * 2)) : source;
        source.AsSpan(_start, length).CopyTo(target);
        if (target != source)
        {
            ArrayPool<byte>.Shared.Return(source);
        }

        _array = target;
        _start = 0;
        _end = length;
    }
}
