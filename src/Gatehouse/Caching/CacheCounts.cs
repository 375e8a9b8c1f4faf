namespace Gatehouse.Caching;

/// <summary>What the cache has done for one route, since the start of the gateway.</summary>
internal sealed class CacheCounts
{
    public long Hits;
    public long Semantic;
    public long Shared;
    public long Misses;
    public long Stores;
    public long SavedNanoUsd;
    public long Verified;
    public long Differed;
    public long NotVerified;

    public void Hit(long? savedNanoUsd, bool isShared, bool isSemantic)
    {
        _ = Interlocked.Increment(ref Hits);
        _ = Interlocked.Add(ref SavedNanoUsd, savedNanoUsd ?? 0);
        if (isSemantic)
        {
            _ = Interlocked.Increment(ref Semantic);
        }

        if (isShared)
        {
            _ = Interlocked.Increment(ref Shared);
        }
    }

    /// <param name="isSame">Null when the provider gave no answer to compare with.</param>
    public void Compared(bool? isSame) =>
        _ = isSame is null ? Interlocked.Increment(ref NotVerified) : isSame == true ? Interlocked.Increment(ref Verified) : Interlocked.Increment(ref Verified) + Interlocked.Increment(ref Differed);
}
