using Gatehouse.Storage;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Reports;

/// <summary>
/// Sums up the exchanges that were recorded before there were sums, once: after the start, a few at a time with a pause between, so that the
/// ledger's writer hardly waits. How far it has come is kept with the sums.
/// </summary>
internal sealed partial class UsageHistory(Database database, TimeProvider time, ILogger<UsageHistory> logger) : IAsyncDisposable
{
    /// <summary>The last exchange to sum up; no such setting when there is nothing left to do.</summary>
    public const string Until = "usage.history_until";

    private const string At = "usage.history_at";
    private const int Chunk = 1000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan PauseInTrouble = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private Task _task = Task.CompletedTask;

    public void Start() => _task = Task.Run(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _task;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    if (!SumUp())
                    {
                        return;
                    }

                    await Task.Delay(Pause, time, _stop.Token);
                }
                catch (Exception exception) when (StorageException.Covers(exception))
                {
                    LogTrouble(logger, exception.Message);
                    await Task.Delay(PauseInTrouble, time, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The rest is summed up after the next start.
        }
    }

    /// <returns>Whether there may be more to do.</returns>
    internal bool SumUp()
    {
        using var connection = database.Connect();
        if (UsageSettings.Read(connection, Until) is not { } until)
        {
            return false;
        }

        using var transaction = connection.BeginTransaction(deferred: false);
        using var rows = new UsageRows(connection, folds: false);
        using var read = new SqliteStatement(connection, $"SELECT id, started_at, {UsageDimensions.Columns}, {UsageMeasures.OfLedgerRow} FROM exchanges WHERE id > ? AND id <= ? ORDER BY id LIMIT {Chunk}");
        read.Bind(1, UsageSettings.Read(connection, At) ?? "");
        read.Bind(2, until);
        var (count, last) = (0, "");
        Span<long> one = stackalloc long[UsageMeasures.Count];
        while (read.Read())
        {
            count++;
            last = read.Text(0)!;
            for (var i = 0; i < UsageMeasures.Count; i++)
            {
                one[i] = UsageMeasures.Bounded(read.Number(18 + i));
            }

            rows.Add(read.Number(1), UsageDimensions.Of(read, 2), one);
        }

        rows.Flush();
        if (count < Chunk)
        {
            UsageSettings.Delete(connection, Until);
            UsageSettings.Delete(connection, At);
            LogDone(logger);
        }
        else
        {
            UsageSettings.Write(connection, At, last);
        }

        transaction.Commit();
        return count == Chunk;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The usage reports now cover all of the ledger.")]
    private static partial void LogDone(ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Older exchanges cannot be summed up for the usage reports now: {Reason}. It is tried again.")]
    private static partial void LogTrouble(ILogger logger, string reason);
}

/// <summary>What the reports keep in the table of settings.</summary>
internal static class UsageSettings
{
    public static string? Read(SqliteConnection connection, string name)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT value FROM settings WHERE name = $name";
        _ = command.Parameters.AddWithValue("$name", name);
        return command.ExecuteScalar() as string;
    }

    public static void Write(SqliteConnection connection, string name, string value)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO settings (name, value) VALUES ($name, $value) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        _ = command.Parameters.AddWithValue("$name", name);
        _ = command.Parameters.AddWithValue("$value", value);
        _ = command.ExecuteNonQuery();
    }

    public static void Delete(SqliteConnection connection, string name)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "DELETE FROM settings WHERE name = $name";
        _ = command.Parameters.AddWithValue("$name", name);
        _ = command.ExecuteNonQuery();
    }
}
