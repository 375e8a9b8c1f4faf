using System.Threading.Channels;
using Gatehouse.Storage;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Caching;

/// <summary>
/// Entries for which there is no room in memory. What there is, is known in memory, so that a look-up that finds nothing does not touch the
/// disk. One thread writes, from a queue that nobody waits for: what has no place in it is not kept.
/// </summary>
internal sealed partial class DiskTier : IDisposable
{
    private const int MostEntries = 500_000;
    private const int MostReading = 64;
    private const long MostWaitingBytes = 64L << 20;
    private const int BatchSize = 128;

    /// <summary>When it is full, this part is made free at once.</summary>
    private const int FreedPart = 20;

    private static readonly TimeSpan PruneInterval = TimeSpan.FromMinutes(1);

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<Work> _queue = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim _reading = new(1);
    private readonly Lock _gate = new();
    private readonly Thread _thread;
    private CacheFile? _file;
    private HashSet<ulong> _fingerprints;
    private long _limit;
    private long _bytes;
    private long _waitingBytes;
    private int _readers;
    private long _evictions;
    private long _leftOut;
    private DateTimeOffset _prunedAt;

    /// <exception cref="StorageException">There is no file, and none can be made.</exception>
    public DiskTier(string path, long limit, TimeProvider time, ILogger logger)
    {
        (_path, _limit, _time, _logger) = (path, limit, time, logger);
        _prunedAt = time.GetUtcNow();
        (_file, _fingerprints, _bytes) = OpenLoaded();
        _thread = new Thread(Run) { IsBackground = true, Name = "cache" };
        _thread.Start();
    }

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _fingerprints.Count;
            }
        }
    }

    public long Bytes => Interlocked.Read(ref _bytes);

    public long Evictions => Interlocked.Read(ref _evictions);

    /// <summary>Entries that were not written, for the queue was full or the file could not be used.</summary>
    public long LeftOut => Interlocked.Read(ref _leftOut);

    public void Configure(long limit)
    {
        Volatile.Write(ref _limit, limit);
        _ = _queue.Writer.TryWrite(new Work(WorkKind.Trim));
    }

    public bool MayHave(CacheKey key)
    {
        lock (_gate)
        {
            return _fingerprints.Contains(key.Fingerprint);
        }
    }

    /// <returns>Null also when too many read already, or the file cannot be read.</returns>
    public async ValueTask<CacheEntry?> ReadAsync(CacheKey key)
    {
        if (Interlocked.Increment(ref _readers) > MostReading)
        {
            _ = Interlocked.Decrement(ref _readers);
            return null;
        }

        await _reading.WaitAsync();
        try
        {
            return await Task.Run(() => _file?.Read(key));
        }
        catch (Exception exception) when (exception is SqliteException or InvalidDataException or System.Text.Json.JsonException or InvalidCastException)
        {
            _ = _queue.Writer.TryWrite(new Work(exception is SqliteException trouble && !CacheFile.IsBroken(trouble) ? WorkKind.Trim : WorkKind.Reset));
            return null;
        }
        finally
        {
            _ = _reading.Release();
            _ = Interlocked.Decrement(ref _readers);
        }
    }

    /// <summary>Writes an entry some time later, if there is room in the queue.</summary>
    public void Write(CacheEntry entry)
    {
        if (Interlocked.Add(ref _waitingBytes, entry.Size) > MostWaitingBytes || !_queue.Writer.TryWrite(new Work(WorkKind.Write) { Entry = entry }))
        {
            _ = Interlocked.Add(ref _waitingBytes, -entry.Size);
            _ = Interlocked.Increment(ref _leftOut);
        }
    }

    /// <summary>As <see cref="Write"/>, for the end of the gateway: then there is time.</summary>
    public void WriteAtEnd(CacheEntry entry)
    {
        _ = Interlocked.Add(ref _waitingBytes, entry.Size);
        _ = _queue.Writer.TryWrite(new Work(WorkKind.Write) { Entry = entry });
    }

    /// <summary>There is a newer one: it must not come back.</summary>
    public void Forget(CacheKey key)
    {
        lock (_gate)
        {
            if (!_fingerprints.Remove(key.Fingerprint))
            {
                return;
            }
        }

        _ = _queue.Writer.TryWrite(new Work(WorkKind.Delete) { Key = key });
    }

    /// <returns>How many there were.</returns>
    public async Task<int> PurgeAsync(CachePurge purge)
    {
        var done = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _queue.Writer.TryWrite(new Work(WorkKind.Purge) { Purge = purge, Done = done }) ? await done.Task : 0;
    }

    /// <summary>Waits until all that was queued before is written.</summary>
    public async Task FlushAsync()
    {
        var done = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = _queue.Writer.TryWrite(new Work(WorkKind.Trim) { Done = done }) ? await done.Task : 0;
    }

    public async Task<IReadOnlyList<(string Route, long Entries, long Bytes)>> CountByRouteAsync()
    {
        await _reading.WaitAsync();
        try
        {
            return await Task.Run(() => _file?.CountByRoute() ?? []);
        }
        catch (SqliteException)
        {
            return [];
        }
        finally
        {
            _ = _reading.Release();
        }
    }

    /// <summary>Writes what waits.</summary>
    public void Dispose()
    {
        _ = _queue.Writer.TryComplete();
        _thread.Join();
        _reading.Dispose();
    }

    private void Run()
    {
        var batch = new List<Work>(BatchSize);
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            batch.Clear();
            while (batch.Count < BatchSize && _queue.Reader.TryRead(out var work))
            {
                batch.Add(work);
            }

            try
            {
                Apply(batch);
            }
            catch (Exception exception) when (exception is SqliteException or StorageException or IOException or InvalidDataException or UnauthorizedAccessException)
            {
                _ = Interlocked.Add(ref _leftOut, batch.Count(work => work.Entry is not null));
                LogTrouble(_logger, _path, exception.Message);
                Recover(isBroken: exception is not SqliteException trouble || CacheFile.IsBroken(trouble));
            }
            finally
            {
                foreach (var work in batch)
                {
                    _ = Interlocked.Add(ref _waitingBytes, -(work.Entry?.Size ?? 0));
                    _ = work.Done?.TrySetResult(work.Count);
                }
            }
        }

        _reading.Wait();
        _file?.Dispose();
        _file = null;
        _ = _reading.Release();
    }

    private void Apply(List<Work> batch)
    {
        if (_file is null || batch.Exists(work => work.Kind == WorkKind.Reset))
        {
            Reset();
        }

        if (_file is not { } file)
        {
            return;
        }

        var now = _time.GetUtcNow();
        using (var transaction = file.Begin())
        {
            foreach (var work in batch)
            {
                work.Count = Apply(file, work, now);
            }

            if (now - _prunedAt >= PruneInterval)
            {
                _prunedAt = now;
                _ = Gone(file.DeleteExpired(now));
            }

            Trim(file);
            transaction.Commit();
        }

        if (batch.Exists(work => work.Kind is WorkKind.Purge or WorkKind.Trim))
        {
            file.Shrink();
        }
    }

    private int Apply(CacheFile file, Work work, DateTimeOffset now)
    {
        switch (work.Kind)
        {
            case WorkKind.Write when work.Entry!.IsFresh(now) && work.Entry.Size <= Volatile.Read(ref _limit):
                _ = Interlocked.Add(ref _bytes, file.Write(work.Entry));
                lock (_gate)
                {
                    _ = _fingerprints.Add(work.Entry.Key.Fingerprint);
                }

                return 1;
            case WorkKind.Delete:
                _ = Interlocked.Add(ref _bytes, -file.Delete(work.Key));
                return 1;
            case WorkKind.Purge:
                return Gone(file.Delete(work.Purge!));
            default:
                return 0;
        }
    }

    private void Trim(CacheFile file)
    {
        var limit = Volatile.Read(ref _limit);
        var over = Interlocked.Read(ref _bytes) - limit;
        if (over > 0)
        {
            _ = Interlocked.Add(ref _evictions, Gone(file.DeleteOldest(over + (limit / FreedPart))));
        }

        var count = Count;
        if (count > MostEntries)
        {
            // About as many bytes as the entries take that are too many.
            _ = Interlocked.Add(ref _evictions, Gone(file.DeleteOldest(Interlocked.Read(ref _bytes) / count * (count - MostEntries + (MostEntries / FreedPart)))));
        }
    }

    private int Gone(List<(CacheKey Key, long Size)> entries)
    {
        lock (_gate)
        {
            foreach (var (key, _) in entries)
            {
                _ = _fingerprints.Remove(key.Fingerprint);
            }
        }

        _ = Interlocked.Add(ref _bytes, -entries.Sum(entry => entry.Size));
        return entries.Count;
    }

    /// <summary>A batch was taken back, and with it what was counted.</summary>
    private void Recover(bool isBroken)
    {
        try
        {
            if (!isBroken && _file?.Load(_time.GetUtcNow()) is var (fingerprints, bytes))
            {
                lock (_gate)
                {
                    _fingerprints = fingerprints;
                }

                _ = Interlocked.Exchange(ref _bytes, bytes);
                return;
            }
        }
        catch (Exception exception) when (exception is SqliteException or InvalidDataException)
        {
            LogTrouble(_logger, _path, exception.Message);
        }

        Reset();
    }

    /// <summary>Throws the file away and begins a new one.</summary>
    private void Reset()
    {
        _reading.Wait();
        try
        {
            _file?.Dispose();
            _file = null;
            CacheFile.Delete(_path);
            var (file, fingerprints, bytes) = OpenLoaded();
            lock (_gate)
            {
                _fingerprints = fingerprints;
            }

            _ = Interlocked.Exchange(ref _bytes, bytes);
            _file = file;
            LogReset(_logger, _path);
        }
        catch (Exception exception) when (exception is StorageException or IOException or UnauthorizedAccessException)
        {
            // Without a file there is only memory. It is tried again with the next entry.
            lock (_gate)
            {
                _fingerprints = [];
            }

            _ = Interlocked.Exchange(ref _bytes, 0);
            LogTrouble(_logger, _path, exception.Message);
        }
        finally
        {
            _ = _reading.Release();
        }
    }

    private (CacheFile File, HashSet<ulong> Fingerprints, long Bytes) OpenLoaded()
    {
        var file = CacheFile.Open(_path);
        try
        {
            var (fingerprints, bytes) = file.Load(_time.GetUtcNow());
            return (file, fingerprints, bytes);
        }
        catch (Exception exception) when (exception is SqliteException or InvalidDataException)
        {
            file.Dispose();
            CacheFile.Delete(_path);
            return (CacheFile.Open(_path), [], 0);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The file of the cache {Path} could not be used: {Reason}")]
    private static partial void LogTrouble(ILogger logger, string path, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The file of the cache {Path} was thrown away, and a new one made.")]
    private static partial void LogReset(ILogger logger, string path);

    private enum WorkKind
    {
        Write,
        Delete,
        Purge,
        Trim,
        Reset,
    }

    private sealed class Work(WorkKind kind)
    {
        public WorkKind Kind => kind;

        public CacheEntry? Entry { get; init; }

        public CacheKey Key { get; init; }

        public CachePurge? Purge { get; init; }

        public TaskCompletionSource<int>? Done { get; init; }

        public int Count { get; set; }
    }
}
