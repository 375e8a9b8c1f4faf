using System.Collections.Frozen;
using System.Net;
using Gatehouse.Alerts;
using Gatehouse.Caching;
using Gatehouse.Catalog;
using Gatehouse.Configuration.Binding;
using Gatehouse.Identity;
using Gatehouse.Limits;
using Gatehouse.Limits.Queue;
using Gatehouse.Metering;
using Gatehouse.Responses;
using Gatehouse.Routing;
using Gatehouse.Runs;
using Gatehouse.Storage;
using Gatehouse.Upstream;

namespace Gatehouse.Configuration;

/// <summary>Validates a configuration and compiles it. Mistakes are appended to one list, so that all are told at once.</summary>
/// <param name="variable">Reads an environment variable.</param>
internal sealed class SnapshotCompiler(ConfigurationErrors errors, TimeProvider time, Random random, Func<string, string?> variable)
{
    private const int MostWaitingRows = 1_000_000;
    private static readonly TimeSpan LeastRetention = TimeSpan.FromHours(1);

    /// <summary>Of what is held in memory as a whole: an array cannot be much longer than 2 GiB, and grows by doubling.</summary>
    private static readonly ByteSize MostInMemory = new(1L << 30);

    /// <returns>The snapshot, its number still to be given; only good for use when no error was found.</returns>
    public Snapshot Compile(GatewayOptions options, IEnumerable<ApiKey> storedKeys, Snapshot? previous)
    {
        ValidateGeneral(options);
        var providers = new ProviderCompiler(errors, time, variable).Compile(options, previous?.Providers ?? FrozenDictionary<string, ProviderModel>.Empty);
        var servers = providers.Values
            .Where(provider => provider.Models is not null)
            .SelectMany(provider => provider.Models!.Select(model => (model, provider)))
            .GroupBy(pair => pair.model, pair => pair.provider, StringComparer.Ordinal);
        var catalog = CatalogCompiler.Compile(options.Catalog, options.Providers.Keys.ToArray(), errors);
        return new Snapshot
        {
            Revision = 0,
            LoadedAt = time.GetUtcNow(),
            Options = options,
            Providers = providers.ToFrozenDictionary(StringComparer.Ordinal),
            Routes = new RouteCompiler(errors, providers, catalog, previous?.Routes ?? FrozenDictionary<string, RouteModel>.Empty, time, random)
                .Compile(options.Routes).ToFrozenDictionary(route => route.Name!, StringComparer.Ordinal),
            Keys = Keys(options, storedKeys),
            Limits = new LimitPolicy(errors.Any ? new GatewayOptions() : options, []),
            Catalog = catalog,
            Vocabularies = TokenVocabularies.Load(options.Metering, previous?.Vocabularies, errors),
            RunPolicies = RunPolicyCompiler.Compile(options.Runs, errors),
            Servers = servers.ToFrozenDictionary(group => group.Key, group => group.Distinct().ToArray(), StringComparer.Ordinal),
            OpenProviders = providers.Values.Where(provider => provider.Models is null).ToArray(),
        };
    }

    /// <summary>All keys by their hash; a key of the file wins over a stored one with the same secret.</summary>
    public static FrozenDictionary<KeyHash, ApiKey> KeyIndex(IEnumerable<ApiKey> fileKeys, IEnumerable<ApiKey> storedKeys) =>
        fileKeys.Concat(storedKeys).DistinctBy(key => key.Hash).ToFrozenDictionary(key => key.Hash);

    private void ValidateGeneral(GatewayOptions options)
    {
        ValidateListeners(options.Listen, options.Admin.Listen);
        if (!Database.IsSupported(options.Storage))
        {
            errors.Add("storage", $"'{options.Storage}' is not supported: write sqlite:PATH");
        }

        TimeoutModel.Validate(options.Timeout, "timeout", errors);
        ResponsesOptions.Validate(options.Responses, errors);
        AdmissionOptions.Validate(options.Admission, errors);
        AlertOptions.Validate(options.Alerts, errors);
        CacheOptions.Validate(options.Cache, errors);
        errors.CheckNumber("ledger.queue_limit", options.Ledger.QueueLimit, least: 1, MostWaitingRows);
        if (options.Objects.Retention < LeastRetention)
        {
            errors.Add("objects.retention", $"must be at least {Duration.Format(LeastRetention)}");
        }

        ValidateLimits(options);
        ValidateServer(options.Server);
    }

    private void ValidateLimits(GatewayOptions options)
    {
        foreach (var (name, provider) in options.Providers)
        {
            LimitCompiler.Check(provider.Limits, $"providers.{name}.limits", errors);
        }

        foreach (var (name, route) in options.Routes)
        {
            LimitCompiler.Check(route.Limits, $"routes.{name}.limits", errors);
        }

        LimitCompiler.Check(options.Limits, "limits", errors);
        (string Section, IReadOnlyDictionary<string, PayerOptions> Payers)[] sections =
            [("organizations", options.Organizations), ("teams", options.Teams), ("projects", options.Projects)];
        foreach (var (section, payers) in sections)
        {
            foreach (var (name, payer) in payers)
            {
                LimitCompiler.Check(payer.Limits, $"{section}.{name}.limits", errors);
                if (payer.Organization is not null && section != "teams")
                {
                    errors.Add($"{section}.{name}.organization", "belongs to a team");
                }

                if (payer.Team is not null && section != "projects")
                {
                    errors.Add($"{section}.{name}.team", "belongs to a project");
                }
            }
        }
    }

    private void ValidateServer(ServerOptions server)
    {
        errors.CheckSize("server.max_request_body", server.MaxRequestBody, least: new(1), MostInMemory);
        errors.CheckSize("server.max_stream_frame", server.MaxStreamFrame, least: new(1), MostInMemory);
        // The listener reads headers into a buffer of this size and does not start with a larger limit.
        errors.CheckSize("server.max_request_headers", server.MaxRequestHeaders, ByteSize.KiB(1), ByteSize.MiB(1));
        // A rate that ordinary lines do not reach would close the connection of everybody.
        errors.CheckSize("server.min_data_rate", server.MinDataRate, least: default, ByteSize.MiB(1));
        errors.CheckNumber("server.max_connections", server.MaxConnections, least: 1, int.MaxValue);
        errors.CheckDuration("server.headers_timeout", server.HeadersTimeout);
        errors.CheckDuration("server.keep_alive", server.KeepAlive);
        errors.CheckDuration("server.drain_delay", server.DrainDelay, canBeZero: true);
        errors.CheckDuration("server.shutdown_timeout", server.ShutdownTimeout, canBeZero: true);
    }

    private void ValidateListeners(string listen, string adminListen)
    {
        var (data, admin) = (Listener(listen, "listen"), Listener(adminListen, "admin.listen"));
        if (data is not null && admin is not null && data.Port != 0 && data.Equals(admin))
        {
            errors.Add("admin.listen", $"'{adminListen}' is where clients connect (listen): give the admin API a port of its own");
        }
    }

    private IPEndPoint? Listener(string listen, string key)
    {
        var endPoint = ListenAddress.TryParse(listen);
        if (endPoint is null)
        {
            errors.Add(key, $"'{listen}' is not HOST:PORT, with an IP address or localhost as the host");
        }

        return endPoint;
    }

    private FrozenDictionary<KeyHash, ApiKey> Keys(GatewayOptions options, IEnumerable<ApiKey> storedKeys)
    {
        var keys = new List<ApiKey>();
        for (var i = 0; i < options.Keys.Count; i++)
        {
            var key = options.Keys[i];
            var path = $"keys[{i}]";
            if (key.Name.Length == 0)
            {
                errors.Add(path, "name is missing");
            }
            else if (keys.Exists(other => string.Equals(other.Name, key.Name, StringComparison.Ordinal)))
            {
                errors.Add($"{path}.name", $"'{key.Name}' is used twice");
            }

            LimitCompiler.Check(key.Limits, $"{path}.limits", errors);
            var cache = CacheRule.Compile(key.Cache, $"{path}.cache", errors);
            if (key.Secret is not { } secret)
            {
                errors.Add(path, "secret is missing; keys without one are made with `gatehouse key create`");
                continue;
            }

            var text = secret.Reveal();
            if (text.Length is 0 or > 512 || text.Any(c => c is <= ' ' or > '~'))
            {
                errors.Add($"{path}.secret", "must be 1 to 512 printable ASCII characters without spaces");
                continue;
            }

            var hash = KeyHash.Of(text);
            if (keys.Exists(other => other.Hash == hash))
            {
                errors.Add($"{path}.secret", "is used by another key");
            }

            keys.Add(new ApiKey($"key_file_{key.Name}", key.Name, hash, KeyOwner.File)
            {
                Hint = ApiKey.HintOf(text),
                Models = key.Models,
                ExpiresAt = key.ExpiresAt,
                Priority = key.Priority,
                Payer = PayerCompiler.Of(key.Organization, key.Team, key.Project, key.Agent, key.Labels, options),
                Limits = key.Limits,
                Cache = cache,
            });
        }

        return KeyIndex(keys, storedKeys);
    }
}
