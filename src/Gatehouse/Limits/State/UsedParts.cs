using System.Buffers;

namespace Gatehouse.Limits.State;

/// <summary>Parts of one account, and how they are written: integers of variable length (LEB128), signed ones as zigzag.</summary>
internal sealed class UsedParts
{
    private readonly List<UsedPart> _parts = [];

    public IReadOnlyList<UsedPart> All => _parts;

    public long Until => _parts.Count == 0 ? 0 : _parts.Max(part => part.Until);

    public void Add(UsedPart part)
    {
        var known = _parts.FindIndex(other => other.From == part.From);
        if (known < 0)
        {
            _parts.Add(part);
        }
        else
        {
            _parts[known] = _parts[known].With(part);
        }
    }

    /// <summary>Leaves out what counts no more.</summary>
    public void Trim(long now) => _parts.RemoveAll(part => part.Until <= now);

    public static UsedParts Read(ReadOnlySpan<byte> bytes)
    {
        var parts = new UsedParts();
        while (TryRead(ref bytes, out var part))
        {
            parts.Add(part);
        }

        return parts;
    }

    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        foreach (var part in _parts)
        {
            Write(buffer, part);
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static void Write(ArrayBufferWriter<byte> to, in UsedPart part)
    {
        Write(to, part.From);
        Write(to, part.Until);
        Write(to, part.Used);
    }

    public static bool TryRead(ref ReadOnlySpan<byte> bytes, out UsedPart part)
    {
        if (TryReadNumber(ref bytes, out var from) && TryReadNumber(ref bytes, out var until) && TryReadNumber(ref bytes, out var used))
        {
            part = new UsedPart(from, until, used);
            return true;
        }

        part = default;
        return false;
    }

    public static void Write(ArrayBufferWriter<byte> to, long value)
    {
        var left = (ulong)((value << 1) ^ (value >> 63));
        var span = to.GetSpan(10);
        var length = 0;
        for (; left >= 0x80; left >>= 7)
        {
            span[length++] = (byte)(left | 0x80);
        }

        span[length++] = (byte)left;
        to.Advance(length);
    }

    public static bool TryReadNumber(ref ReadOnlySpan<byte> bytes, out long value)
    {
        ulong read = 0;
        for (var i = 0; i < bytes.Length && i < 10; i++)
        {
            read |= (ulong)(bytes[i] & 0x7f) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                value = (long)(read >> 1) ^ -(long)(read & 1);
                return true;
            }
        }

        value = 0;
        return false;
    }
}
