using Gatehouse.Configuration;

namespace Gatehouse.Caching;

internal static class CacheEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("").WithTags("Cache");
        _ = api.MapGet("/cache", ShowAsync).WithSummary("What is kept, and what it was good for, by route.").Produces<CacheView>();
        _ = api.MapDelete("/cache", PurgeAsync)
            .WithSummary("Delete kept answers: of a route, of a key (id or name), of a model as callers write it; of all that are given. Without any, all.")
            .Produces<CachePurgeView>();
    }

    private static async Task<CacheView> ShowAsync(AnswerCache cache, SnapshotSource snapshots)
    {
        var options = snapshots.Current.Options.Cache;
        var inMemory = cache.Memory.Entries.GroupBy(entry => entry.Route, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => (Entries: group.LongCount(), Bytes: group.Sum(entry => entry.Size)), StringComparer.Ordinal);
        var disk = cache.Disk;
        var onDisk = (disk is null ? [] : await disk.CountByRouteAsync()).ToDictionary(route => route.Route, StringComparer.Ordinal);
        var counts = cache.Counts.ToDictionary(StringComparer.Ordinal);
        return new CacheView(
            new CacheTierView(cache.Memory.Count, cache.Memory.Bytes, options.Memory.Bytes, cache.Memory.Evictions),
            disk is null ? null : new CacheTierView(disk.Count, disk.Bytes, options.Disk.Bytes, disk.Evictions),
            [.. inMemory.Keys.Union(onDisk.Keys, StringComparer.Ordinal).Union(counts.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Select(route => View(route, inMemory.GetValueOrDefault(route), onDisk.GetValueOrDefault(route), counts.GetValueOrDefault(route) ?? new CacheCounts()))]);
    }

    private static CacheRouteView View(string route, (long Entries, long Bytes) memory, (string Route, long Entries, long Bytes) disk, CacheCounts counts) => new(
        route.Length == 0 ? null : route,
        memory.Entries,
        memory.Bytes,
        disk.Entries,
        disk.Bytes,
        Interlocked.Read(ref counts.Hits),
        Interlocked.Read(ref counts.Semantic),
        Interlocked.Read(ref counts.Shared),
        Interlocked.Read(ref counts.Misses),
        Interlocked.Read(ref counts.Stores),
        Interlocked.Read(ref counts.SavedNanoUsd),
        new CacheVerificationView(Interlocked.Read(ref counts.Verified), Interlocked.Read(ref counts.Differed), Interlocked.Read(ref counts.NotVerified)));

    private static async Task<IResult> PurgeAsync(string? route, string? key, string? model, AnswerCache cache, SnapshotSource snapshots)
    {
        if (key is not null && snapshots.Current.Keys.Values.FirstOrDefault(known => string.Equals(known.Name, key, StringComparison.Ordinal)) is { } named)
        {
            // A key that was revoked has its id alone.
            key = named.Id;
        }

        return Results.Ok(new CachePurgeView(await cache.PurgeAsync(new CachePurge(route, key, model))));
    }
}
