using Gatehouse.Configuration;

namespace Gatehouse.Hosting;

/// <summary>
/// Loads the configuration again when its file has changed. The file is looked at once a second: notifications of the file system do
/// not come through on network and container mounts.
/// </summary>
internal sealed class ConfigurationWatcher(SnapshotSource snapshots, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private ITimer? _timer;
    private (DateTime Written, long Length) _seen;
    private (DateTime Written, long Length) _last;

    public void Start()
    {
        var file = snapshots.WatchedFile;
        // Without a file the embedded default runs, until one is written.
        _seen = snapshots.File is null ? default : StateOf(file);
        _last = _seen;
        _timer = time.CreateTimer(_ => Look(file), state: null, Interval, Interval);
    }

    public ValueTask DisposeAsync() => _timer?.DisposeAsync() ?? ValueTask.CompletedTask;

    private void Look(string file)
    {
        var state = StateOf(file);
        // What is being written is left alone: an editor empties a file before it fills it, and half of one may be valid, without its keys.
        var isSettled = state == _last;
        _last = state;
        if (isSettled && (state != _seen || snapshots.Status.CanPass))
        {
            _seen = state;
            _ = snapshots.Load("file changed");
        }
    }

    private static (DateTime Written, long Length) StateOf(string file)
    {
        try
        {
            // Mounted configuration is often a link that is turned to another file.
            var info = new FileInfo(file);
            var target = info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? info;
            return target.Exists ? (target.LastWriteTimeUtc, target.Length) : default;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It is being replaced at this moment, or is gone: loading it says so.
            return default;
        }
    }
}
