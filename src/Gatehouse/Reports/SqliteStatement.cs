using Gatehouse.Storage;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Gatehouse.Reports;

/// <summary>A prepared statement on SQLite's own C interface, for what runs for each exchange, or for each row of a large table.</summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    /// <exception cref="StorageException">The statement does not fit the database.</exception>
    public SqliteStatement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        if (raw.sqlite3_prepare_v2(_database, sql, out _statement) != raw.SQLITE_OK)
        {
            throw new StorageException(raw.sqlite3_errmsg(_database).utf8_to_string());
        }
    }

    /// <param name="index">From 1.</param>
    public void Bind(int index, long value) => _ = raw.sqlite3_bind_int64(_statement, index, value);

    public void Bind(int index, string? value) =>
        _ = value is null ? raw.sqlite3_bind_null(_statement, index) : raw.sqlite3_bind_text(_statement, index, value);

    public void Bind(int index, ReadOnlySpan<byte> value) => _ = raw.sqlite3_bind_blob(_statement, index, value);

    /// <returns>True while there is a row.</returns>
    /// <exception cref="StorageException">The step failed; the statement can be used again.</exception>
    public bool Read()
    {
        var result = raw.sqlite3_step(_statement);
        if (result == raw.SQLITE_ROW)
        {
            return true;
        }

        var message = result == raw.SQLITE_DONE ? null : raw.sqlite3_errmsg(_database).utf8_to_string();
        Reset();
        return message is null ? false : throw new StorageException(message);
    }

    /// <summary>Runs a statement that has no rows.</summary>
    /// <returns>False when the values break a constraint of the table: nothing was changed.</returns>
    /// <exception cref="StorageException">The step failed for another reason.</exception>
    public bool Run()
    {
        var result = raw.sqlite3_step(_statement);
        var message = result is raw.SQLITE_DONE or raw.SQLITE_CONSTRAINT ? null : raw.sqlite3_errmsg(_database).utf8_to_string();
        Reset();
        return message is null ? result == raw.SQLITE_DONE : throw new StorageException(message);
    }

    public void Reset() => _ = raw.sqlite3_reset(_statement);

    /// <param name="column">From 0.</param>
    public long Number(int column) => raw.sqlite3_column_int64(_statement, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    /// <summary>Valid until the next step.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(_statement, column);

    public string? Text(int column) => IsNull(column) ? null : raw.sqlite3_column_text(_statement, column).utf8_to_string();

    public void Dispose() => _statement.Dispose();
}
