using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Upstream.Sandbox;

namespace Gatehouse.Upstream;

/// <summary>Validates the providers of a configuration and compiles them.</summary>
internal sealed class ProviderCompiler(ConfigurationErrors errors, TimeProvider time)
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

        if (options.ApiKey is null && entry.Auth != ProviderAuth.None)
        {
            errors.Add(path, $"api_key is missing; {entry.Title} needs one"
                + (entry.ApiKeyEnv is null ? "" : $", for example api_key: \"${{{entry.ApiKeyEnv}}}\""));
        }

        if (BaseUrl(options, entry, path, all.Security) is not { } baseUrl)
        {
            return null;
        }

        var timeouts = TimeoutModel.Default.With(all.Timeout).With(options.Timeout);
        var key = new TransportKey(kind, baseUrl, timeouts.Connect, string.Join(' ', all.Security.AllowUpstreamHosts));
        return new ProviderModel
        {
            Name = name,
            Entry = entry,
            BaseUrl = baseUrl,
            HasKey = options.ApiKey is not null,
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

    private string? BaseUrl(ProviderOptions options, ProviderEntry entry, string path, SecurityOptions security)
    {
        var url = options.BaseUrl ?? entry.BaseUrl;
        if (url is null)
        {
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

        if (options.ApiKey is { } key && key.Reveal().Any(c => char.IsControl(c) || c > 126))
        {
            errors.Add($"{path}.api_key", "must be printable ASCII; is there a line break at its end?");
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
                _ => new("authorization", $"Bearer {key.Reveal()}"),
            });
        }

        return headers;
    }
}
