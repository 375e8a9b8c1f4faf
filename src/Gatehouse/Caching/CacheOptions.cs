using Gatehouse.Caching.Semantic;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Caching;

[KeyDoc("Where answers are kept for those who ask the same again. Nothing is kept unless a route or a key says so; see [caching.md](caching.md).")]
internal sealed record CacheOptions
{
    private static readonly ByteSize MostMemory = new(64L << 30);
    private static readonly ByteSize MostDisk = new(1L << 40);

    [KeyDoc("Kept in memory at most. 1MiB to 64GiB.")]
    public ByteSize Memory { get; set; } = ByteSize.MiB(64);

    [KeyDoc("What memory has no room for is kept in a file beside the database, up to this size. `0` for no file; else 1MiB to 1024GiB.")]
    public ByteSize Disk { get; set; } = ByteSize.MiB(1024);

    [KeyDoc("The longest that a request waits for the answer to an equal one that is on its way. `0s`: it does not.")]
    public TimeSpan Wait { get; set; } = TimeSpan.FromSeconds(30);

    public static void Validate(CacheOptions options, ConfigurationErrors errors)
    {
        errors.CheckSize("cache.memory", options.Memory, ByteSize.MiB(1), MostMemory);
        errors.CheckSize("cache.disk", options.Disk, options.Disk.Bytes == 0 ? default : ByteSize.MiB(1), MostDisk);
        errors.CheckDuration("cache.wait", options.Wait, canBeZero: true);
    }
}

[KeyDoc("Answers to the same request out of the cache. Written at a route, at a key, or at both: then the stricter of both values holds. See [caching.md](caching.md).")]
internal sealed record CacheRuleOptions
{
    public static readonly ByteSize MostEntry = ByteSize.MiB(64);

    [KeyDoc("The same request gets the same answer. `false`, at the route or at the key, wins over `true`.", Default = "`true` where `cache` is written")]
    public bool? Exact { get; set; }

    [KeyDoc("How long an answer is good for.", Default = "`10m`")]
    public TimeSpan? Ttl { get; set; }

    [KeyDoc("A larger answer is not kept. At most 64MiB.", Default = "`1MiB`")]
    public ByteSize? MaxEntry { get; set; }

    [KeyDoc("The part of the hits in percent for which the provider is asked all the same, in the background, to learn how often its answer differs.", Default = "`0`")]
    public decimal? VerifyPercent { get; set; }

    [KeyDoc("At a route: questions that mean the same get the same answer, too.", Default = "none: only the same request does")]
    public SemanticCacheOptions? Semantic { get; set; }
}
