using System.Collections.Concurrent;

namespace Gatehouse.Metering.Sizes;

/// <summary>
/// What was used lately, found without locks. There are two generations: what is used is in the young one or moves there; when that is full it
/// becomes the old one, and what was in the old one is forgotten. So about the last recently used goes first, nothing is ever sorted or
/// searched, and there are never more entries than the capacity (and one for each thread that adds at the same moment).
/// </summary>
/// <param name="capacity">Entries at most. The half of them that was used last is always there.</param>
internal sealed class Recent<TKey, TValue>(int capacity)
    where TKey : notnull
    where TValue : class
{
    private readonly int _perGeneration = Math.Max(1, capacity / 2);
    private readonly Lock _turning = new();
    private Generations _generations = new(Young: new(), Old: new());

    /// <summary>Entries that are kept; one that has just moved counts twice.</summary>
    public int Count => _generations is var (young, old) ? young.Count + old.Count : 0;

    public TValue? Find(TKey key)
    {
        var generations = Volatile.Read(ref _generations);
        if (generations.Young.TryGetValue(key, out var value))
        {
            return value;
        }

        return generations.Old.TryGetValue(key, out value) ? Keep(generations, key, value) : null;
    }

    public TValue FindOrAdd(TKey key, Func<TKey, TValue> create)
    {
        var generations = Volatile.Read(ref _generations);
        return generations.Young.TryGetValue(key, out var value) ? value
            : Keep(generations, key, generations.Old.TryGetValue(key, out value) ? value : create(key));
    }

    /// <returns>The value that is kept: another thread may have been first.</returns>
    private TValue Keep(Generations generations, TKey key, TValue value)
    {
        var kept = generations.Young.GetOrAdd(key, value);
        if (ReferenceEquals(kept, value) && Interlocked.Increment(ref generations.Added) >= _perGeneration)
        {
            lock (_turning)
            {
                if (ReferenceEquals(_generations, generations))
                {
                    Volatile.Write(ref _generations, new(Young: new(), Old: generations.Young));
                }
            }
        }

        return kept;
    }

    private sealed record Generations(ConcurrentDictionary<TKey, TValue> Young, ConcurrentDictionary<TKey, TValue> Old)
    {
        /// <summary>To the young one: counting a concurrent dictionary would lock all of it.</summary>
        public int Added;
    }
}
