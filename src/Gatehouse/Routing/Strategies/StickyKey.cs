namespace Gatehouse.Routing.Strategies;

/// <summary>The hash of what a choice sticks to.</summary>
/// <param name="Hash">The same for the same value, always.</param>
/// <param name="Source">For a person; null when the exchange has nothing to stick to, and the hash is by chance.</param>
internal readonly record struct StickyKey(ulong Hash, string? Source)
{
    /// <summary>The source that was asked for, else the run, else chance.</summary>
    public static StickyKey Of(RouteContext context, AffinitySource source) => context.Affinity(source) is { } value
        ? new StickyKey(StableHash.Of(value), NameOf(source))
        : OfRun(context);

    /// <summary>The user of a key, else the run, else chance: one user's name says something only together with the key that sent it.</summary>
    public static StickyKey OfUser(RouteContext context) => context.Affinity(AffinitySource.User) is { } user
        ? new StickyKey(StableHash.Combine(StableHash.Of(context.Affinity(AffinitySource.Key)), StableHash.Of(user)), "user")
        : OfRun(context);

    private static StickyKey OfRun(RouteContext context) => context.Affinity(AffinitySource.Run) is { } run
        ? new StickyKey(StableHash.Of(run), "run")
        : new StickyKey((ulong)context.Random.NextInt64(long.MinValue, long.MaxValue), null);

    private static string NameOf(AffinitySource source) => source switch
    {
        AffinitySource.Key => "key",
        AffinitySource.User => "user",
        AffinitySource.Run => "run",
        _ => "prompt",
    };
}
