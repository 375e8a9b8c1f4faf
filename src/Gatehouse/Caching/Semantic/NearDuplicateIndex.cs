namespace Gatehouse.Caching.Semantic;

/// <summary>
/// Finds a text that says the same in other words of politeness, by its <see cref="LexicalForm"/>. No model is asked, and no meaning is known: it is
/// made to be right whenever it finds something. A look-up takes the time to read the text and at most eight comparisons, whatever is stored;
/// an entry takes 0.6 KB and eight bytes for each character of the text (measured: 1.0 KB for one of 45). In a full index the text that was neither found nor added for
/// longest makes room. Thread-safe.
/// </summary>
/// <param name="capacity">Texts that are kept; at least 1.</param>
internal sealed class NearDuplicateIndex<TKey>(int capacity)
    where TKey : notnull
{
    /// <summary>Texts that differ only in how long words are written; of more than that the oldest is forgotten.</summary>
    private const int MaxInBucket = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<Bucket, List<LinkedListNode<Entry>>> _buckets = [];
    private readonly Dictionary<TKey, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _order = new();

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Adds a text, or replaces the one with this key.</summary>
    /// <returns>False for a text that has no form.</returns>
    public bool Add(in PartitionHash partition, TKey key, string text)
    {
        if (LexicalForm.Of(text) is not { } form)
        {
            return false;
        }

        var bucket = new Bucket(partition, form.Key);
        lock (_lock)
        {
            _ = RemoveEntry(key);
            if (!_buckets.TryGetValue(bucket, out var nodes))
            {
                _buckets[bucket] = nodes = [];
            }
            else if (nodes.Count == MaxInBucket)
            {
                _ = RemoveEntry(nodes[0].Value.Key);
            }

            var node = _order.AddFirst(new Entry(bucket, key, form));
            nodes.Add(node);
            _entries[key] = node;
            if (_entries.Count > capacity)
            {
                _ = RemoveEntry(_order.Last!.Value.Key);
            }
        }

        return true;
    }

    /// <returns>Whether there was one.</returns>
    public bool Remove(TKey key)
    {
        lock (_lock)
        {
            return RemoveEntry(key);
        }
    }

    /// <param name="similarity">1 where the forms are equal, less for each word that is written wrongly; 0 when nothing is found.</param>
    public bool TryFind(in PartitionHash partition, string text, out TKey? key, out double similarity)
    {
        (key, similarity) = (default, 0);
        if (LexicalForm.Of(text) is not { } form)
        {
            return false;
        }

        lock (_lock)
        {
            LinkedListNode<Entry>? best = null;
            foreach (var node in _buckets.TryGetValue(new Bucket(partition, form.Key), out var nodes) ? nodes : [])
            {
                if (node.Value.Form.SimilarityTo(form) is var found && found > similarity)
                {
                    (best, similarity) = (node, found);
                }
            }

            if (best is null)
            {
                return false;
            }

            _order.Remove(best);
            _order.AddFirst(best);
            key = best.Value.Key;
            return true;
        }
    }

    private bool RemoveEntry(TKey key)
    {
        if (!_entries.Remove(key, out var node))
        {
            return false;
        }

        _order.Remove(node);
        var nodes = _buckets[node.Value.Bucket];
        _ = nodes.Remove(node);
        if (nodes.Count == 0)
        {
            _ = _buckets.Remove(node.Value.Bucket);
        }

        return true;
    }

    private readonly record struct Bucket(PartitionHash Partition, string Key);

    private sealed record Entry(Bucket Bucket, TKey Key, LexicalForm Form);
}
