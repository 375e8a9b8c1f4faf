using Gatehouse.Ledger;
using Gatehouse.Storage;
using Gatehouse.Tests.Harness;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gatehouse.Tests.Reports;

/// <summary>What is written with a group of ledger rows is durable when they are, and never counts a row twice.</summary>
public sealed class GroupRowsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Database _database;
    private readonly Counted _rows = new();

    public GroupRowsTests() => _database = Database.Open($"sqlite:{Path.Combine(_folder.Path, "ledger.db")}", TimeProvider.System);

    public void Dispose()
    {
        _database.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_row_that_is_there_already_does_not_come_again()
    {
        using (var writer = Writer())
        {
            Assert.True(await writer.CommitAsync(Entry("exc_1")));
            Assert.True(await writer.CommitAsync(Entry("exc_1")));
            Assert.True(await writer.CommitAsync(Entry("exc_2")));
        }

        Assert.Equal(["exc_1", "exc_2"], _rows.Ids);
        Assert.True(_rows.IsDisposed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failure_keeps_the_whole_group_for_later(bool isSqlite)
    {
        _rows.Failure = isSqlite ? new SqliteException("disk is full", 13) : new StorageException("disk is full");
        using (var writer = Writer())
        {
            Assert.False(await writer.CommitAsync(Entry("exc_1")));
            Assert.Equal("disk is full", writer.Trouble);
            using (var connection = _database.Connect())
            {
                Assert.Equal(0L, Scalar(connection, "SELECT count(*) FROM exchanges"));
                Assert.Equal(0L, Scalar(connection, "SELECT count(*) FROM settings WHERE name LIKE 'exc%'"));
            }

            Assert.True(_rows.Forgotten > 0);
            _rows.Failure = null;
            await Eventually.GetAsync(() => Task.FromResult<bool?>(writer.Trouble is null ? true : null), "the ledger to recover");
        }

        using var after = _database.Connect();
        Assert.Equal(1L, Scalar(after, "SELECT count(*) FROM exchanges"));
        Assert.Equal(1L, Scalar(after, "SELECT count(*) FROM settings WHERE name LIKE 'exc%'"));
        Assert.Equal("exc_1", _rows.Ids[^1]);
    }

    private LedgerWriter Writer() => new(_database, fullSync: false, queueLimit: 100, NullLogger<LedgerWriter>.Instance, [_rows.On]);

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static LedgerEntry Entry(string id) => LedgerRows.Of(id);

    /// <summary>Writes one row for each exchange, then fails if it is told to.</summary>
    private sealed class Counted : IGroupRows
    {
        private SqliteConnection? _connection;

        public volatile Exception? Failure;

        public volatile int Forgotten;

        public bool IsDisposed { get; private set; }

        public List<string> Ids { get; } = [];

        public Counted On(SqliteConnection connection)
        {
            _connection = connection;
            return this;
        }

        public void Write(List<LedgerEntry> entries)
        {
            foreach (var entry in entries)
            {
                using var command = _connection!.CreateCommand();
                command.CommandText = "INSERT INTO settings (name, value) VALUES ($name, '')";
                _ = command.Parameters.AddWithValue("$name", entry.Id);
                _ = command.ExecuteNonQuery();
            }

            if (Failure is { } failure)
            {
                throw failure;
            }

            Ids.AddRange(entries.Select(entry => entry.Id));
        }

        public void Forget() => Forgotten++;

        public void Dispose() => IsDisposed = true;
    }
}
