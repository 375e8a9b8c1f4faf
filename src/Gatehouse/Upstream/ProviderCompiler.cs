using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Upstream.Credentials;
using Gatehouse.Upstream.Sandbox;

namespace Gatehouse.Upstream;

/// <summary>Validates the providers of a configuration and compiles them.</summary>
/// <param name="variable">Reads an environment variable: where cloud credentials are looked for that are not in the file.</param>
internal sealed class ProviderCompiler(ConfigurationErrors errors, TimeProvider time, Func<string, string?> variable)
{
    private static readonly HashSet<string> ReservedHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "host", "content-length", "content-type", "transfer-encoding", "connection",
    };

    public Dictionary<string, ProviderModel> Compile(GatewayOptions options, IReadOnlyDictionary<string, ProviderModel> previous)
    {
        var models = new Dictionary<string, ProviderModel>(StringComparer.Ordinal);
        foreach (var (name, provider) in options.Providers)
        {
            if (Compile(name, provider, options, previous.GetValueOrDefault(name)) is { } model)
            {
                models[name] = model;
            }
        }

        return models;
    }

    private ProviderModel? Compile(string name, ProviderOptions options, GatewayOptions all, ProviderModel? previous)
    {
        var path = $"providers.{name}";
        if (name.Length == 0 || name.Contains('/', StringComparison.Ordinal) || name.StartsWith('@'))
        {
            errors.Add(path, "a provider's name must not be empty, contain '/' or start with '@'");
            return null;
        }

        var kind = options.Kind ?? name;
        if (!ProviderTable.Entries.TryGetValue(kind, out var entry))
        {
            var nearest = KeyNames.Nearest(kind, ProviderTable.Entries.Keys);
            errors.Add(options.Kind is null ? path : $"{path}.kind", $"'{kind}' is not in the provider table"
                + (nearest is null ? "; for a server of the OpenAI format use kind: openai-compatible with a base_url" : $"; did you mean '{nearest}'?"));
            return null;
        }

        TimeoutModel.Validate(options.Timeout, $"{path}.timeout", errors);
        ValidateHeaders(options, path);
        if (options.ApiVersion is not null && !entry.HasQuirk(ProviderEntry.AzurePaths))
        {
            errors.Add($"{path}.api_version", $"has no meaning for kind '{kind}'");
        }

        var credentials = new CredentialCompiler(errors, time, variable).Compile(name, path, options, entry, previous);
        if (BaseUrl(options, entry, credentials, path, all.Security) is not { } baseUrl)
        {
            return null;
        }

        var timeouts = TimeoutModel.Default.With(all.Timeout).With(options.Timeout);
        var key = new TransportKey(kind, baseUrl, timeouts.Connect, string.Join(' ', all.Security.AllowUpstreamHosts));
        return new ProviderModel
        {
            Name = name,
            Entry = entry,
            Dialect = entry.HasQuirk(ProviderEntry.NativeWithoutV1) && !baseUrl.EndsWith("/v1", StringComparison.Ordinal) ? ProviderDialect.Ollama : entry.Dialect,
            BaseUrl = baseUrl,
            HasKey = options.ApiKey is not null || options.AccessToken is not null || credentials.Signer is not null,
            Signer = credentials.Signer,
            SignerKey = credentials.Key,
            Project = credentials.Project,
            Location = credentials.Location,
            // "anthropic-version" is required; this is the version that all its SDKs of before 2026-10 send.
            DefaultHeaders = entry.Dialect == ProviderDialect.Anthropic ? [new("anthropic-version", "2023-06-01")] : [],
            Headers = HeadersOf(options, entry),
            Models = options.Models ?? (kind == ProviderTable.Sandbox ? SandboxModels.Ids : null),
            RequestStreamUsage = options.RequestStreamUsage ?? entry.StreamUsage == StreamUsage.OnRequest,
            ApiVersion = options.ApiVersion,
            Timeouts = timeouts,
            TransportKey = key,
            // With a mistake anywhere nothing of this is put in force, and a transport refuses values that are out of range.
            Transport = errors.Any ? null! : TransportOf(key, all.Security, previous),
        };
    }

    private HttpMessageInvoker TransportOf(TransportKey key, SecurityOptions security, ProviderModel? previous) =>
        previous?.TransportKey == key ? previous.Transport : Transports.Create(key, security.AllowUpstreamHosts, time);

    private string? BaseUrl(ProviderOptions options, ProviderEntry entry, CredentialModel credentials, string path, SecurityOptions security)
    {
        var url = options.BaseUrl ?? credentials.Endpoint(entry.BaseUrl);
        if (url is null)
        {
            if (entry.BaseUrl is not null)
            {
                // The key that stands in it is missing, and was told.
                return null;
            }

            errors.Add(path, $"base_url is missing; kind '{entry.Kind}' has no default one"
                + (entry.BaseUrlHint is null ? "" : $", it looks like {entry.BaseUrlHint}"));
            return null;
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) || uri.Host.Length == 0)
        {
            errors.Add($"{path}.base_url", $"'{url}' is not an absolute http(s) URL");
            return null;
        }

        if (uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            errors.Add($"{path}.base_url", "must have no user name, query or fragment; put a key into api_key");
            return null;
        }

        if (UpstreamAddresses.Refuses(uri.IdnHost, security.AllowUpstreamHosts))
        {
            errors.Add($"{path}.base_url", $"'{uri.Host}' is a link-local or cloud metadata address; if it is meant, name it in security.allow_upstream_hosts");
            return null;
        }

        return uri.AbsoluteUri.TrimEnd('/');
    }

    private void ValidateHeaders(ProviderOptions options, string path)
    {
        foreach (var (name, value) in options.Headers)
        {
            if (ReservedHeaders.Contains(name) || name.Length == 0 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not '-' and not '_'))
            {
                errors.Add($"{path}.headers.{name}", "is not a header that can be set here");
            }
            else if (value.Reveal().Any(char.IsControl))
            {
                errors.Add($"{path}.headers.{name}", "must not contain line breaks or other control characters");
            }
        }

        (string Name, Secret? Value)[] inHeaders =
        [
            ("api_key", options.ApiKey), ("access_key_id", options.AccessKeyId), ("secret_access_key", options.SecretAccessKey),
            ("session_token", options.SessionToken), ("access_token", options.AccessToken),
        ];
        foreach (var (name, value) in inHeaders)
        {
            if (value?.Reveal().Any(c => char.IsControl(c) || c > 126) == true)
            {
                errors.Add($"{path}.{name}", "must be printable ASCII; is there a line break at its end?");
            }
        }
    }

    private static List<KeyValuePair<string, string>> HeadersOf(ProviderOptions options, ProviderEntry entry)
    {
        var headers = options.Headers.Select(h => KeyValuePair.Create(h.Key, h.Value.Reveal())).ToList();
        if (options.ApiKey is { } key)
        {
            headers.Add(entry.Auth switch
            {
                ProviderAuth.ApiKey => new("api-key", key.Reveal()),
                ProviderAuth.XApiKey => new("x-api-key", key.Reveal()),
                ProviderAuth.XGoogApiKey => new("x-goog-api-key", key.Reveal()),
                _ => new("authorization", $"Bearer {key.Reveal()}"),
            });
        }

        if (options.AccessToken is { } token)
        {
            headers.Add(new("authorization", $"Bearer {token.Reveal()}"));
        }

        return headers;
    }
}
