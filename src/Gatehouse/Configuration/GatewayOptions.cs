using Gatehouse.Alerts;
using Gatehouse.Caching;
using Gatehouse.Catalog;
using Gatehouse.Configuration.Binding;
using Gatehouse.Identity;
using Gatehouse.Limits;
using Gatehouse.Limits.Queue;
using Gatehouse.Metering;
using Gatehouse.Objects;
using Gatehouse.Responses;
using Gatehouse.Runs;
using Gatehouse.Upstream;

namespace Gatehouse.Configuration;

/// <summary>gatehouse.yaml as written. Every key is described by its attribute; docs/configuration.md is made from them.</summary>
internal sealed record GatewayOptions
{
    [KeyDoc("Where clients connect. Port 0 picks a free port.")]
    public string Listen { get; set; } = "127.0.0.1:8080";

    public AdminOptions Admin { get; set; } = new();

    [KeyDoc("Where exchanges, keys and settings are kept: `sqlite:PATH`.")]
    public string Storage { get; set; } = "sqlite:./data/gatehouse.db";

    public IReadOnlyDictionary<string, ProviderOptions> Providers { get; set; } = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, RouteOptions> Routes { get; set; } = new Dictionary<string, RouteOptions>(StringComparer.Ordinal);

    public IReadOnlyList<KeyOptions> Keys { get; set; } = [];

    [KeyDoc("Limits on everything that they match.", Default = "none")]
    public IReadOnlyList<LimitOptions> Limits { get; set; } = [];

    [KeyDoc("Limits of single runs: of all exchanges of one task.", Default = "none")]
    public IReadOnlyList<RunOptions> Runs { get; set; } = [];

    [KeyDoc("Organisations, by name.", Default = "none are described")]
    public IReadOnlyDictionary<string, PayerOptions> Organizations { get; set; } = new Dictionary<string, PayerOptions>(StringComparer.Ordinal);

    [KeyDoc("Teams, by name.", Default = "none are described")]
    public IReadOnlyDictionary<string, PayerOptions> Teams { get; set; } = new Dictionary<string, PayerOptions>(StringComparer.Ordinal);

    [KeyDoc("Projects, by name.", Default = "none are described")]
    public IReadOnlyDictionary<string, PayerOptions> Projects { get; set; } = new Dictionary<string, PayerOptions>(StringComparer.Ordinal);

    public CatalogOptions Catalog { get; set; } = new();

    public MeteringOptions Metering { get; set; } = new();

    public TimeoutOptions Timeout { get; set; } = new();

    public AdmissionOptions Admission { get; set; } = new();

    public AlertOptions Alerts { get; set; } = new();

    public CacheOptions Cache { get; set; } = new();

    public LedgerOptions Ledger { get; set; } = new();

    public ObjectOptions Objects { get; set; } = new();

    public ResponsesOptions Responses { get; set; } = new();

    public SecurityOptions Security { get; set; } = new();

    public ServerOptions Server { get; set; } = new();

    /// <summary>What runs without any file: the sandbox alone.</summary>
    public static GatewayOptions Embedded() => new()
    {
        Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal) { ["sandbox"] = new() },
    };
}

[KeyDoc("The admin API.")]
internal sealed record AdminOptions
{
    [KeyDoc("Where the admin API listens. Port 0 picks a free port.")]
    public string Listen { get; set; } = "127.0.0.1:8081";

    [KeyDoc("The admin token.", Default = "made and printed at the first start; its hash is kept in the database")]
    public Secret? Token { get; set; }
}

internal enum LedgerSync
{
    Normal,
    Full,
}

[KeyDoc("The record of every exchange.")]
internal sealed record LedgerOptions
{
    [KeyDoc("`normal`: a committed row survives the end of the process at any moment. `full`: also a power failure, at the price of one disk flush per group of rows.")]
    public LedgerSync Sync { get; set; } = LedgerSync.Normal;

    [KeyDoc("Rows that may wait for the writer. When they are too many, new exchanges are refused with 503 `overloaded`. At most 1000000.")]
    public int QueueLimit { get; set; } = 8192;
}

[KeyDoc("Safety of the gateway itself.")]
internal sealed record SecurityOptions
{
    [KeyDoc("Link-local and cloud metadata hosts that a provider's `base_url` may name all the same.", Default = "none")]
    public IReadOnlyList<string> AllowUpstreamHosts { get; set; } = [];
}

[KeyDoc("Limits of the listener for clients. Changes apply at the next start, but for `max_request_body` and the times of a shutdown.")]
internal sealed record ServerOptions
{
    [KeyDoc("A larger request body is refused with 413. At most 1GiB.")]
    public ByteSize MaxRequestBody { get; set; } = ByteSize.MiB(32);

    [KeyDoc("The request line and headers together. 1KiB to 1MiB.")]
    public ByteSize MaxRequestHeaders { get; set; } = ByteSize.KiB(32);

    [KeyDoc("Connections at the same time; further ones are closed.")]
    public int MaxConnections { get; set; } = 20_000;

    [KeyDoc("A client must have sent its headers by then.")]
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(15);

    [KeyDoc("An idle connection is closed after this time.")]
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(130);

    [KeyDoc("Slowest body that is put up with, in bytes per second after 5 seconds of grace; 0 switches it off. At most 1MiB.")]
    public ByteSize MinDataRate { get; set; } = new(240);

    [KeyDoc("One frame of a provider's stream may be this long. At most 1GiB.")]
    public ByteSize MaxStreamFrame { get; set; } = ByteSize.MiB(16);

    [KeyDoc("At shutdown, the listener goes on accepting for so long, while `/readyz` answers 503 and every answer closes its connection: time for a load balancer to take the gateway out, longer than its probes take and than clients wait between two requests.")]
    public TimeSpan DrainDelay { get; set; } = TimeSpan.Zero;

    [KeyDoc("After that, exchanges in flight get this long to finish. What is left ends with an error, `gateway_stopping`.")]
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
