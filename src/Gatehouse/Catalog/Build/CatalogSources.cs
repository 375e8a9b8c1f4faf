namespace Gatehouse.Catalog.Build;

/// <param name="AsOf">The day on which its maintainers had it so.</param>
internal sealed record CatalogSourceInfo(PriceSource Source, string Id, string Name, DateOnly AsOf, string Licence);

/// <summary>The sources of the catalogue. Their days stand here because their files do not tell them.</summary>
internal static class CatalogSources
{
    public static IReadOnlyList<CatalogSourceInfo> All { get; } =
    [
        new(PriceSource.GenaiPrices, "genai-prices", "pydantic/genai-prices", new DateOnly(2026, 8, 21), "MIT"),
        new(PriceSource.Litellm, "litellm", "BerriAI/litellm", new DateOnly(2026, 8, 1), "MIT"),
        new(PriceSource.Portkey, "portkey", "Portkey-AI/models", new DateOnly(2026, 8, 21), "MIT"),
        new(PriceSource.Derived, "derived", "in proportion to a price of the same model", new DateOnly(2026, 8, 21), "none"),
        new(PriceSource.ModelsDev, "models.dev", "anomalyco/models.dev", new DateOnly(2026, 7, 2), "MIT"),
    ];

    public static string IdOf(PriceSource source) => All.First(info => info.Source == source).Id;

    public static DateOnly AsOf(PriceSource source) => All.First(info => info.Source == source).AsOf;
}
