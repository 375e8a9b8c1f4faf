namespace Gatehouse.Caching;

/// <summary>Which entries are to go; what is null is any.</summary>
/// <param name="Route">Name of a route; empty for the way to targets that were named themselves.</param>
/// <param name="KeyId">Id of the key whose call made the entry.</param>
/// <param name="Model">As callers write it.</param>
internal sealed record CachePurge(string? Route, string? KeyId, string? Model)
{
    public bool Takes(CacheEntry entry) => Is(Route, entry.Route) && Is(KeyId, entry.KeyId) && Is(Model, entry.Model);

    private static bool Is(string? wanted, string value) => wanted is null || string.Equals(wanted, value, StringComparison.Ordinal);
}
