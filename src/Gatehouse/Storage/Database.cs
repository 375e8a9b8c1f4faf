using Microsoft.Data.Sqlite;

namespace Gatehouse.Storage;

/// <summary>The database of one gateway. Readers do not wait for the writer (write-ahead log).</summary>
internal sealed class Database : IDisposable
{
    private const string Scheme = "sqlite:";
    private readonly FileStream _lock;
    private readonly string _connectionString;

    private Database(string path, FileStream fileLock)
    {
        _lock = fileLock;
        Path = path;
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString();
    }

    public string Path { get; }

    /// <summary>There was no database before this start.</summary>
    public bool IsNew { get; private init; }

    /// <summary>Opens the database of a storage address, makes or migrates it, and locks it against a second gateway.</summary>
    /// <param name="storage"><c>sqlite:PATH</c></param>
    /// <param name="time">For the times of migrations.</param>
    /// <exception cref="StorageException">It cannot be used; the message says why and what to do.</exception>
    public static Database Open(string storage, TimeProvider time)
    {
        SqliteLibrary.Load();
        var path = PathOf(storage);
        var fileLock = Lock(path);
        try
        {
            var database = new Database(path, fileLock) { IsNew = !File.Exists(path) || new FileInfo(path).Length == 0 };
            // It holds who asked what. SQLite gives the files beside it the same permissions.
            OpenOwn(path, FileShare.ReadWrite).Dispose();
            using var connection = database.Connect();
            Migrations.Apply(connection, time);
            return database;
        }
        catch (Exception exception) when (exception is SqliteException or IOException or UnauthorizedAccessException)
        {
            fileLock.Dispose();
            throw new StorageException($"The database {path} cannot be opened: {exception.Message}", exception);
        }
        catch
        {
            fileLock.Dispose();
            throw;
        }
    }

    public static bool IsSupported(string storage) => storage.StartsWith(Scheme, StringComparison.Ordinal) && storage.Length > Scheme.Length;

    /// <summary>A new connection; the caller disposes it.</summary>
    public SqliteConnection Connect(bool fullSync = false)
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"PRAGMA journal_mode=WAL; PRAGMA synchronous={(fullSync ? "FULL" : "NORMAL")}; PRAGMA busy_timeout=5000; PRAGMA foreign_keys=ON;";
        command.ExecuteNonQuery();
        return connection;
    }

    public void Dispose() => _lock.Dispose();

    private static string PathOf(string storage) => IsSupported(storage)
        ? System.IO.Path.GetFullPath(storage[Scheme.Length..])
        : throw new StorageException($"The storage '{storage}' is not supported: write sqlite:PATH.");

    private static FileStream Lock(string path)
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            return OpenOwn(path + ".lock", FileShare.None);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new StorageException($"The folder of {path} cannot be written to: {exception.Message}", exception);
        }
        catch (IOException exception)
        {
            throw new StorageException($"{path} cannot be locked; is another gatehouse running on the same data? ({exception.Message})", exception);
        }
    }

    /// <summary>Opens a file, or makes one that only its owner may read.</summary>
    public static FileStream OpenOwn(string path, FileShare share)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }
}
