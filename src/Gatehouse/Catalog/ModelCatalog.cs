using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace Gatehouse.Catalog;

/// <summary>
/// The catalogue of one snapshot: the data file with what the configuration knows better. Targets are resolved once and remembered.
/// </summary>
internal sealed class ModelCatalog(CatalogFile file, FrozenDictionary<string, CatalogModelOptions> overrides, string overridesText)
{
    /// <summary>Names of models come from clients: what is remembered of them must have an end.</summary>
    private const int MostRemembered = 10_000;

    /// <summary>Characters. No model has a longer name, and a client may send megabytes.</summary>
    private const int LongestName = 256;

    private static readonly Resolved Unknown = new(null, null);

    /// <summary>The source of prices that the configuration gives.</summary>
    public const string ConfigurationSource = "gatehouse.yaml";

    private readonly ConcurrentDictionary<(string Provider, string Model), Resolved> _resolved = new();
    private int _remembered;

    /// <summary>Names that are remembered.</summary>
    public int Remembered => _remembered;

    public CatalogFile File { get; } = file;

    /// <summary>What the configuration overrides, as one text: equal texts and data files mean equal prices.</summary>
    public string OverridesText { get; } = overridesText;

    /// <summary>Models that the configuration names, as <c>provider/model</c>.</summary>
    public IEnumerable<string> OverriddenNames => overrides.Keys;

    /// <param name="provider">The provider's name in the configuration.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="model">Its own name of the model.</param>
    public CatalogEntry? Find(string provider, string kind, string model) => Resolve(provider, kind, model).Entry;

    /// <summary>As <see cref="Find"/>; null when there is no price.</summary>
    public ModelPrice? PriceOf(string provider, string kind, string model) => Resolve(provider, kind, model).Price;

    private Resolved Resolve(string provider, string kind, string model)
    {
        if (model.Length > LongestName)
        {
            return Unknown;
        }

        if (_resolved.TryGetValue((provider, model), out var known))
        {
            return known;
        }

        var entry = EntryOf(provider, kind, model);
        var resolved = new Resolved(entry, entry is null ? null : ModelPrice.Of(entry));
        if (_remembered < MostRemembered && _resolved.TryAdd((provider, model), resolved))
        {
            _ = Interlocked.Increment(ref _remembered);
        }

        return resolved;
    }

    private CatalogEntry? EntryOf(string provider, string kind, string model)
    {
        var name = $"{provider}/{model}";
        if (!overrides.TryGetValue(name, out var options))
        {
            return ModelNames.Find(File, kind, model);
        }

        var builtIn = options.As is { } other ? File.Find(other) : ModelNames.Find(File, kind, model);
        return CatalogCompiler.Overridden(builtIn ?? new CatalogEntry($"{kind}/{model}"), options);
    }

    private sealed record Resolved(CatalogEntry? Entry, ModelPrice? Price);
}
