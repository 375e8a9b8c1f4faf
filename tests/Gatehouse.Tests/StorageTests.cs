using System.Globalization;
using Gatehouse.Storage;
using Gatehouse.Tests.Harness;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Tests;

/// <summary>The database: made once, migrated once, for its owner alone.</summary>
public sealed class StorageTests : IDisposable
{
    private static readonly Migration First = new(1, "0001_things.sql", "CREATE TABLE things (name TEXT); INSERT INTO things VALUES ('first');");
    private static readonly Migration Second = new(2, "0002_more.sql", "INSERT INTO things VALUES ('second');");

    private readonly TemporaryFolder _folder = new();

    private string FilePath => Path.Combine(_folder.Path, "data", "gatehouse.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Migrations_run_once_in_order()
    {
        using var connection = Connect();

        Migrations.Apply(connection, TimeProvider.System, [First]);
        Migrations.Apply(connection, TimeProvider.System, [First, Second]);
        Migrations.Apply(connection, TimeProvider.System, [First, Second]);

        Assert.Equal("first second", Query(connection, "SELECT group_concat(name, ' ') FROM things"));
        Assert.Equal("1 2", Query(connection, "SELECT group_concat(number, ' ') FROM migrations"));
    }

    [Fact]
    public void A_migration_that_was_changed_after_it_ran_is_refused()
    {
        using var connection = Connect();
        Migrations.Apply(connection, TimeProvider.System, [First]);

        var exception = Assert.Throws<StorageException>(() => Migrations.Apply(connection, TimeProvider.System, [new Migration(First.Number, First.Name, First.Sql + " "), Second]));

        Assert.Contains("Migration 1 (0001_things.sql) has changed", exception.Message, StringComparison.Ordinal);
        Assert.Equal("first", Query(connection, "SELECT group_concat(name, ' ') FROM things"));
    }

    [Fact]
    public void A_database_of_a_newer_gateway_is_refused()
    {
        using var connection = Connect();
        Migrations.Apply(connection, TimeProvider.System, [First, Second]);

        var exception = Assert.Throws<StorageException>(() => Migrations.Apply(connection, TimeProvider.System, [First]));

        Assert.Contains("newer Gatehouse (migration 2, this one knows 1)", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_migration_that_fails_leaves_nothing_behind()
    {
        using var connection = Connect();

        _ = Assert.Throws<SqliteException>(() => Migrations.Apply(connection, TimeProvider.System, [First, new Migration(2, "0002_broken.sql", "CREATE TABLE x (a); nonsense")]));

        Assert.Equal("0", Query(connection, "SELECT count(*) FROM sqlite_master"));
        Migrations.Apply(connection, TimeProvider.System, [First]);
    }

    [Fact]
    public async Task Migrations_that_start_at_the_same_time_run_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            using var connection = Connect();
            Migrations.Apply(connection, TimeProvider.System, [First, Second]);
        })));

        using var reader = Connect();
        Assert.Equal("first second", Query(reader, "SELECT group_concat(name, ' ') FROM things"));
    }

    [Fact]
    public async Task Of_two_gateways_that_start_at_the_same_time_on_new_data_one_runs()
    {
        await using var one = GatewayProcess.Begin(_folder.Path, []);
        await using var two = GatewayProcess.Begin(_folder.Path, []);

        await Eventually.TrueAsync(() => one.HasExited || two.HasExited, "one of them to give up");
        var (loser, winner) = one.HasExited ? (one, two) : (two, one);
        Assert.Equal(1, await loser.ExitAsync());
        Assert.Contains("is another gatehouse running on the same data?", loser.AllText, StringComparison.Ordinal);
        await winner.ReadyAsync();
    }

    [Fact]
    public void Only_its_owner_may_read_a_new_database_and_the_files_beside_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such permissions");
        using var database = Database.Open($"sqlite:{FilePath}", TimeProvider.System);
        using var connection = database.Connect();

        var files = Directory.GetFiles(Path.GetDirectoryName(FilePath)!);

        Assert.Contains(FilePath + "-wal", files, StringComparer.Ordinal);
#pragma warning disable CA1416 // Skipped on Windows above.
        Assert.All(files, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
#pragma warning restore CA1416
    }

    [Fact]
    public void A_database_is_new_until_it_has_been_made()
    {
        using (var database = Database.Open($"sqlite:{FilePath}", TimeProvider.System))
        {
            Assert.True(database.IsNew);
        }

        using var again = Database.Open($"sqlite:{FilePath}", TimeProvider.System);
        Assert.False(again.IsNew);
    }

    [Fact]
    public void A_file_that_is_no_database_is_told_with_its_name_and_left_alone()
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.WriteAllText(FilePath, string.Concat(Enumerable.Repeat("This is a letter.\n", 100)));

        var exception = Assert.Throws<StorageException>(() => Database.Open($"sqlite:{FilePath}", TimeProvider.System));

        Assert.Contains(FilePath, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith("This is a letter.", File.ReadAllText(FilePath), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_SQLite_library_is_told_with_how_to_install_it()
    {
        var exception = Assert.Throws<StorageException>(() => SqliteLibrary.Find(["libabsent.so.0", "libabsent.so"]));

        Assert.Contains("(libabsent.so.0)", exception.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install libsqlite3-0", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>As the program connects, to a database of its own that has no tables yet.</summary>
    private SqliteConnection Connect()
    {
        SqliteLibrary.Load();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(_folder.Path, "bare.db"), Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static string Query(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture)!;
    }
}
