using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Storage;

/// <summary>
/// Numbered SQL files, each run once, in order, in one transaction that locks the database. What has run is kept with a checksum: a file
/// that was changed afterwards, or a database of a newer gateway, stops the start.
/// </summary>
internal static class Migrations
{
    public static void Apply(SqliteConnection connection, TimeProvider time) => Apply(connection, time, Embedded());

    internal static void Apply(SqliteConnection connection, TimeProvider time, IReadOnlyList<Migration> migrations)
    {
        // Immediate: a second process that starts at the same time waits here, and then finds nothing left to do.
        using var transaction = connection.BeginTransaction(deferred: false);
        Execute(connection, "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT");
        var applied = Applied(connection);
        var newest = migrations[^1].Number;
        if (applied.Keys.DefaultIfEmpty().Max() is var last && last > newest)
        {
            throw new StorageException($"The database was written by a newer Gatehouse (migration {last}, this one knows {newest}). Start the newer one.");
        }

        foreach (var migration in migrations)
        {
            if (!applied.TryGetValue(migration.Number, out var checksum))
            {
                Execute(connection, migration.Sql);
                Execute(
                    connection,
                    "INSERT INTO migrations VALUES ($number, $name, $checksum, $time)",
                    ("$number", migration.Number), ("$name", migration.Name), ("$checksum", migration.Checksum),
                    ("$time", time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture)));
            }
            else if (!string.Equals(checksum, migration.Checksum, StringComparison.Ordinal))
            {
                throw new StorageException($"Migration {migration.Number} ({migration.Name}) has changed since it ran on this database.");
            }
        }

        transaction.Commit();
    }

    private static List<Migration> Embedded()
    {
        const string Folder = "migrations/";
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                return new Migration(int.Parse(name.AsSpan(Folder.Length, 4), CultureInfo.InvariantCulture), name[Folder.Length..], reader.ReadToEnd());
            })
            .ToList();
    }

    private static Dictionary<int, string> Applied(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT number, checksum FROM migrations";
        using var reader = command.ExecuteReader();
        var applied = new Dictionary<int, string>();
        while (reader.Read())
        {
            applied[reader.GetInt32(0)] = reader.GetString(1);
        }

        return applied;
    }

    private static void Execute(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            _ = command.Parameters.AddWithValue(name, value);
        }

        _ = command.ExecuteNonQuery();
    }
}

internal sealed record Migration(int Number, string Name, string Sql)
{
    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));
}
