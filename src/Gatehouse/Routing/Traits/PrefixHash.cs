using System.Buffers.Binary;

namespace Gatehouse.Routing.Traits;

/// <summary>
/// A 64-bit hash of texts one after the other, the same in every process and release: replicas that hash alike send alike. Spreads well
/// (multiply and fold, as in wyhash); it keeps no secret and withstands no attacker, who could only choose where the own requests go.
/// </summary>
internal struct PrefixHash
{
    private const ulong A = 0xA0761D6478BD642F;
    private const ulong B = 0xE7037ED1A0B428DB;

    public ulong Value { get; private set; }

    /// <summary>Adds a text; two texts are not the same as both in one.</summary>
    /// <param name="text">Its bytes, or the first of them.</param>
    /// <param name="length">Of the whole text in bytes.</param>
    public void Add(ReadOnlySpan<byte> text, long length)
    {
        var hash = Fold(Value ^ A, (ulong)length ^ B);
        for (; text.Length >= 16; text = text[16..])
        {
            hash = Fold(BinaryPrimitives.ReadUInt64LittleEndian(text) ^ A, BinaryPrimitives.ReadUInt64LittleEndian(text[8..]) ^ hash);
        }

        if (!text.IsEmpty)
        {
            Span<byte> tail = stackalloc byte[16];
            tail.Clear();
            text.CopyTo(tail);
            hash = Fold(BinaryPrimitives.ReadUInt64LittleEndian(tail) ^ A, BinaryPrimitives.ReadUInt64LittleEndian(tail[8..]) ^ hash);
        }

        Value = hash;
    }

    public void Add(ulong value) => Value = Fold(Value ^ A, value ^ B);

    private static ulong Fold(ulong x, ulong y)
    {
        var high = Math.BigMul(x, y, out var low);
        return high ^ low;
    }
}
