using System.Runtime.InteropServices;

namespace Gatehouse.Caching;

/// <summary>The SHA-256 of all that makes two requests the same.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct CacheKey
{
    public const int Length = 32;

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    public CacheKey(ReadOnlySpan<byte> sha256)
    {
        var parts = MemoryMarshal.Cast<byte, ulong>(sha256[..Length]);
        (_a, _b, _c, _d) = (parts[0], parts[1], parts[2], parts[3]);
    }

    /// <summary>Enough to say that a key is not there.</summary>
    public ulong Fingerprint => _a;

    public byte[] ToArray() => MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>([_a, _b, _c, _d])).ToArray();

    public bool Equals(CacheKey other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    public override int GetHashCode() => (int)_b;
}
