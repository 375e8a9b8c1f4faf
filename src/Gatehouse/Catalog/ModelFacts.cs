namespace Gatehouse.Catalog;

/// <summary>What the catalogue says that a request to a model depends on.</summary>
internal sealed class ModelFacts
{
    /// <summary>
    /// Entries that name fewer capabilities come from sources that name some only: hundreds of them do not have <c>reasoning</c> although
    /// the model does.
    /// </summary>
    private const int Described = 6;

    /// <param name="catalog">The snapshot's.</param>
    /// <param name="provider">The provider's name in the configuration.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="model">Its own name of the model.</param>
    public ModelFacts(ModelCatalog catalog, string provider, string kind, string model)
    {
        var entry = catalog.Find(provider, kind, model);
        var maker = kind is "vertex" or "bedrock" && MakersName(model) is { } name ? ModelNames.Find(catalog.File, "anthropic", name) : null;
        MaxOutput = maker?.MaxOutput > (entry?.MaxOutput ?? 0) ? maker.MaxOutput : entry?.MaxOutput;
        Reasoning = entry is null ? null
            : entry.Capabilities.Contains("reasoning", StringComparer.Ordinal) ? true
            : entry.Capabilities.Count >= Described ? false
            : null;
    }

    /// <summary>
    /// Tokens. Some sources give Claude on another platform the limit of an older one: the maker's counts where it is larger, as a limit
    /// that is too small cuts answers.
    /// </summary>
    public long? MaxOutput { get; }

    /// <summary>Whether the model can think; null where that is not known.</summary>
    public bool? Reasoning { get; }

    /// <summary><c>claude-haiku-4-5-20251001</c> for Vertex's <c>claude-haiku-4-5@20251001</c> and Bedrock's <c>us.anthropic.claude-haiku-4-5-20251001-v1:0</c>.</summary>
    private static string? MakersName(string model)
    {
        var start = model.IndexOf("claude-", StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        var name = model[start..];
        foreach (var end in (string[])["@default", "@latest", ":0", "-v1", "-v2"])
        {
            name = name.EndsWith(end, StringComparison.Ordinal) ? name[..^end.Length] : name;
        }

        return name.Replace('@', '-');
    }
}
