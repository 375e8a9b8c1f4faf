using Gatehouse.Pipeline;
using Gatehouse.Storage;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Gatehouse.Ledger;

/// <summary>
/// The prepared INSERT of a ledger row, on SQLite's own C interface: through ADO.NET the 44 boxed parameters of a row cost more than
/// the row.
/// </summary>
internal sealed class ExchangeInsert : IDisposable
{
    private const string Columns =
        "id, started_at, kind, operation, revision, key_id, key_name, run, requested, route, target, attempts, status, outcome, error_code, "
        + "error_message, error_phase, stream, response_id, response_model, finish_reason, input_tokens, cache_read_tokens, cache_write_tokens, "
        + "output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens, delivered_bytes, delivered_text, total_us, upstream_us, "
        + "overhead_us, first_byte_us, cache_write_one_hour_tokens, audio_cache_read_tokens, image_input_tokens, image_output_tokens, web_search_calls, "
        + "service_tier, cost_nano_usd, price_revision, shadow_of, continuations, "
        + "organization, team, project, user, agent, labels, parent, cache, saved_nano_usd, prompt_cache_saved_nano_usd, cost_is_estimated, "
        + "run_first";

    private readonly SqliteConnection _connection;
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _insert;
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _commit;
    private readonly sqlite3_stmt _rollback;
    private readonly sqlite3_stmt _save;
    private readonly sqlite3_stmt _undo;
    private readonly sqlite3_stmt _release;
    private readonly Action<LedgerEntry, Exception> _leftOut;
    private readonly IGroupRows[] _groupRows;
    private readonly List<LedgerEntry> _inserted = [];
    private int _column;

    /// <param name="leftOut">Told of an exchange that is recorded without its companions, and why.</param>
    /// <param name="groupRows">Make what else is written with each group, on the connection they are given.</param>
    public ExchangeInsert(
        SqliteConnection connection, Action<LedgerEntry, Exception> leftOut, IReadOnlyList<Func<SqliteConnection, IGroupRows>> groupRows)
    {
        _connection = connection;
        _leftOut = leftOut;
        _database = connection.Handle!;
        var marks = string.Join(", ", Columns.Split(',').Select(_ => "?"));
        // A row whose commit was in doubt may be written again; it must not stand twice.
        _insert = Prepare($"INSERT INTO exchanges ({Columns}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING");
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
        _rollback = Prepare("ROLLBACK");
        _save = Prepare("SAVEPOINT companions");
        _undo = Prepare("ROLLBACK TO companions");
        _release = Prepare("RELEASE companions");
        _groupRows = [.. groupRows.Select(make => make(connection))];
    }

    /// <summary>Writes the rows in one transaction.</summary>
    /// <exception cref="StorageException">Nothing was written.</exception>
    public void Write(List<LedgerEntry> entries)
    {
        Step(_begin);
        try
        {
            foreach (var entry in entries)
            {
                Bind(entry);
                Step(_insert);
                if (_groupRows.Length > 0 && raw.sqlite3_changes(_database) > 0)
                {
                    _inserted.Add(entry);
                }

                if (entry.Companions.Count > 0)
                {
                    WriteCompanions(entry);
                }
            }

            WriteGroupRows();
            Step(_commit);
        }
        catch
        {
            RollBack();
            foreach (var rows in _groupRows)
            {
                rows.Forget();
            }

            throw;
        }
        finally
        {
            _inserted.Clear();
        }
    }

    public void Dispose()
    {
        foreach (var rows in _groupRows)
        {
            rows.Dispose();
        }

        _insert.Dispose();
        _begin.Dispose();
        _commit.Dispose();
        _rollback.Dispose();
        _save.Dispose();
        _undo.Dispose();
        _release.Dispose();
    }

    private void WriteGroupRows()
    {
        if (_inserted.Count == 0)
        {
            return;
        }

        try
        {
            foreach (var rows in _groupRows)
            {
                rows.Write(_inserted);
            }
        }
        catch (SqliteException exception)
        {
            throw new StorageException(exception.Message, exception);
        }
    }

    /// <summary>
    /// All companions of an exchange or none. One that can never be written (it is too large, or breaks a constraint) must not keep all the
    /// rows behind it from being written: the exchange is recorded without it.
    /// </summary>
    private void WriteCompanions(LedgerEntry entry)
    {
        Step(_save);
        try
        {
            foreach (var companion in entry.Companions)
            {
                companion.Write(_connection);
            }
        }
        catch (SqliteException exception) when (IsOfTheDatabase(exception.SqliteErrorCode))
        {
            throw new StorageException(exception.Message, exception);
        }
#pragma warning disable CA1031 // Whatever else is wrong is wrong with this one companion, and would be again.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Step(_undo);
            _leftOut(entry, exception);
        }

        Step(_release);
    }

    /// <summary>Nothing else could be written either; later it may be.</summary>
    private static bool IsOfTheDatabase(int code) => code is raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_NOMEM or raw.SQLITE_READONLY
        or raw.SQLITE_INTERRUPT or raw.SQLITE_IOERR or raw.SQLITE_CORRUPT or raw.SQLITE_FULL or raw.SQLITE_CANTOPEN or raw.SQLITE_PROTOCOL
        or raw.SQLITE_AUTH or raw.SQLITE_NOTADB;

    private void RollBack()
    {
        // SQLite rolls back by itself after some errors; then there is nothing left to do.
        _ = raw.sqlite3_step(_rollback);
        _ = raw.sqlite3_reset(_rollback);
    }

    private sqlite3_stmt Prepare(string sql) => raw.sqlite3_prepare_v2(_database, sql, out var statement) == raw.SQLITE_OK
        ? statement
        : throw new StorageException(raw.sqlite3_errmsg(_database).utf8_to_string());

    private void Step(sqlite3_stmt statement)
    {
        var result = raw.sqlite3_step(statement);
        var message = result == raw.SQLITE_DONE ? null : raw.sqlite3_errmsg(_database).utf8_to_string();
        _ = raw.sqlite3_reset(statement);
        if (message is not null)
        {
            throw new StorageException(message);
        }
    }

    private void Bind(LedgerEntry entry)
    {
        _column = 0;
        Text(entry.Id);
        Number(entry.StartedAtMicroseconds);
        Text(entry.Kind);
        Text(entry.Operation);
        Number(entry.Revision);
        Text(entry.KeyId);
        Text(entry.KeyName);
        Text(entry.Run);
        Text(entry.Requested);
        Text(entry.Route);
        Text(entry.Target);
        Text(entry.Attempts);
        Number(entry.Status);
        Text(entry.Outcome);
        Text(entry.Error?.Traits.Name);
        Text(entry.Error?.Message);
        Text(entry.ErrorPhase);
        Number(entry.IsStream ? 1 : 0);
        Text(entry.ResponseId);
        Text(entry.ResponseModel);
        Text(entry.FinishReason);
        Number(entry.Usage?.InputTokens);
        Number(entry.Usage?.CacheReadTokens);
        Number(entry.Usage?.CacheWriteTokens);
        Number(entry.Usage?.OutputTokens);
        Number(entry.Usage?.ReasoningTokens);
        Number(entry.Usage?.AudioInputTokens);
        Number(entry.Usage?.AudioOutputTokens);
        Number(entry.DeliveredBytes);
        Number(entry.DeliveredText);
        Number(Microseconds(entry.Timings.Total));
        Number(Microseconds(entry.Timings.Upstream));
        Number(Microseconds(entry.Timings.Overhead));
        Number(entry.Timings.ToFirstByte is { } firstByte ? Microseconds(firstByte) : null);
        Number(entry.Usage?.CacheWriteOneHourTokens);
        Number(entry.Usage?.AudioCacheReadTokens);
        Number(entry.Usage?.ImageInputTokens);
        Number(entry.Usage?.ImageOutputTokens);
        Number(entry.Usage?.WebSearchCalls);
        Text(entry.ServiceTier);
        Number(entry.CostNanoUsd);
        Number(entry.PriceRevision);
        Text(entry.ShadowOf);
        Number(entry.Continuations == 0 ? null : entry.Continuations);
        Text(entry.Payer.Organization);
        Text(entry.Payer.Team);
        Text(entry.Payer.Project);
        Text(entry.User);
        Text(entry.Payer.Agent);
        Text(entry.Payer.LabelsText);
        Text(entry.Parent);
        Text(entry.Cache == CacheStatus.Bypass ? null : entry.Cache.Word());
        Number(entry.SavedNanoUsd);
        Number(entry.PromptCacheSavedNanoUsd);
        Number(entry.IsCostEstimated ? 1 : null);
        Text(entry.RunFirst);
    }

    private static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;

    private void Text(string? value)
    {
        _column++;
        _ = value is null ? raw.sqlite3_bind_null(_insert, _column) : raw.sqlite3_bind_text(_insert, _column, value);
    }

    private void Number(long? value)
    {
        _column++;
        _ = value is null ? raw.sqlite3_bind_null(_insert, _column) : raw.sqlite3_bind_int64(_insert, _column, value.Value);
    }
}
