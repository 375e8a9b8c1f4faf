using System.Collections.Frozen;
using Gatehouse.Configuration.Binding;
using Gatehouse.Identity;
using Gatehouse.Pipeline;
using Gatehouse.Routing;
using Gatehouse.Storage;
using Gatehouse.Upstream;

namespace Gatehouse.Configuration;

/// <summary>Validates a configuration and compiles it. Mistakes are appended to one list, so that all are told at once.</summary>
internal sealed class SnapshotCompiler(ConfigurationErrors errors, TimeProvider time)
{
    /// <returns>The snapshot; only good for use when no error was found.</returns>
    public Snapshot Compile(GatewayOptions options, IEnumerable<ApiKey> storedKeys, Snapshot? previous, long revision)
    {
        ValidateGeneral(options);
        var providers = new ProviderCompiler(errors, time).Compile(options, previous?.Providers ?? FrozenDictionary<string, ProviderModel>.Empty);
        var servers = providers.Values
            .Where(provider => provider.Models is not null)
            .SelectMany(provider => provider.Models!.Select(model => (model, provider)))
            .GroupBy(pair => pair.model, pair => pair.provider, StringComparer.Ordinal);
        return new Snapshot
        {
            Revision = revision,
            LoadedAt = time.GetUtcNow(),
            Options = options,
            Providers = providers.ToFrozenDictionary(StringComparer.Ordinal),
            Routes = Routes(options, providers).ToFrozenDictionary(route => route.Name, StringComparer.Ordinal),
            Keys = Keys(options, storedKeys),
            Servers = servers.ToFrozenDictionary(group => group.Key, group => group.Distinct().ToArray(), StringComparer.Ordinal),
            OpenProviders = providers.Values.Where(provider => provider.Models is null).ToArray(),
        };
    }

    /// <summary>All keys by their hash; a key of the file wins over a stored one with the same secret.</summary>
    public static FrozenDictionary<KeyHash, ApiKey> KeyIndex(IEnumerable<ApiKey> fileKeys, IEnumerable<ApiKey> storedKeys) =>
        fileKeys.Concat(storedKeys).DistinctBy(key => key.Hash).ToFrozenDictionary(key => key.Hash);

    private void ValidateGeneral(GatewayOptions options)
    {
        ValidateListen(options.Listen, "listen");
        ValidateListen(options.Admin.Listen, "admin.listen");
        if (!Database.IsSupported(options.Storage))
        {
            errors.Add("storage", $"'{options.Storage}' is not supported: write sqlite:PATH");
        }

        TimeoutModel.Validate(options.Timeout, "timeout", errors);
        if (options.Ledger.QueueLimit < 1)
        {
            errors.Add("ledger.queue_limit", "must be at least 1");
        }

        var server = options.Server;
        foreach (var (key, value) in new[]
        {
            ("max_request_body", server.MaxRequestBody.Bytes), ("max_request_headers", server.MaxRequestHeaders.Bytes),
            ("max_connections", server.MaxConnections), ("max_stream_frame", server.MaxStreamFrame.Bytes),
            ("headers_timeout", server.HeadersTimeout.Ticks), ("keep_alive", server.KeepAlive.Ticks),
        })
        {
            if (value < 1)
            {
                errors.Add($"server.{key}", "must be greater than zero");
            }
        }

        if (server.MaxRequestHeaders.Bytes is > 0 and < 1024)
        {
            errors.Add("server.max_request_headers", "must be at least 1KiB");
        }
    }

    private void ValidateListen(string listen, string key)
    {
        if (ListenAddress.TryParse(listen) is null)
        {
            errors.Add(key, $"'{listen}' is not HOST:PORT, with an IP address or localhost as the host");
        }
    }

    private IEnumerable<RouteModel> Routes(GatewayOptions options, Dictionary<string, ProviderModel> providers)
    {
        foreach (var (name, route) in options.Routes)
        {
            var path = $"routes.{name}";
            TimeoutModel.Validate(route.Timeout, $"{path}.timeout", errors);
            if (route.Targets.Count == 0)
            {
                errors.Add(path, "a route needs at least one target, such as targets: [openai/gpt-5-mini]");
            }

            var targets = route.Targets.Select((target, i) => TargetOf(target, $"{path}.targets[{i}]", providers)).OfType<Target>()
                .Select(target => target with { Timeouts = target.Timeouts.With(route.Timeout) }).ToArray();
            if (targets.Length > 0)
            {
                yield return new RouteModel(name, route.Strategy, targets);
            }
        }
    }

    private Target? TargetOf(RouteTargetOptions options, string path, Dictionary<string, ProviderModel> providers)
    {
        var slash = options.Target.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == options.Target.Length - 1)
        {
            errors.Add(path, $"'{options.Target}' is not provider/model");
            return null;
        }

        var name = options.Target[..slash];
        if (providers.TryGetValue(name, out var provider))
        {
            return new Target(provider, options.Target[(slash + 1)..]);
        }

        var nearest = KeyNames.Nearest(name, providers.Keys);
        errors.Add(path, $"there is no provider '{name}'" + (nearest is null ? "" : $"; did you mean '{nearest}'?"));
        return null;
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
                Labels = key.Labels,
            });
        }

        return KeyIndex(keys, storedKeys);
    }
}
