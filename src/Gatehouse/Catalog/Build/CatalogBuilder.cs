using System.Text.Json;

namespace Gatehouse.Catalog.Build;

/// <summary>Makes the data file of the sources. The same sources give the same bytes.</summary>
internal static class CatalogBuilder
{
    /// <param name="open">Opens one of the sources' files by its name.</param>
    /// <exception cref="InvalidDataException">A source is not in the form that this program knows.</exception>
    public static IReadOnlyList<MergedModel> Merge(Func<string, Stream> open)
    {
        try
        {
            using var litellm = Parse("litellm.json");
            using var modelsDev = Parse("models_dev.json");
            using var pricing = Parse("portkey_pricing.json");
            using var general = Parse("portkey_general.json");
            using var genai = Parse("genai_prices.json");
            var models = LitellmSource.Read(litellm.RootElement)
                .Concat(PortkeySource.Read(pricing.RootElement, general.RootElement))
                .Concat(ModelsDevSource.Read(modelsDev.RootElement))
                .ToList();
            var known = models.ToLookup(model => model.Provider, model => model.Id, StringComparer.Ordinal);
            models.AddRange(GenaiSource.Read(genai.RootElement, CatalogSources.AsOf(PriceSource.GenaiPrices), known));
            return [.. CatalogMerger.Merge(models)];
        }
        catch (Exception exception) when (exception is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException($"A source is not written as this program knows it: {exception.Message}", exception);
        }

        JsonDocument Parse(string name)
        {
            using var file = open(name);
            return JsonDocument.Parse(file);
        }
    }
}
