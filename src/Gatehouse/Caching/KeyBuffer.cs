using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Gatehouse.Caching;

/// <summary>Where the text of a key is put together. It is kept by its thread, as long as it is small.</summary>
internal sealed class KeyBuffer : IBufferWriter<byte>, IDisposable
{
    private const int Small = 256 * 1024;

    [ThreadStatic]
    private static KeyBuffer? _free;

    private byte[] _bytes = new byte[8 * 1024];
    private byte[] _scratch = [];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public byte[] Bytes => _bytes;

    public static KeyBuffer Take()
    {
        var buffer = _free ?? new KeyBuffer();
        _free = null;
        buffer.Length = 0;
        return buffer;
    }

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(Length);
    }

    public void Add(byte value)
    {
        Reserve(1);
        _bytes[Length++] = value;
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    /// <summary>A text with its length before it, so that no two lists of texts are written alike. Null is not empty.</summary>
    public void AddField(string? text)
    {
        var length = text is null ? 0 : Encoding.UTF8.GetMaxByteCount(text.Length);
        Reserve(sizeof(int) + length);
        var written = text is null ? -1 : Encoding.UTF8.GetBytes(text, _bytes.AsSpan(Length + sizeof(int)));
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(Length), written);
        Length += sizeof(int) + Math.Max(written, 0);
    }

    public void Truncate(int length) => Length = length;

    /// <summary>Puts runs that follow each other from a place on, up to the end, into another order.</summary>
    public void Reorder(int start, ReadOnlySpan<JsonRun> order)
    {
        if (_scratch.Length < Length - start)
        {
            _scratch = new byte[Math.Max(Length - start, 2 * _scratch.Length)];
        }

        var at = 0;
        foreach (var run in order)
        {
            var piece = _bytes.AsSpan(run.Start, run.End - run.Start);
            piece.CopyTo(_scratch.AsSpan(at));
            at += piece.Length;
        }

        _scratch.AsSpan(0, at).CopyTo(_bytes.AsSpan(start));
    }

    public void Dispose()
    {
        if (_bytes.Length <= Small && _scratch.Length <= Small)
        {
            _free = this;
        }
    }

    private void Reserve(int count)
    {
        if (_bytes.Length - Length < Math.Max(1, count))
        {
            Array.Resize(ref _bytes, Math.Max(Length + count, 2 * _bytes.Length));
        }
    }
}

/// <summary>A member of an object in a buffer: from its name, with the quote before it, to behind its value.</summary>
internal readonly record struct JsonRun(int Start, int NameEnd, int End);
