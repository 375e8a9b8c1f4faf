using System.Data.Common;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Gatehouse.Storage;

/// <summary>Binds the SQLite provider to the operating system's library, which gets its security updates from there.</summary>
internal static class SqliteLibrary
{
    private const string ImportName = "e_sqlite3";

    private static readonly string[] SystemNames = OperatingSystem.IsMacOS() ? ["libsqlite3.dylib"]
        : OperatingSystem.IsWindows() ? ["winsqlite3.dll", "sqlite3.dll"]
        : ["libsqlite3.so.0", "libsqlite3.so"];

    private static readonly Lock Gate = new();
    private static bool _isLoaded;

    public static void Load()
    {
        lock (Gate)
        {
            if (_isLoaded)
            {
                return;
            }

            NativeLibrary.SetDllImportResolver(typeof(SQLitePCL.SQLite3Provider_e_sqlite3).Assembly, Resolve);
            SQLitePCL.raw.SetProvider(new SQLitePCL.SQLite3Provider_e_sqlite3());
            _isLoaded = true;
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) =>
        string.Equals(name, ImportName, StringComparison.Ordinal) ? Find(SystemNames) : 0;

    /// <exception cref="StorageException">None of them is on this machine.</exception>
    internal static nint Find(IReadOnlyList<string> names)
    {
        foreach (var candidate in names)
        {
            if (NativeLibrary.TryLoad(candidate, out var handle))
            {
                return handle;
            }
        }

        throw new StorageException(
            $"The SQLite library of the operating system is missing ({names[0]}). Install it: 'apt-get install libsqlite3-0' on Debian and "
            + "Ubuntu, 'dnf install sqlite-libs' on Fedora and RHEL, 'apk add sqlite-libs' on Alpine.");
    }
}

/// <summary>The storage cannot be used; the message says why and what to do.</summary>
internal sealed class StorageException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether a failure is the storage's, which can pass (a full disk), and not a mistake in the program.</summary>
    public static bool Covers(Exception exception) => exception is StorageException or DbException;
}
