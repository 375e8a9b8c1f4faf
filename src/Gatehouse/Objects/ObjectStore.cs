using Gatehouse.Storage;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Objects;

/// <summary>Where an object is, and whose it is.</summary>
internal sealed record ObjectOwner(string Provider, string KeyId);

/// <summary>
/// Who made which object at which provider, in the database. The listener must not block, so every look is on a thread of the pool, one
/// after the other over one connection: to open one would cost more than the look.
/// </summary>
internal sealed class ObjectStore(Database database, TimeProvider time) : IDisposable
{
    /// <summary>Objects forgotten at a time: the ledger waits meanwhile.</summary>
    private const int MaxPruned = 1000;

    private static readonly TimeSpan PruneInterval = TimeSpan.FromHours(1);
    private readonly Lock _gate = new();
    private SqliteConnection? _connection;
    private DateTimeOffset _pruned;

    /// <returns>Usually one: ids are unique at a provider, not among providers.</returns>
    public Task<IReadOnlyList<ObjectOwner>> FindAsync(string id) => RunAsync<IReadOnlyList<ObjectOwner>>(connection =>
    {
        using var command = Command(connection, "SELECT provider, key_id FROM objects WHERE id = $id", ("$id", id));
        using var reader = command.ExecuteReader();
        var owners = new List<ObjectOwner>(1);
        while (reader.Read())
        {
            owners.Add(new ObjectOwner(reader.GetString(0), reader.GetString(1)));
        }

        return owners;
    });

    /// <summary>Of these objects at a provider, those that a key made.</summary>
    public Task<IReadOnlySet<string>> OwnedAsync(string provider, string keyId, IReadOnlyList<string> ids) => RunAsync<IReadOnlySet<string>>(connection =>
    {
        var owned = new HashSet<string>(StringComparer.Ordinal);
        foreach (var id in ids)
        {
            using var command = Command(
                connection, "SELECT 1 FROM objects WHERE id = $id AND provider = $provider AND key_id = $key", ("$id", id), ("$provider", provider), ("$key", keyId));
            if (command.ExecuteScalar() is not null)
            {
                owned.Add(id);
            }
        }

        return owned;
    });

    /// <summary>Remembers objects. What has an owner keeps it: no answer can take an object from somebody.</summary>
    /// <param name="retention">What is older is forgotten on the way, once an hour.</param>
    public Task AddAsync(IReadOnlyList<string> ids, string provider, string keyId, TimeSpan retention) => RunAsync(connection =>
    {
        var now = time.GetUtcNow();
        using var transaction = connection.BeginTransaction(deferred: false);
        foreach (var id in ids)
        {
            using var insert = Command(
                connection,
                "INSERT INTO objects (id, provider, key_id, created_at) VALUES ($id, $provider, $key, $now) ON CONFLICT DO NOTHING",
                ("$id", id), ("$provider", provider), ("$key", keyId), ("$now", now.ToUnixTimeSeconds()));
            _ = insert.ExecuteNonQuery();
        }

        if (now - _pruned >= PruneInterval)
        {
            using var delete = Command(
                connection,
                "DELETE FROM objects WHERE (id, provider) IN (SELECT id, provider FROM objects WHERE created_at < $limit LIMIT $most)",
                ("$limit", (now - retention).ToUnixTimeSeconds()), ("$most", MaxPruned));
            // Where more is to be forgotten, the next object that is noted goes on with it.
            _pruned = delete.ExecuteNonQuery() < MaxPruned ? now : _pruned;
        }

        transaction.Commit();
        return true;
    });

    public Task RemoveAsync(string id, string provider) => RunAsync(connection =>
    {
        using var command = Command(connection, "DELETE FROM objects WHERE id = $id AND provider = $provider", ("$id", id), ("$provider", provider));
        return command.ExecuteNonQuery();
    });

    public void Dispose()
    {
        lock (_gate)
        {
            _connection?.Dispose();
        }
    }

    private Task<T> RunAsync<T>(Func<SqliteConnection, T> work) => Task.Run(() =>
    {
        lock (_gate)
        {
            try
            {
                return work(_connection ??= database.Connect());
            }
            catch (SqliteException)
            {
                // The next look begins anew.
                _connection?.Dispose();
                _connection = null;
                throw;
            }
        }
    });

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
}
