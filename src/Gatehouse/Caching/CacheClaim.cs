using Gatehouse.Caching.Semantic;

namespace Gatehouse.Caching;

/// <summary>What an exchange whose answer is not in the cache will do for it.</summary>
internal sealed class CacheClaim
{
    public required CacheKey Key { get; init; }

    public required EffectiveCacheRule Rule { get; init; }

    /// <summary>How often entries had been purged when it began: what was asked for before a purge is not kept after it.</summary>
    public required int Epoch { get; init; }

    /// <summary>The question, where the route takes answers to questions that mean the same; null where it does not, or the request is not for that.</summary>
    public AskedQuestion? Question { get; set; }

    /// <summary>Those who wait for its answer; null when nobody may.</summary>
    public AnswerFlights.Flight? Flight { get; set; }
}
