namespace Gatehouse.Caching;

/// <summary>An answer that is kept, as it went out to the caller.</summary>
internal sealed record CacheEntry
{
    /// <summary>What an entry takes beside its body, about.</summary>
    private const int Overhead = 512;

    public required CacheKey Key { get; init; }

    /// <summary>The whole body; of a stream, all its frames.</summary>
    public required byte[] Body { get; init; }

    public required string ContentType { get; init; }

    public required bool IsEventStream { get; init; }

    public required DateTimeOffset StoredAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Name of the route; empty for the way to a target that was named itself.</summary>
    public required string Route { get; init; }

    /// <summary>Id of the key whose call made it.</summary>
    public required string KeyId { get; init; }

    /// <summary>As the caller wrote it.</summary>
    public required string Model { get; init; }

    /// <summary>Who answered: <c>provider/model</c>.</summary>
    public required string Target { get; init; }

    /// <summary>What it cost; null where that is not known.</summary>
    public long? CostNanoUsd { get; init; }

    /// <summary>Parameters that the target was not told.</summary>
    public IReadOnlyList<string> Dropped { get; init; } = [];

    public long Size => Body.Length + Overhead;

    public bool IsFresh(DateTimeOffset now) => now < ExpiresAt;
}
