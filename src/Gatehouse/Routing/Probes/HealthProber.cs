using Gatehouse.Configuration;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;
using Gatehouse.Upstream;

namespace Gatehouse.Routing.Probes;

/// <summary>
/// Asks the providers of targets without traffic whether they are there, where routes want it, and tells the targets' health. One question answers
/// for all targets that share it. It follows the snapshot in force.
/// </summary>
/// <param name="random">Gateways that started together do not ask in step.</param>
internal sealed partial class HealthProber(SnapshotSource snapshots, TimeProvider time, Random random, ILogger<HealthProber> logger) : IAsyncDisposable
{
    private const int MostAtOnce = 16;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _room = new(MostAtOnce);
    private readonly long _origin = time.GetTimestamp();
    private Snapshot? _seen;
    private Probe[] _probes = [];
    private Task _loop = Task.CompletedTask;

    private TimeSpan Now => time.GetElapsedTime(_origin);

    public void Start() => _loop = RunAsync(new PeriodicTimer(Interval, time));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        for (var i = 0; i < MostAtOnce; i++)
        {
            // Each place that is free again is a probe that has ended.
            await _room.WaitAsync();
        }

        _stop.Dispose();
        _room.Dispose();
    }

    private async Task RunAsync(PeriodicTimer timer)
    {
        using (timer)
        {
            try
            {
                while (await timer.WaitForNextTickAsync(_stop.Token))
                {
                    LookSafely();
                }
            }
            catch (OperationCanceledException)
            {
                // The gateway stops.
            }
        }
    }

    private void LookSafely()
    {
        try
        {
            Look();
        }
#pragma warning disable CA1031 // A mistake in one look must not make it the last one.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogUnexpected(logger, exception, "targets");
        }
    }

    private void Look()
    {
        var (snapshot, now) = (snapshots.Current, Now);
        if (!ReferenceEquals(snapshot, _seen))
        {
            (_seen, _probes) = (snapshot, [.. ProbesOf(snapshot, now)]);
        }

        foreach (var probe in _probes)
        {
            if (now < probe.Turn.Next || probe.Turn.IsRunning || !_room.Wait(0, CancellationToken.None))
            {
                continue;
            }

            if (probe.Enter() is not { Count: > 0 } passes)
            {
                _ = _room.Release();
                continue;
            }

            probe.Turn.Next = now + (probe.Model.Every * (0.9 + (0.2 * random.NextDouble())));
            probe.Turn.IsRunning = true;
            _ = AskAsync(probe, passes);
        }
    }

    private async Task AskAsync(Probe probe, IReadOnlyList<(TargetHealth Health, HealthPass Pass)> passes)
    {
        try
        {
            var result = await ProviderProbe.AskAsync(probe.Provider, probe.Uri, probe.Model.Timeout, time, _stop.Token);
            foreach (var (health, pass) in passes)
            {
                Tell(health, pass, result);
            }

            Log(probe, result);
        }
        catch (OperationCanceledException)
        {
            // The gateway stops.
        }
#pragma warning disable CA1031 // Nothing that a provider answers may end the prober.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogUnexpected(logger, exception, probe.Provider.Name);
        }
        finally
        {
            foreach (var (health, pass) in passes)
            {
                health.Leave(pass);
            }

            probe.Turn.IsRunning = false;
            _ = _room.Release();
        }
    }

    private static void Tell(TargetHealth health, in HealthPass pass, in ProbeResult result)
    {
        if (result.IsWell)
        {
            health.ProbeSucceeded(pass);
        }
        else if (result.Failure is { } kind)
        {
            health.Failed(pass, Disposition.Of(kind).Blame, retryAfter: null);
        }
    }

    /// <summary>Where routes ask the same of the same provider, they do it together.</summary>
    private IEnumerable<Probe> ProbesOf(Snapshot snapshot, TimeSpan now)
    {
        var turns = _probes.ToDictionary(probe => probe.Key, probe => probe.Turn);
        return snapshot.Routes.Values
            .SelectMany(route => route.Targets, (route, leaf) => (Model: route.Health?.Probe, leaf))
            .Where(pair => pair.Model is not null)
            .Select(pair => (Key: (pair.leaf.Target.Provider.Name, UriOf(pair.leaf.Target.Provider, pair.Model!), pair.Model!), pair.leaf))
            .Where(pair => pair.Key.Item2 is not null)
            .GroupBy(pair => pair.Key, pair => pair.leaf)
            .Select(group => new Probe(
                (group.Key.Name, group.Key.Item2!, group.Key.Item3),
                group.First().Target.Provider,
                [.. group.Select(leaf => leaf.Health!).Distinct()],
                turns.GetValueOrDefault((group.Key.Name, group.Key.Item2!, group.Key.Item3)) ?? new Turn { Next = now + (group.Key.Item3.Every * random.NextDouble()) }));
    }

    /// <summary>Null where there is nothing to ask for: within this process, or at a host that has no list.</summary>
    private static Uri? UriOf(ProviderModel provider, ProbeModel probe) =>
        provider.Entry.Kind == ProviderTable.Sandbox ? null : probe.Path is { } path ? new Uri(provider.BaseUrl + path) : UpstreamPaths.OfModelList(provider);

    private void Log(Probe probe, in ProbeResult result)
    {
        var words = result.IsWell ? null : result.Words;
        if (string.Equals(words, probe.Turn.Trouble, StringComparison.Ordinal))
        {
            return;
        }

        if (words is not null)
        {
            LogTrouble(logger, probe.Provider.Name, words);
        }
        else
        {
            LogBack(logger, probe.Provider.Name);
        }

        probe.Turn.Trouble = words;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Probe: {Provider} {Trouble}.")]
    private static partial void LogTrouble(ILogger logger, string provider, string trouble);

    [LoggerMessage(Level = LogLevel.Information, Message = "Probe: {Provider} answers again.")]
    private static partial void LogBack(ILogger logger, string provider);

    [LoggerMessage(Level = LogLevel.Error, Message = "The probe of {Provider} failed unexpectedly; please report this.")]
    private static partial void LogUnexpected(ILogger logger, Exception exception, string provider);

    /// <summary>What outlives a reload that does not change the question.</summary>
    private sealed class Turn
    {
        private volatile bool _isRunning;

        public TimeSpan Next { get; set; }

        public bool IsRunning
        {
            get => _isRunning;
            set => _isRunning = value;
        }

        /// <summary>What was said of it last; null when it was well.</summary>
        public string? Trouble { get; set; }
    }

    private sealed record Probe((string Provider, Uri Uri, ProbeModel Model) Key, ProviderModel Provider, TargetHealth[] Targets, Turn Turn)
    {
        public Uri Uri => Key.Uri;

        public ProbeModel Model => Key.Model;

        /// <summary>The targets that are to be asked about now.</summary>
        public List<(TargetHealth Health, HealthPass Pass)> Enter()
        {
            var passes = new List<(TargetHealth, HealthPass)>();
            foreach (var health in Targets)
            {
                if (health.TryEnterProbe(Model.Every, out var pass))
                {
                    passes.Add((health, pass));
                }
            }

            return passes;
        }
    }
}
