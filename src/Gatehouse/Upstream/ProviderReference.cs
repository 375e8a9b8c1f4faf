using System.Text;

namespace Gatehouse.Upstream;

/// <summary>Writes docs/providers.md from the provider table. A test holds the file against it.</summary>
internal static class ProviderReference
{
    private const string Introduction =
        """
        # Providers

        The kinds of providers that the gateway knows. A provider whose name in `gatehouse.yaml` is one of them needs no `kind`:

        ```yaml
        providers:
          openai: { api_key: "${OPENAI_API_KEY}" }
          fast: { kind: groq, api_key: "${GROQ_API_KEY}" }
          local: { kind: openai-compatible, base_url: http://127.0.0.1:9000/v1 }
        ```

        All keys of a provider are in [configuration.md](configuration.md). The key variable is only a proposal: it is the name that the
        provider's own tools read. *Usage in streams* is whether a stream reports its tokens: `always`, or `on request`, in which
        case the gateway asks where the caller did not and removes what it added, or `not asked for` where asking makes the provider
        refuse; `request_stream_usage` overrides it.

        This page is generated from the program (`gatehouse config providers`). The sources of each entry, with the day they were
        looked at, are in `src/Gatehouse/Upstream/providers.json`.


        """;

    public static string Write()
    {
        var text = new StringBuilder(Introduction);
        text.Append("| kind | title | base URL | key variable | usage in streams |\n|---|---|---|---|---|\n");
        var entries = ProviderTable.Entries.Values.OrderBy(entry => entry.Kind, StringComparer.Ordinal).ToArray();
        foreach (var entry in entries)
        {
            text.Append($"| `{entry.Kind}` | {Cell(entry.Title)} | {BaseUrl(entry)} | {KeyVariable(entry)} | {Usage(entry.StreamUsage)} |\n");
        }

        text.Append("\n## Notes\n\n");
        foreach (var entry in entries)
        {
            var dialect = entry.Dialect == ProviderDialect.Openai ? "" : $" Speaks the format of {entry.Title}, not OpenAI's.";
            if (entry.Notes is not null || dialect.Length > 0)
            {
                text.Append($"- `{entry.Kind}`: {entry.Notes}{dialect}\n");
            }
        }

        return text.ToString();
    }

    private static string BaseUrl(ProviderEntry entry) => entry switch
    {
        { Kind: ProviderTable.Sandbox } => "inside the gateway",
        { BaseUrl: { } url } => $"`{url}`",
        { BaseUrlHint: { } hint } => $"yours, such as `{hint}`",
        _ => "yours",
    };

    private static string KeyVariable(ProviderEntry entry) => entry switch
    {
        { Auth: ProviderAuth.Aws or ProviderAuth.Google } => "see [providers-cloud.md](providers-cloud.md)",
        { ApiKeyEnv: { } name } => $"`{name}`",
        { Auth: ProviderAuth.None } => "needs no key",
        _ => "",
    };

    private static string Usage(StreamUsage usage) => usage switch
    {
        StreamUsage.Always => "always",
        StreamUsage.Unsupported => "not asked for",
        _ => "on request",
    };

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
