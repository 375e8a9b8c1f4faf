using System.ComponentModel;

namespace Gatehouse.Catalog;

internal sealed record PriceView(
    [property: Description("Such as input, cache_read, input>200000 (for all of a request with a longer input), output@batch.")] string Price,
    [property: Description("USD per million tokens, or each.")] decimal Usd,
    [property: Description("tokens (a million) or each.")] string Per,
    string Source,
    [property: Description("The day on which the source had it so; null for prices of the configuration.")] string? SourceDate,
    [property: Description("The day from which it holds; null: now.")] string? From);

internal sealed record ModelView(
    string Id,
    string Provider,
    string Model,
    [property: Description("Whether the provider lists it, a route leads to it, or the configuration prices it.")] bool Configured,
    [property: Description("The entry of the catalogue, as kind/model; null when it has none.")] string? Catalog,
    string? Mode,
    long? ContextWindow,
    long? MaxOutputTokens,
    IReadOnlyList<string> Input,
    IReadOnlyList<string> Output,
    IReadOnlyList<string> Capabilities,
    string? Deprecated,
    [property: Description("agreed, majority, single or disputed, by what the sources say of the price.")] string? Agreement,
    string? Page,
    IReadOnlyList<PriceView> Prices)
{
    public static ModelView Of(string provider, string model, bool isConfigured, CatalogEntry? entry, CatalogFile file) => new(
        $"{provider}/{model}", provider, model, isConfigured, entry?.Id, entry?.Mode, entry?.Context, entry?.MaxOutput, entry?.Input ?? [], entry?.Output ?? [],
        entry?.Capabilities ?? [], entry?.Deprecated, entry?.Agreement, entry?.Page, entry is null ? [] : PricesOf(entry, file));

    /// <summary>All prices of an entry, those of later days too.</summary>
    public static IReadOnlyList<PriceView> PricesOf(CatalogEntry entry, CatalogFile file)
    {
        return [.. entry.Prices.Select(price => View(price, null)), .. entry.Later.SelectMany(period => period.Prices.Select(price => View(price, period.From)))];

        PriceView View(CatalogPrice price, DateOnly? from) => new(
            price.Key.ToString(), price.Usd, price.Key.Kind.IsPerToken() ? "tokens" : "each", price.Source,
            file.Sources.FirstOrDefault(source => source.Id == price.Source)?.AsOf, from?.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
    }
}
