using System.Text.Json;
using Gatehouse.Storage;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Caching;

/// <summary>
/// The database file of the cache. It holds nothing that could not be lost: one that cannot be read, or is of another version, is thrown away.
/// One writer at a time, and one reader beside it.
/// </summary>
internal sealed class CacheFile : IDisposable
{
    private const int Version = 1;
    private const int SqliteCorrupt = 11;
    private const int SqliteNotADatabase = 26;
    private const string Tables =
        """
        CREATE TABLE entries (
            id INTEGER PRIMARY KEY,
            key BLOB NOT NULL UNIQUE,
            route TEXT NOT NULL,
            key_id TEXT NOT NULL,
            model TEXT NOT NULL,
            target TEXT NOT NULL,
            content_type TEXT NOT NULL,
            is_stream INTEGER NOT NULL,
            stored_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            cost INTEGER,
            dropped TEXT NOT NULL,
            size INTEGER NOT NULL,
            body BLOB NOT NULL
        );
        CREATE INDEX entries_size ON entries (key, size);
        CREATE INDEX entries_place ON entries (route, key_id, model, size);
        CREATE INDEX entries_expiry ON entries (expires_at, size);
        """;

    private readonly SqliteConnection _writer;
    private readonly SqliteConnection _reader;

    private CacheFile(string path)
    {
        (_writer, _reader) = (Connect(path), Connect(path));
    }

    /// <summary>Opens the file, or makes it anew.</summary>
    /// <exception cref="StorageException">Not even a new one can be made.</exception>
    public static CacheFile Open(string path)
    {
        SqliteLibrary.Load();
        try
        {
            return OpenOnce(path);
        }
        catch (Exception exception) when (exception is SqliteException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            try
            {
                Delete(path);
                return OpenOnce(path);
            }
            catch (Exception again) when (again is SqliteException or IOException or UnauthorizedAccessException or InvalidDataException)
            {
                throw new StorageException($"The file of the cache {path} cannot be used: {again.Message}", again);
            }
        }
    }

    /// <summary>Whether the file itself is broken, and not only what is around it.</summary>
    public static bool IsBroken(SqliteException exception) => exception.SqliteErrorCode is SqliteCorrupt or SqliteNotADatabase;

    public static void Delete(string path)
    {
        foreach (var end in (string[])["", "-wal", "-shm"])
        {
            File.Delete(path + end);
        }
    }

    /// <summary>Of all entries: the beginnings of their keys, and their sizes. Those that are not good any more go.</summary>
    public (HashSet<ulong> Fingerprints, long Bytes) Load(DateTimeOffset now)
    {
        _ = DeleteExpired(now);
        var (fingerprints, bytes) = (new HashSet<ulong>(), 0L);
        using var command = Command(_writer, "SELECT key, size FROM entries INDEXED BY entries_size");
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            _ = fingerprints.Add(KeyOf(rows, 0).Fingerprint);
            bytes += rows.GetInt64(1);
        }

        return (fingerprints, bytes);
    }

    public CacheEntry? Read(CacheKey key)
    {
        using var command = Command(_reader, "SELECT route, key_id, model, target, content_type, is_stream, stored_at, expires_at, cost, dropped, body FROM entries WHERE key = $key", ("$key", key.ToArray()));
        using var row = command.ExecuteReader();
        return !row.Read() ? null : new CacheEntry
        {
            Key = key,
            Route = row.GetString(0),
            KeyId = row.GetString(1),
            Model = row.GetString(2),
            Target = row.GetString(3),
            ContentType = row.GetString(4),
            IsEventStream = row.GetBoolean(5),
            StoredAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(6)),
            ExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(7)),
            CostNanoUsd = row.IsDBNull(8) ? null : row.GetInt64(8),
            Dropped = JsonSerializer.Deserialize<string[]>(row.GetString(9)) ?? [],
            Body = (byte[])row.GetValue(10),
        };
    }

    public SqliteTransaction Begin() => _writer.BeginTransaction();

    /// <summary>Puts an entry in as the newest, in the place of one with the same key.</summary>
    /// <returns>By how much the file grew, in bytes of entries.</returns>
    public long Write(CacheEntry entry)
    {
        var freed = Delete(entry.Key);
        using var command = Command(
            _writer,
            "INSERT INTO entries (key, route, key_id, model, target, content_type, is_stream, stored_at, expires_at, cost, dropped, size, body) "
            + "VALUES ($key, $route, $key_id, $model, $target, $type, $stream, $stored, $expires, $cost, $dropped, $size, $body)",
            ("$key", entry.Key.ToArray()), ("$route", entry.Route), ("$key_id", entry.KeyId), ("$model", entry.Model), ("$target", entry.Target),
            ("$type", entry.ContentType), ("$stream", entry.IsEventStream), ("$stored", entry.StoredAt.ToUnixTimeMilliseconds()),
            ("$expires", entry.ExpiresAt.ToUnixTimeMilliseconds()), ("$cost", entry.CostNanoUsd ?? (object)DBNull.Value),
            ("$dropped", JsonSerializer.Serialize(entry.Dropped)), ("$size", entry.Size), ("$body", entry.Body));
        _ = command.ExecuteNonQuery();
        return entry.Size - freed;
    }

    /// <returns>Its size; 0 when it was not there.</returns>
    public long Delete(CacheKey key)
    {
        return DeleteWhere("key = $key", ("$key", key.ToArray())).Sum(gone => gone.Size);
    }

    /// <summary>Deletes those that came first, until so many bytes are free.</summary>
    public List<(CacheKey Key, long Size)> DeleteOldest(long bytes)
    {
        var gone = new List<(CacheKey Key, long Size)>();
        var last = 0L;
        using (var command = Command(_writer, "SELECT id, key, size FROM entries ORDER BY id"))
        using (var rows = command.ExecuteReader())
        {
            while (bytes > 0 && rows.Read())
            {
                last = rows.GetInt64(0);
                gone.Add((KeyOf(rows, 1), rows.GetInt64(2)));
                bytes -= gone[^1].Size;
            }
        }

        using var delete = Command(_writer, "DELETE FROM entries WHERE id <= $id", ("$id", last));
        _ = delete.ExecuteNonQuery();
        return gone;
    }

    public List<(CacheKey Key, long Size)> DeleteExpired(DateTimeOffset now) =>
        DeleteWhere("expires_at <= $now", ("$now", now.ToUnixTimeMilliseconds()));

    public List<(CacheKey Key, long Size)> Delete(CachePurge purge) => DeleteWhere(
        "($route IS NULL OR route = $route) AND ($key IS NULL OR key_id = $key) AND ($model IS NULL OR model = $model)",
        ("$route", Value(purge.Route)), ("$key", Value(purge.KeyId)), ("$model", Value(purge.Model)));

    /// <summary>Gives pages that are free back to the file system.</summary>
    public void Shrink()
    {
        // A step of the first gives one page back.
        foreach (var pragma in (string[])["PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"])
        {
            using var command = Command(_writer, pragma);
            using var steps = command.ExecuteReader();
            while (steps.Read())
            {
            }
        }
    }

    public List<(string Route, long Entries, long Bytes)> CountByRoute()
    {
        var counts = new List<(string, long, long)>();
        using var command = Command(_reader, "SELECT route, count(*), sum(size) FROM entries INDEXED BY entries_place GROUP BY route");
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            counts.Add((rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2)));
        }

        return counts;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _writer.Dispose();
    }

    private static CacheFile OpenOnce(string path)
    {
        // It holds what models answered. SQLite gives the files beside it the same permissions.
        Database.OpenOwn(path, FileShare.ReadWrite).Dispose();
        var file = new CacheFile(path);
        try
        {
            file.Prepare();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void Prepare()
    {
        using var version = Command(_writer, "PRAGMA user_version");
        var found = (long)version.ExecuteScalar()!;
        if (found == 0)
        {
            using var make = Command(_writer, $"PRAGMA auto_vacuum=INCREMENTAL; VACUUM; BEGIN; {Tables} PRAGMA user_version={Version}; COMMIT;");
            _ = make.ExecuteNonQuery();
        }
        else if (found != Version)
        {
            throw new InvalidDataException("It is of another version.");
        }
    }

    private List<(CacheKey Key, long Size)> DeleteWhere(string condition, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var gone = new List<(CacheKey Key, long Size)>();
        using (var command = Command(_writer, $"SELECT key, size FROM entries WHERE {condition}", parameters))
        using (var rows = command.ExecuteReader())
        {
            while (rows.Read())
            {
                gone.Add((KeyOf(rows, 0), rows.GetInt64(1)));
            }
        }

        if (gone.Count > 0)
        {
            using var delete = Command(_writer, $"DELETE FROM entries WHERE {condition}", parameters);
            _ = delete.ExecuteNonQuery();
        }

        return gone;
    }

    private static CacheKey KeyOf(SqliteDataReader row, int column) =>
        row.GetValue(column) is byte[] { Length: CacheKey.Length } key ? new CacheKey(key) : throw new InvalidDataException("It has a key of another length.");

    private static object Value(string? text) => text is null ? DBNull.Value : text;

    private static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            _ = command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    private static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        try
        {
            connection.Open();
            // What a power failure takes is asked for again: nothing waits for the disk.
            using var command = Command(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA busy_timeout=5000; PRAGMA journal_size_limit=67108864;");
            _ = command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
