using System.Data.Common;
using System.Net;
using System.Net.Sockets;
using Gatehouse.Admin;
using Gatehouse.Alerts;
using Gatehouse.Caching;
using Gatehouse.Caching.Semantic;
using Gatehouse.Catalog;
using Gatehouse.Configuration;
using Gatehouse.Identity;
using Gatehouse.Ingress;
using Gatehouse.Ledger;
using Gatehouse.Limits;
using Gatehouse.Limits.Queue;
using Gatehouse.Limits.State;
using Gatehouse.Metering;
using Gatehouse.Metering.Sizes;
using Gatehouse.Objects;
using Gatehouse.Pipeline;
using Gatehouse.Reports;
using Gatehouse.Responses;
using Gatehouse.Routing;
using Gatehouse.Routing.Explain;
using Gatehouse.Routing.Probes;
using Gatehouse.Runs;
using Gatehouse.Storage;
using Gatehouse.Telemetry;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Gatehouse.Hosting;

/// <summary>
/// The whole gateway: makes its parts in the order they depend on each other, runs both listeners, and stops in the reverse order.
/// Tests build it as the program does.
/// </summary>
internal sealed partial class GatewayApplication : IAsyncDisposable
{
    /// <summary>Exchanges whose time is up get this long to tell their callers, before the connections that are left are broken.</summary>
    private static readonly TimeSpan ErrorGrace = TimeSpan.FromSeconds(2);

    /// <summary>After the listeners have stopped, exchanges that were aborted get this long to be recorded.</summary>
    private static readonly TimeSpan RecordGrace = TimeSpan.FromSeconds(5);

    private readonly Database _database;
    private readonly LedgerWriter _ledger;
    private readonly UsageHistory _usageHistory;
    private readonly ObjectStore _objects;
    private readonly ShadowTraffic _shadows;
    private readonly AdmissionQueue _queue;
    private readonly LimitSweep _sweep;
    private readonly AnswerCache _cache;
    private readonly GatewayMetrics _metrics;
    private readonly AlertService _alerts;
    private readonly PrometheusExporter _prometheus;
    private readonly TelemetryExport _telemetry;
    private readonly WebApplication _data;
    private readonly WebApplication _admin;
    private readonly ConfigurationWatcher _watcher;
    private readonly HealthProber _prober;
    private readonly TimeProvider _time;
    private readonly ILogger<GatewayApplication> _logger;
    private readonly GatewayLifetime _lifetime = new();
    private bool _isServing;

    private GatewayApplication(GatewayEnvironment environment, Database database, SnapshotSource snapshots, KeyService keys, LimitStore limitStore)
    {
        var (options, logging) = (snapshots.Current.Options, environment.Logging);
        _database = database;
        _logger = logging.CreateLogger<GatewayApplication>();
        _time = environment.Time;
        Snapshots = snapshots;
        Keys = keys;

        Limits = new LimitBook(_time);
        Limits.Load(LimitState.Load(database, _time.GetUtcNow()));
        var raises = new LimitRaises(database, Limits, _time, logging.CreateLogger<LimitRaises>());
        snapshots.Follow(snapshot => Limits.Open(snapshot.LimitRules));
        _ledger = new LedgerWriter(
            database, options.Ledger.Sync == LedgerSync.Full, options.Ledger.QueueLimit, logging.CreateLogger<LedgerWriter>(),
            [connection => new UsageRows(connection), connection => new LimitJournal(connection, _time)]);
        _usageHistory = new UsageHistory(database, _time, logging.CreateLogger<UsageHistory>());
        _metrics = new GatewayMetrics();
        _metrics.ObserveLedger(() => _ledger.Depth, () => _ledger.Written, () => _ledger.Trouble is not null);
        _metrics.ObserveRevision(() => snapshots.Current.Revision);
        var measured = new RouteMeasurements(snapshots);
        _metrics.ObserveRoutes(measured.Attempts, measured.Breakers, measured.Retries, measured.FailOvers, measured.Hedges);
        _alerts = new AlertService(database, _time, environment.Random, _metrics, logging.CreateLogger<AlertService>());
        snapshots.Follow(snapshot => _alerts.Configure(snapshot.Options.Alerts));
        _prometheus = new PrometheusExporter();
        _telemetry = new TelemetryExport(_metrics, _prometheus, environment.Variable);

        var authenticator = new Authenticator(_time);
        var responses = new ResponseStore(database, _time);
        _objects = new ObjectStore(database, _time);
        var objects = new ObjectService(_objects, logging.CreateLogger<ObjectService>());
        _shadows = new ShadowTraffic(_metrics, _time);
        _queue = new AdmissionQueue(_time);
        snapshots.Follow(snapshot => _queue.Configure(snapshot.Options.Admission));
        var scale = new InputScale();
        var meter = new CostMeter(scale);
        _sweep = new LimitSweep(Limits, new LimitAlerts(_alerts), raises, _time, logging.CreateLogger<LimitSweep>());
        var limits = new LimitStage(Limits, new OutputSizes(_time), scale, _alerts, _metrics, _time);
        var gauges = new LimitGauges(snapshots, Limits);
        _metrics.ObserveLimits(gauges.Used, gauges.Most, () => limits.Waiting);
        _cache = new AnswerCache(database.Path, _time, logging.CreateLogger<AnswerCache>());
        snapshots.Follow(_cache.Configure);
        var cacheMeasurements = new CacheMeasurements(_cache);
        _metrics.ObserveCache(cacheMeasurements.Lookups, cacheMeasurements.Stores, cacheMeasurements.Entries, cacheMeasurements.Bytes, cacheMeasurements.Evictions);
        var runStore = new RunStore(database);
        var runs = new RunTracker(runStore, _alerts, _metrics, _time, logging.CreateLogger<RunTracker>());
        var pipeline = new ExchangePipeline(
            authenticator,
            limits,
            new Admission(_ledger, _queue, _metrics),
            new CacheStage(_cache, new SemanticCache(_time), _shadows, environment.Random, _time),
            new Dispatcher(limits, meter, _time, environment.Random),
            meter,
            _shadows,
            objects,
            runs,
            new ExchangeRecorder(_ledger, _metrics),
            logging.CreateLogger<ExchangePipeline>());
        var probes = new Probes(snapshots, _ledger, _lifetime);
        var dataPlane = new DataPlane(snapshots, pipeline, new ModelList(snapshots, authenticator), new ObjectIngress(objects), new ResponsesIngress(responses, objects), new KeptResponses(snapshots, authenticator, responses), probes, _metrics, _lifetime, _time);
        var prices = new PriceHistory(database);
        AdminToken = AdminToken.Load(options.Admin.Token, database);

        _data = Listeners.Build(logging, options.Listen, options.Server, isNonBlocking: true, takesWebSockets: true, configureServices: _ => { });
        _data.Run(dataPlane.HandleAsync);
        _admin = Listeners.Build(logging, options.Admin.Listen, options.Server, isNonBlocking: false, takesWebSockets: false, services =>
        {
            _ = services.AddSingleton(new LimitService(limitStore, snapshots, raises, Limits)).AddSingleton(limits);
            _ = services.AddSingleton(_time).AddSingleton(snapshots).AddSingleton(keys).AddSingleton(AdminToken).AddSingleton(probes)
                .AddSingleton(new RouteExplainer(_time, environment.Random)).AddSingleton(_ledger).AddSingleton(_cache).AddSingleton(_metrics).AddSingleton(_prometheus)
                .AddSingleton(_alerts).AddSingleton(new LedgerReader(database)).AddSingleton(runStore).AddSingleton(runs)
                .AddSingleton(new UsageReader(database)).AddSingleton(new FocusExport(database, prices, snapshots)).AddSingleton(new RepricedReport(database, prices)).AddSingleton(new RevisionStore(database, _time));
            AdminPlane.AddServices(services);
        });
        AdminPlane.Map(_admin);
        _watcher = new ConfigurationWatcher(snapshots, _time);
        _prober = new HealthProber(snapshots, _time, environment.Random, logging.CreateLogger<HealthProber>());
    }

    public SnapshotSource Snapshots { get; }

    public KeyService Keys { get; }

    public AdminToken AdminToken { get; }

    /// <summary>What was used of all limits.</summary>
    public LimitBook Limits { get; }

    public IAlerts Alerts => _alerts;

    /// <summary>There was no data before this start.</summary>
    public bool IsFirstStart => _database.IsNew;

    /// <summary>Where clients connect; known after the start.</summary>
    public Uri Address => AddressOf(_data);

    public Uri AdminAddress => AddressOf(_admin);

    /// <exception cref="ConfigurationException">The configuration has mistakes.</exception>
    /// <exception cref="StorageException">The storage cannot be used.</exception>
    public static GatewayApplication Build(StartOptions start, GatewayEnvironment environment)
    {
        var loader = new ConfigurationLoader(start, environment.Variable);

        // The database is named by the configuration: it is read once to find it, and again, with the stored keys, to be put in force.
        var loaded = loader.Load();
        ConfigurationException.ThrowIfAny(loaded, environment.Time, environment.Random, environment.Variable);
        var database = Database.Open(loaded.Options.Storage, environment.Time);
        try
        {
            var keyStore = new KeyStore(database, environment.Time);
            var limitStore = new LimitStore(database, environment.Time);
            var snapshots = new SnapshotSource(
                loader, new RevisionStore(database, environment.Time), new PriceRevisionStore(database, environment.Time), keyStore, limitStore, environment.Time, environment.Random, environment.Logging.CreateLogger<SnapshotSource>());
            if (!snapshots.Load("start"))
            {
                throw new ConfigurationException(snapshots.Status.Errors);
            }

            return new GatewayApplication(environment, database, snapshots, new KeyService(keyStore, snapshots, environment.Time), limitStore);
        }
        catch (DbException exception)
        {
            database.Dispose();
            throw new StorageException($"The database {database.Path} cannot be used: {exception.Message}", exception);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <exception cref="IOException">A listener cannot be opened; the message says which and why.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await StartAsync(_admin, Snapshots.Current.Options.Admin.Listen, cancellationToken);
        await StartAsync(_data, Snapshots.Current.Options.Listen, cancellationToken);
        _watcher.Start();
        _isServing = true;
        _prober.Start();
        _usageHistory.Start();
    }

    /// <summary>Lets load balancers turn away, stops accepting, lets exchanges finish for a while, and writes down what is left.</summary>
    public async ValueTask DisposeAsync()
    {
        await _watcher.DisposeAsync();
        await _prober.DisposeAsync();
        await _usageHistory.DisposeAsync();
        var server = Snapshots.Current.Options.Server;
        _lifetime.Stop();
        if (_isServing && server.DrainDelay > TimeSpan.Zero)
        {
            LogDraining(_logger, server.DrainDelay.TotalSeconds);
            await Task.Delay(server.DrainDelay, _time, CancellationToken.None);
        }

        await StopDataAsync(server.ShutdownTimeout);
        _shadows.Dispose();

        // Exchanges that did not finish in time have been aborted; their rows are on the way.
        using (var grace = new CancellationTokenSource(RecordGrace, _time))
        {
            while (_metrics.InFlight > 0 && !grace.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), _time, CancellationToken.None);
            }

            await StopAsync(_admin, grace.Token);
        }

        await _data.DisposeAsync();
        await _admin.DisposeAsync();
        _queue.Dispose();
        _sweep.Dispose();
        _cache.Dispose();
        _ledger.Dispose();
        await _alerts.DisposeAsync();
        _objects.Dispose();
        _telemetry.Dispose();
        _prometheus.Dispose();
        _metrics.Dispose();
        _database.Dispose();
        _lifetime.Dispose();
    }

    private async Task StopDataAsync(TimeSpan limit)
    {
        using var abort = new CancellationTokenSource();
        var stopped = StopAsync(_data, abort.Token);
        if (!await EndsWithinAsync(stopped, limit))
        {
            LogInterrupting(_logger, _metrics.InFlight, limit.TotalSeconds);
            await _lifetime.EndAsync();
            if (!await EndsWithinAsync(stopped, ErrorGrace))
            {
                await abort.CancelAsync();
            }
        }

        await stopped;
    }

    private async Task<bool> EndsWithinAsync(Task task, TimeSpan limit)
    {
        using var isOver = new CancellationTokenSource();
        _ = await Task.WhenAny(task, Task.Delay(limit, _time, isOver.Token));
        await isOver.CancelAsync();
        return task.IsCompleted;
    }

    private static async Task StartAsync(WebApplication application, string listen, CancellationToken cancellationToken)
    {
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (SocketException exception)
        {
            // Not this machine's address, or a port that this user may not open.
            throw new IOException($"Cannot listen on {listen}: {exception.Message}.", exception);
        }
    }

    private static async Task StopAsync(WebApplication application, CancellationToken limit)
    {
        try
        {
            await application.StopAsync(limit);
        }
        catch (OperationCanceledException)
        {
            // The time is up; the server has aborted what was left.
        }
    }

    private static Uri AddressOf(WebApplication application)
    {
        var address = new Uri(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        // An address for every interface is reached on this machine through loopback.
        return IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any))
            ? new UriBuilder(address) { Host = "127.0.0.1" }.Uri
            : address;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopping: /readyz answers 503, connections are accepted for another {Seconds} s.")]
    private static partial void LogDraining(ILogger logger, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stopping: {Count} exchanges are not complete after {Seconds} s and end with an error.")]
    private static partial void LogInterrupting(ILogger logger, long count, double seconds);
}
