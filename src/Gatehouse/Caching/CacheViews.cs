using System.ComponentModel;

namespace Gatehouse.Caching;

internal sealed record CacheTierView(
    long Entries,
    [property: Description("What they take.")] long Bytes,
    [property: Description("The most that they may take.")] long Limit,
    [property: Description("Entries that had to go for want of room, since the start of the gateway. From memory they go to the disk.")] long Evictions);

internal sealed record CacheVerificationView(
    [property: Description("Hits for which the provider was asked all the same, and answered.")] long Compared,
    [property: Description("Its answer said something else.")] long Differed,
    [property: Description("It gave no answer to compare with.")] long Failed);

internal sealed record CacheRouteView(
    [property: Description("Null for calls that name a target themselves.")] string? Route,
    [property: Description("In memory.")] long Entries,
    [property: Description("In memory.")] long Bytes,
    long DiskEntries,
    long DiskBytes,
    [property: Description("Since the start of the gateway, as all that follows.")] long Hits,
    [property: Description("Hits on questions that mean the same.")] long Semantic,
    [property: Description("Hits that waited for the answer to an equal request.")] long Shared,
    long Misses,
    long Stores,
    [property: Description("What the hits would have cost, as far as it is known.")] long SavedNanoUsd,
    CacheVerificationView Verification);

internal sealed record CacheView(
    CacheTierView Memory,
    [property: Description("Null while there is no file.")] CacheTierView? Disk,
    IReadOnlyList<CacheRouteView> Routes);

internal sealed record CachePurgeView([property: Description("How many entries there were.")] int Deleted);
