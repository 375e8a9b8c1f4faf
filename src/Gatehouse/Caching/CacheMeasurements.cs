using System.Diagnostics.Metrics;

namespace Gatehouse.Caching;

/// <summary>What metrics tell of the cache. It is read when somebody looks.</summary>
internal sealed class CacheMeasurements(AnswerCache cache)
{
    public IEnumerable<Measurement<long>> Lookups() => cache.Counts.SelectMany(route => new Measurement<long>[]
    {
        new(Interlocked.Read(ref route.Value.Hits), new("route", route.Key), new("result", "hit")),
        new(Interlocked.Read(ref route.Value.Misses), new("route", route.Key), new("result", "miss")),
    });

    public IEnumerable<Measurement<long>> Stores() => cache.Counts.Select(route => new Measurement<long>(Interlocked.Read(ref route.Value.Stores), new KeyValuePair<string, object?>("route", route.Key)));

    public IEnumerable<Measurement<long>> Entries() => ByTier(cache.Memory.Count, cache.Disk?.Count ?? 0);

    public IEnumerable<Measurement<long>> Bytes() => ByTier(cache.Memory.Bytes, cache.Disk?.Bytes ?? 0);

    public IEnumerable<Measurement<long>> Evictions() => ByTier(cache.Memory.Evictions, cache.Disk?.Evictions ?? 0);

    private static Measurement<long>[] ByTier(long memory, long disk) => [new(memory, new KeyValuePair<string, object?>("tier", "memory")), new(disk, new KeyValuePair<string, object?>("tier", "disk"))];
}
