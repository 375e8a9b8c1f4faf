using System.Collections.Concurrent;

namespace Gatehouse.Caching;

/// <summary>
/// Entries in memory, up to a number of bytes. Reads take no lock. What goes out when there is no more room is decided as S3-FIFO does it (Yang et
/// al., "FIFO queues are all you need for cache eviction", SOSP 2023): new entries wait in a small queue, and only what is asked for again there,
/// or was put out a short time ago, comes into the main one. So a run of requests that are made once does not put out what others ask for.
/// </summary>
/// <param name="evicted">Gets what has to go for want of room, outside of any lock.</param>
internal sealed class MemoryTier(Action<CacheEntry> evicted)
{
    private const byte MostUses = 3;
    private const int SmallPart = 10;

    private readonly ConcurrentDictionary<CacheKey, Node> _nodes = new();
    private readonly Lock _gate = new();
    private readonly NodeQueue _small = new();
    private readonly NodeQueue _main = new();
    private readonly Queue<ulong> _ghostOrder = new();
    private readonly HashSet<ulong> _ghosts = [];
    private long _limit;
    private long _evictions;

    public int Count => _nodes.Count;

    public long Bytes => Volatile.Read(ref _small.Bytes) + Volatile.Read(ref _main.Bytes);

    public long Evictions => Interlocked.Read(ref _evictions);

    public IEnumerable<CacheEntry> Entries => _nodes.Values.Select(node => node.Entry);

    public void Configure(long limit)
    {
        var gone = new List<CacheEntry>();
        lock (_gate)
        {
            _limit = limit;
            MakeRoom(gone);
        }

        gone.ForEach(evicted);
    }

    /// <returns>Null also for an entry that is not good any more.</returns>
    public CacheEntry? Find(CacheKey key, DateTimeOffset now)
    {
        if (!_nodes.TryGetValue(key, out var node))
        {
            return null;
        }

        if (!node.Entry.IsFresh(now))
        {
            Remove(node);
            return null;
        }

        if (node.Uses < MostUses)
        {
            // Two at a time may count as one: it is a hint.
            node.Uses++;
        }

        return node.Entry;
    }

    /// <summary>Puts an entry in, in the place of one with the same key.</summary>
    public void Add(CacheEntry entry)
    {
        var gone = new List<CacheEntry>();
        lock (_gate)
        {
            if (_nodes.TryGetValue(entry.Key, out var before))
            {
                Unlink(before);
            }

            if (entry.Size > _limit)
            {
                gone.Add(entry);
            }
            else
            {
                var node = new Node(entry);
                (_ghosts.Remove(entry.Key.Fingerprint) ? _main : _small).Add(node);
                _nodes[entry.Key] = node;
                MakeRoom(gone);
            }
        }

        gone.ForEach(evicted);
    }

    /// <returns>How many there were.</returns>
    public int Remove(Func<CacheEntry, bool> condition)
    {
        var count = 0;
        lock (_gate)
        {
            foreach (var node in _nodes.Values)
            {
                if (condition(node.Entry))
                {
                    Unlink(node);
                    count++;
                }
            }
        }

        return count;
    }

    private void Remove(Node node)
    {
        lock (_gate)
        {
            if (_nodes.TryGetValue(node.Entry.Key, out var current) && ReferenceEquals(current, node))
            {
                Unlink(node);
            }
        }
    }

    private void Unlink(Node node)
    {
        _ = _nodes.TryRemove(node.Entry.Key, out _);
        node.Queue!.Remove(node);
    }

    private void MakeRoom(List<CacheEntry> gone)
    {
        while (_small.Bytes + _main.Bytes > _limit)
        {
            if (_small.Bytes * SmallPart >= _limit || _main.First is null)
            {
                var node = _small.First!;
                _small.Remove(node);
                if (node.Uses > 1)
                {
                    node.Uses = 0;
                    _main.Add(node);
                    continue;
                }

                _ = _nodes.TryRemove(node.Entry.Key, out _);
                Remember(node.Entry.Key.Fingerprint);
                gone.Add(node.Entry);
            }
            else
            {
                var node = _main.First;
                _main.Remove(node);
                if (node.Uses > 0)
                {
                    node.Uses--;
                    _main.Add(node);
                    continue;
                }

                _ = _nodes.TryRemove(node.Entry.Key, out _);
                gone.Add(node.Entry);
            }

            _evictions++;
        }
    }

    /// <summary>That it was put out, for as many entries as there are.</summary>
    private void Remember(ulong fingerprint)
    {
        if (_ghosts.Add(fingerprint))
        {
            _ghostOrder.Enqueue(fingerprint);
        }

        while (_ghostOrder.Count > Math.Max(16, _nodes.Count))
        {
            _ = _ghosts.Remove(_ghostOrder.Dequeue());
        }
    }

    private sealed class Node(CacheEntry entry)
    {
        public CacheEntry Entry { get; } = entry;

        public NodeQueue? Queue { get; set; }

        public Node? Before { get; set; }

        public Node? After { get; set; }

        public byte Uses { get; set; }
    }

    /// <summary>First in, first out; from anywhere else, too.</summary>
    private sealed class NodeQueue
    {
        public long Bytes;
        private Node? _last;

        public Node? First { get; private set; }

        public void Add(Node node)
        {
            (node.Queue, node.Before, node.After) = (this, _last, null);
            if (_last is null)
            {
                First = node;
            }
            else
            {
                _last.After = node;
            }

            _last = node;
            Bytes += node.Entry.Size;
        }

        public void Remove(Node node)
        {
            if (node.Before is null)
            {
                First = node.After;
            }
            else
            {
                node.Before.After = node.After;
            }

            if (node.After is null)
            {
                _last = node.Before;
            }
            else
            {
                node.After.Before = node.Before;
            }

            (node.Queue, node.Before, node.After) = (null, null, null);
            Bytes -= node.Entry.Size;
        }
    }
}
