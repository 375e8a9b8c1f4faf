using Gatehouse.Ledger;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Responses;
using Gatehouse.Storage;
using Gatehouse.Tests.Harness;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Tests.Hostile;

/// <summary>What is written with a row cannot keep the ledger from being written.</summary>
public sealed class HostileCompanionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LogCapture _logs = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("constraint")]
    [InlineData("mismatch")]
    [InlineData("too large")]
    [InlineData("no table")]
    [InlineData("not of the database")]
    public async Task A_companion_that_can_never_be_written_is_left_out_and_told(string kind)
    {
        using var database = Database.Open($"sqlite:{Path.Combine(_folder.Path, "ledger.db")}", TimeProvider.System);
        using var logging = LoggerFactory.Create(builder => builder.AddProvider(_logs));
        using (var writer = new LedgerWriter(database, fullSync: false, queueLimit: 100, logging.CreateLogger<LedgerWriter>()))
        {
            var before = writer.CommitAsync(Entry("exc_1", new Good("a")));
            var poisoned = writer.CommitAsync(Entry("exc_2", new Good("b"), new Poison(kind)));
            var after = writer.CommitAsync(Entry("exc_3", new Good("c")));

            Assert.Equal((true, true, true), (await before, await poisoned, await after));
            Assert.Null(writer.Trouble);
        }

        using var connection = database.Connect();
        Assert.Equal("exc_1 exc_2 exc_3", Query(connection, "SELECT group_concat(id, ' ') FROM (SELECT id FROM exchanges ORDER BY id)"));
        // All companions of an exchange or none.
        Assert.Equal("a c", Query(connection, "SELECT group_concat(id, ' ') FROM (SELECT id FROM objects ORDER BY id)"));
        Assert.Contains("exc_2 is recorded, but", _logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_in_trouble_keeps_the_row_and_its_companion()
    {
        using var database = Database.Open($"sqlite:{Path.Combine(_folder.Path, "ledger.db")}", TimeProvider.System);
        using var logging = LoggerFactory.Create(builder => builder.AddProvider(_logs));
        using var writer = new LedgerWriter(database, fullSync: false, queueLimit: 100, logging.CreateLogger<LedgerWriter>());
        var companion = new Troubled();

        Assert.False(await writer.CommitAsync(Entry("exc_1", companion)));

        companion.IsOver = true;
        await Eventually.GetAsync(() => Task.FromResult<bool?>(writer.Trouble is null ? true : null), "the ledger to recover");
        using var connection = database.Connect();
        Assert.Equal("exc_1", Query(connection, "SELECT group_concat(id, ' ') FROM exchanges"));
        Assert.Equal("late", Query(connection, "SELECT group_concat(id, ' ') FROM objects"));
    }

    [Fact]
    public void What_has_expired_is_forgotten_a_little_at_a_time()
    {
        using var database = Database.Open($"sqlite:{Path.Combine(_folder.Path, "ledger.db")}", TimeProvider.System);
        using var connection = database.Connect();
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        for (var i = 0; i < 100; i++)
        {
            Kept($"resp_{i}", start).Write(connection);
        }

        Kept("resp_new", start.AddDays(2)).Write(connection);
        Assert.InRange(long.Parse(Query(connection, "SELECT count(*) FROM responses")!), 60, 100);
        for (var i = 0; i < 10; i++)
        {
            Kept("resp_new", start.AddDays(2)).Write(connection);
        }

        Assert.Equal("1", Query(connection, "SELECT count(*) FROM responses"));

        static KeptResponse Kept(string id, DateTimeOffset at) => new(id, "key", at, at.AddDays(1), new StoredTurn([], 0), []);
    }

    private static LedgerEntry Entry(string id, params ICompanionRow[] companions) => LedgerRows.Of(id, companions);

    private static void Run(SqliteConnection connection, string sql, object? value = null)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.Parameters.AddWithValue("$value", value ?? DBNull.Value);
        _ = command.ExecuteNonQuery();
    }

    private static string? Query(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()?.ToString();
    }

    private sealed class Good(string id) : ICompanionRow
    {
        public void Write(SqliteConnection connection) => Run(connection, "INSERT OR REPLACE INTO objects (id, provider, key_id, created_at) VALUES ($value, 'p', 'k', 1)", id);
    }

    private sealed class Poison(string kind) : ICompanionRow
    {
        public void Write(SqliteConnection connection)
        {
            switch (kind)
            {
                case "constraint":
                    Run(connection, "INSERT INTO objects (id, provider, key_id, created_at) VALUES ($value, 'p', 'k', 1)");
                    break;
                case "mismatch":
                    Run(connection, "INSERT INTO objects (id, provider, key_id, created_at) VALUES ('x', 'p', 'k', $value)", "no number");
                    break;
                case "too large":
                    Run(connection, "INSERT INTO objects (id, provider, key_id, created_at) VALUES (zeroblob(2147483647), 'p', 'k', 1)");
                    break;
                case "no table":
                    Run(connection, "INSERT INTO nowhere VALUES ($value)");
                    break;
                default:
                    throw new InvalidOperationException("It cannot be said.");
            }
        }
    }

    private sealed class Troubled : ICompanionRow
    {
        private const int Full = 13;

        public volatile bool IsOver;

        public void Write(SqliteConnection connection)
        {
            if (!IsOver)
            {
                throw new SqliteException("database or disk is full", Full);
            }

            Run(connection, "INSERT OR REPLACE INTO objects (id, provider, key_id, created_at) VALUES ('late', 'p', 'k', 1)");
        }
    }
}
