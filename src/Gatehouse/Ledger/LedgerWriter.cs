using Gatehouse.Pipeline;
using Gatehouse.Storage;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Ledger;

/// <summary>
/// The one writer of the ledger. Rows that wait are committed together (group commit), and each row's exchange is told. While rows
/// cannot be written (a full disk), they are kept, in order and up to a limit, and tried again; new exchanges are refused meanwhile.
/// </summary>
internal sealed partial class LedgerWriter : IDisposable
{
    /// <summary>Told instead of an answer whose row could not be written.</summary>
    public static readonly GatewayError NotRecorded = new(
        GatewayErrorCode.Overloaded, "The gateway could not record this exchange, so its answer was withheld. Try again later.")
    { RetryAfter = TimeSpan.FromSeconds(2) };

    private const int MaxGroup = 1024;
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);

    private readonly SqliteConnection _connection;
    private readonly ExchangeInsert _insert;
    private readonly ILogger<LedgerWriter> _logger;
    private readonly int _limit;
    private readonly Thread _thread;
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(initialState: false);
    private List<LedgerEntry> _queue = [];
    private List<LedgerEntry> _kept = [];
    private bool _isIdle;
    private bool _isStopping;
    private int _depth;
    private volatile string? _trouble;

    /// <param name="groupRows">Make what else is written with each group of rows, on the writer's own connection.</param>
    public LedgerWriter(
        Database database, bool fullSync, int queueLimit, ILogger<LedgerWriter> logger, IReadOnlyList<Func<SqliteConnection, IGroupRows>>? groupRows = null)
    {
        _connection = database.Connect(fullSync);
        _logger = logger;
        _insert = new ExchangeInsert(_connection, (entry, exception) => LogLeftOut(_logger, exception, entry.Id), groupRows ?? []);
        _limit = queueLimit;
        _thread = new Thread(Run) { IsBackground = true, Name = "ledger writer" };
        _thread.Start();
    }

    /// <summary>Why rows cannot be written now; null when they can.</summary>
    public string? Trouble => _trouble ?? (Depth > _limit ? "too many are waiting" : null);

    /// <summary>Rows that wait to be written.</summary>
    public int Depth => Volatile.Read(ref _depth);

    public long Written { get; private set; }

    /// <summary>True when the row is durable; false when it is not, and may never be: the answer must not be completed.</summary>
    public ValueTask<bool> CommitAsync(LedgerEntry entry)
    {
        bool wake;
        lock (_gate)
        {
            // The limit of admission can be passed by the exchanges in flight; twice of it is the end.
            if (_isStopping || _depth > 2 * _limit)
            {
                return ValueTask.FromResult(false);
            }

            _queue.Add(entry);
            _depth++;
            wake = _isIdle;
            _isIdle = false;
        }

        if (wake)
        {
            _ = _wake.Set();
        }

        return entry.Committed;
    }

    /// <summary>Writes what waits, then stops.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isStopping)
            {
                return;
            }

            _isStopping = true;
        }

        _ = _wake.Set();
        _thread.Join();
        _insert.Dispose();
        _connection.Dispose();
        _wake.Dispose();
    }

    private void Run()
    {
        var group = new List<LedgerEntry>();
        while (true)
        {
            bool isStopping;
            lock (_gate)
            {
                isStopping = _isStopping;
                (group, _queue) = (_queue, group);
                group.InsertRange(0, _kept);
                _kept = [];
                _isIdle = group.Count == 0;
            }

            if (group.Count > 0)
            {
                WriteAll(group);
            }

            if (isStopping)
            {
                if (_kept.Count > 0)
                {
                    LogLost(_logger, _kept.Count);
                }

                return;
            }

            if (_kept.Count > 0)
            {
                _ = _wake.WaitOne(RetryInterval);
            }
            else if (group.Count == 0)
            {
                _ = _wake.WaitOne();
            }

            group.Clear();
        }
    }

    private void WriteAll(List<LedgerEntry> group)
    {
        var written = 0;
        try
        {
            while (written < group.Count)
            {
                var part = group.Count <= MaxGroup ? group : group.GetRange(written, Math.Min(MaxGroup, group.Count - written));
                Write(part);
                written += part.Count;
            }
        }
        catch (StorageException exception)
        {
            Keep(group.GetRange(written, group.Count - written), exception);
        }
    }

    private void Write(List<LedgerEntry> entries)
    {
        _insert.Write(entries);
        Written += entries.Count;
        _ = Interlocked.Add(ref _depth, -entries.Count);
        if (_trouble is not null)
        {
            _trouble = null;
            LogRecovered(_logger, entries.Count);
        }

        foreach (var entry in entries)
        {
            entry.Decide(isCommitted: true);
        }
    }

    private void Keep(List<LedgerEntry> entries, StorageException exception)
    {
        if (_trouble is null)
        {
            LogTrouble(_logger, exception.Message);
        }

        _trouble = exception.Message;
        // Their callers are told now; the rows stay, as the exchanges did happen.
        foreach (var entry in entries)
        {
            entry.MarkWithheld(NotRecorded);
            entry.Decide(isCommitted: false);
        }

        _kept = entries;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The ledger cannot be written: {Reason}. New exchanges are refused until it can.")]
    private static partial void LogTrouble(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Exchange {Exchange} is recorded, but what was to be kept with it is not: later calls cannot refer to it.")]
    private static partial void LogLeftOut(ILogger logger, Exception exception, string exchange);

    [LoggerMessage(Level = LogLevel.Error, Message = "The gateway stops while the ledger cannot be written: {Count} rows of unanswered exchanges are lost.")]
    private static partial void LogLost(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "The ledger can be written again; {Count} rows were waiting.")]
    private static partial void LogRecovered(ILogger logger, int count);
}
