using System.Security.Cryptography;
using System.Text;
using Gatehouse.Catalog;
using Gatehouse.Identity;
using Gatehouse.Storage;

namespace Gatehouse.Configuration;

/// <summary>How the last attempt to load the file ended.</summary>
/// <param name="Errors">Empty when it was loaded.</param>
/// <param name="CanPass">The file is not at fault: the same file may be loaded later.</param>
internal sealed record LoadStatus(DateTimeOffset At, IReadOnlyList<string> Errors, bool CanPass = false);

/// <summary>
/// The snapshot in force, behind one volatile reference. It is made of the file and of the objects kept in the database; each change of
/// either is a new revision. A file that cannot be loaded changes nothing and is told in the log, in /readyz and in the admin API.
/// </summary>
internal sealed partial class SnapshotSource(
    ConfigurationLoader loader, RevisionStore revisions, PriceRevisionStore prices, KeyStore keys, TimeProvider time, Random random, ILogger<SnapshotSource> logger)
{
    private readonly Lock _gate = new();
    private volatile Snapshot? _current;
    private volatile LoadStatus? _status;
    private Action<Snapshot>? _follower;
    private string _fileDigest = "";

    public Snapshot Current => _current ?? throw new InvalidOperationException("The configuration has not been loaded.");

    public LoadStatus Status => _status ?? throw new InvalidOperationException("The configuration has not been loaded.");

    /// <summary>Tells the part whose settings are not an exchange's own of the snapshot in force, and of each one after it.</summary>
    public void Follow(Action<Snapshot> follower)
    {
        lock (_gate)
        {
            _follower += follower;
            follower(Current);
        }
    }

    public string? File => loader.File;

    /// <summary>The file whose changes matter; <see cref="File"/>, or the one that would be loaded if it were there.</summary>
    public string WatchedFile => loader.WatchedFile;

    /// <summary>Reads the file again. False when it cannot be loaded: <see cref="Status"/> tells why, and what ran goes on.</summary>
    public bool Load(string cause)
    {
        lock (_gate)
        {
            try
            {
                return TryLoad(cause);
            }
            catch (Exception exception) when (_current is not null && StorageException.Covers(exception))
            {
                // A revision has a number before it is in force, and the number could not be kept.
                Reject(cause, [$"the storage cannot be used: {exception.Message}"], canPass: true);
                return false;
            }
            catch (Exception exception) when (_current is not null)
            {
                // A reload comes from a timer or a signal, where an exception would end the process: nothing in a file is worth that.
                LogUnexpected(logger, exception);
                Reject(cause, [$"unexpected failure: {exception.Message}"], canPass: false);
                return false;
            }
        }
    }

    private bool TryLoad(string cause)
    {
        var loaded = loader.Load();
        var previous = _current;
        var storedKeys = keys.ReadAll();
        var digest = Digest(loaded.Digest, storedKeys);
        var compiler = new SnapshotCompiler(loaded.Errors, time, random, loader.Variable);
        var snapshot = compiler.Compile(loaded.Options, storedKeys, previous);
        if (loaded.Errors.Any)
        {
            Reject(cause, loaded.Errors.Messages, canPass: false);
            return false;
        }

        snapshot = snapshot with { Revision = revisions.NumberOf(digest, cause), PriceRevision = prices.NumberOf(snapshot.Catalog), PolicyRevision = loaded.Digest };
        foreach (var route in snapshot.Routes.Values)
        {
            route.Activate();
        }

        _current = snapshot;
        _follower?.Invoke(snapshot);
        _fileDigest = loaded.Digest;
        _status = new LoadStatus(time.GetUtcNow(), []);
        if (previous is not null)
        {
            WarnOfRestart(previous.Options, loaded.Options);
        }

        LogLoaded(logger, _current.Revision, cause);
        return true;
    }

    private void Reject(string cause, IReadOnlyList<string> errors, bool canPass)
    {
        // While the storage is in trouble this is tried again and again: the same is said once.
        var isKnown = _status is { CanPass: true } last && canPass && last.Errors.SequenceEqual(errors, StringComparer.Ordinal);
        _status = new LoadStatus(time.GetUtcNow(), errors, canPass);
        if (!isKnown)
        {
            LogRejected(logger, cause, string.Join("; ", errors));
        }
    }

    /// <summary>Takes over the keys of the database after one was made or revoked.</summary>
    public void RefreshKeys(string cause)
    {
        lock (_gate)
        {
            var storedKeys = keys.ReadAll();
            var fileKeys = Current.Keys.Values.Where(key => key.Owner == KeyOwner.File);
            // In force before it has a number: a revoked key must not live on because the number could not be written.
            _current = Current with { LoadedAt = time.GetUtcNow(), Keys = SnapshotCompiler.KeyIndex(fileKeys, storedKeys) };
            _current = _current with { Revision = revisions.NumberOf(Digest(_fileDigest, storedKeys), cause) };
        }
    }

    private static string Digest(string fileDigest, IReadOnlyList<ApiKey> storedKeys) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(fileDigest + string.Concat(storedKeys.Select(key => key.Id)))));

    private void WarnOfRestart(GatewayOptions before, GatewayOptions after)
    {
        var changed = new List<string>();
        AddIf(!string.Equals(before.Listen, after.Listen, StringComparison.Ordinal), "listen");
        AddIf(before.Admin != after.Admin, "admin");
        AddIf(!string.Equals(before.Storage, after.Storage, StringComparison.Ordinal), "storage");
        AddIf(before.Ledger != after.Ledger, "ledger");
        AddIf(FixedOf(before.Server) != FixedOf(after.Server), "server");
        if (changed.Count > 0)
        {
            LogRestartNeeded(logger, string.Join(", ", changed));
        }

        static ServerOptions FixedOf(ServerOptions options) => options with { MaxRequestBody = default, DrainDelay = default, ShutdownTimeout = default };

        void AddIf(bool condition, string key)
        {
            if (condition)
            {
                changed.Add(key);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Configuration revision {Revision} is in force ({Cause}).")]
    private static partial void LogLoaded(ILogger logger, long revision, string cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "The configuration was not loaded ({Cause}), what runs goes on: {Errors}")]
    private static partial void LogRejected(ILogger logger, string cause, string errors);

    [LoggerMessage(Level = LogLevel.Error, Message = "Loading the configuration failed in an unexpected way; please report this.")]
    private static partial void LogUnexpected(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Changes of these keys take effect at the next start: {Keys}.")]
    private static partial void LogRestartNeeded(ILogger logger, string keys);
}
