using System.Collections.Concurrent;
using Gatehouse.Configuration;
using Gatehouse.Storage;

namespace Gatehouse.Caching;

/// <summary>Answers by their keys: in memory, and behind that in a file. The file is made when the first route or key wants a cache.</summary>
internal sealed partial class AnswerCache : IDisposable
{
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger<AnswerCache> _logger;
    private readonly MemoryTier _memory;
    private readonly ConcurrentDictionary<string, CacheCounts> _counts = new(StringComparer.Ordinal);
    private volatile DiskTier? _disk;
    private int _epoch;
    private bool _isDisposed;

    /// <param name="database">Path of the gateway's database, beside which the file is: <c>gatehouse.db</c>, <c>gatehouse.cache.db</c>.</param>
    public AnswerCache(string database, TimeProvider time, ILogger<AnswerCache> logger)
    {
        (_path, _time, _logger) = (Path.ChangeExtension(database, ".cache.db"), time, logger);
        _memory = new MemoryTier(Evicted);
    }

    /// <summary>How often entries were purged.</summary>
    public int Epoch => Volatile.Read(ref _epoch);

    public MemoryTier Memory => _memory;

    /// <summary>Null while there is no file.</summary>
    public DiskTier? Disk => _disk;

    public IEnumerable<KeyValuePair<string, CacheCounts>> Counts => _counts;

    public CacheCounts CountsOf(string route) => _counts.GetOrAdd(route, static _ => new CacheCounts());

    /// <summary>Takes over the sizes of a snapshot.</summary>
    public void Configure(Snapshot snapshot)
    {
        var options = snapshot.Options.Cache;
        _memory.Configure(options.Memory.Bytes);
        var isUsed = snapshot.Routes.Values.Any(route => route.Cache is not null) || snapshot.Keys.Values.Any(key => key.Cache is not null);
        if (_disk is { } disk)
        {
            disk.Configure(options.Disk.Bytes);
        }
        else if (isUsed && options.Disk.Bytes > 0)
        {
            try
            {
                _disk = new DiskTier(_path, options.Disk.Bytes, _time, _logger);
            }
            catch (StorageException exception)
            {
                // Answers are kept in memory alone.
                LogNoFile(_logger, exception.Message);
            }
        }
    }

    /// <summary>Looks in memory alone.</summary>
    public CacheEntry? Find(CacheKey key, DateTimeOffset now) => _memory.Find(key, now);

    /// <summary>It may be in the file: <see cref="ReadAsync"/> tells.</summary>
    public bool MayBeOnDisk(CacheKey key) => _disk is { } disk && disk.MayHave(key);

    /// <summary>Reads an entry from the file, and puts it back into memory.</summary>
    public async ValueTask<CacheEntry?> ReadAsync(CacheKey key)
    {
        var epoch = Epoch;
        if (_disk is not { } disk || await disk.ReadAsync(key) is not { } entry || !entry.IsFresh(_time.GetUtcNow()))
        {
            return null;
        }

        if (Epoch == epoch && !_isDisposed && _memory.Find(key, _time.GetUtcNow()) is null)
        {
            _memory.Add(entry);
        }

        return entry;
    }

    /// <param name="epoch">When it was asked for.</param>
    /// <returns>False when entries have been purged since.</returns>
    public bool Store(CacheEntry entry, int epoch)
    {
        if (Epoch != epoch || _isDisposed)
        {
            return false;
        }

        _disk?.Forget(entry.Key);
        _memory.Add(entry);
        return true;
    }

    /// <returns>How many entries there were.</returns>
    public async Task<int> PurgeAsync(CachePurge purge)
    {
        _ = Interlocked.Increment(ref _epoch);
        var keys = _memory.Entries.Where(purge.Takes).Select(entry => entry.Key).ToHashSet();
        var (inMemory, disk) = (_memory.Remove(purge.Takes), _disk);
        if (disk is null)
        {
            return inMemory;
        }

        // What was read from the file is in both.
        var inBoth = keys.Count(disk.MayHave);
        return inMemory + await disk.PurgeAsync(purge) - inBoth;
    }

    /// <summary>What is in memory goes into the file.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        if (_disk is { } disk)
        {
            var now = _time.GetUtcNow();
            foreach (var entry in _memory.Entries.Where(entry => entry.IsFresh(now) && !disk.MayHave(entry.Key)))
            {
                disk.WriteAtEnd(entry);
            }

            disk.Dispose();
        }
    }

    private void Evicted(CacheEntry entry)
    {
        if (_disk is { } disk && entry.IsFresh(_time.GetUtcNow()) && !disk.MayHave(entry.Key))
        {
            disk.Write(entry);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Answers are kept in memory alone: {Reason}")]
    private static partial void LogNoFile(ILogger logger, string reason);
}
