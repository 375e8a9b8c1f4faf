using System.Buffers.Binary;

namespace Gatehouse.Caching.Semantic;

/// <summary>A SHA-256 over all that must be equal before two texts are compared.</summary>
internal readonly record struct PartitionHash(UInt128 High, UInt128 Low)
{
    /// <param name="hash">32 bytes.</param>
    public static PartitionHash From(ReadOnlySpan<byte> hash) => new(BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));

    /// <summary>Eight bytes to pass over most others with; never zero. Whoever uses it compares the whole hash afterwards.</summary>
    public ulong Tag => (ulong)High | 1;

    public override string ToString() => $"{High:x32}{Low:x32}";
}
