namespace Gatehouse.Routing.Strategies;

/// <summary>
/// 64-bit hashes that are the same in every process and version, and allocate nothing. Not for secrets: who knows the hash can choose
/// where he himself is sent.
/// </summary>
internal static class StableHash
{
    /// <summary>FNV-1a (draft-eastlake-fnv) over UTF-16 code units, then mixed: FNV alone leaves the upper bits of short texts alike.</summary>
    public static ulong Of(ReadOnlySpan<char> text)
    {
        const ulong OffsetBasis = 0xcbf29ce484222325;
        const ulong Prime = 0x00000100000001b3;
        var hash = OffsetBasis;
        foreach (var unit in text)
        {
            hash = (hash ^ unit) * Prime;
        }

        return Mix(hash);
    }

    /// <summary>Depends on the order of the two.</summary>
    public static ulong Combine(ulong first, ulong second) => Mix((first * 0x9e3779b97f4a7c15) ^ second);

    /// <summary>As a number above 0 and below 1.</summary>
    public static double ToFraction(ulong hash) => ((hash >> 11) + 0.5) * (1.0 / (1UL << 53));

    /// <summary>
    /// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014; constants by Stafford, "Mix13"): each bit of input reaches each of output.
    /// </summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
