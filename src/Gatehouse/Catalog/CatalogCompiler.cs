using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Catalog;

/// <summary>Validates what the configuration says of models, and lays it over the data file.</summary>
internal static class CatalogCompiler
{
    /// <summary>USD per million tokens, or each: no price is higher, and a count times it stays within a decimal.</summary>
    private const decimal HighestPrice = 1_000_000;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static ModelCatalog Compile(CatalogOptions options, ICollection<string> providers, ConfigurationErrors errors)
    {
        foreach (var (name, model) in options.Models)
        {
            Validate(name, model, providers, errors);
        }

        var ordered = new SortedDictionary<string, CatalogModelOptions>(options.Models.ToDictionary(), StringComparer.Ordinal);
        return new ModelCatalog(CatalogFile.Embedded, ordered.ToFrozenDictionary(StringComparer.Ordinal), JsonSerializer.Serialize(ordered, Json));
    }

    /// <summary>An entry with what the configuration says instead.</summary>
    public static CatalogEntry Overridden(CatalogEntry entry, CatalogModelOptions options)
    {
        var written = Written(options).ToArray();
        var everywhere = options.Written().Select(price => price.Kind).ToHashSet();
        var keys = written.Select(price => price.Key).ToHashSet();
        return entry with
        {
            Context = options.ContextWindow ?? entry.Context,
            MaxOutput = options.MaxOutputTokens ?? entry.MaxOutput,
            Capabilities = options.Capabilities ?? entry.Capabilities,
            Prices = [.. entry.Prices.Where(Stays), .. written],
            Later = [.. entry.Later.Select(period => (period.From, (IReadOnlyList<CatalogPrice>)[.. period.Prices.Where(Stays)]))],
            Agreement = written.Length > 0 ? null : entry.Agreement,
        };

        bool Stays(CatalogPrice price) => !keys.Contains(price.Key) && !(price.Key.Tier == ServiceTier.Standard && everywhere.Contains(price.Key.Kind));
    }

    private static IEnumerable<CatalogPrice> Written(CatalogModelOptions options) =>
        Of(options, 0, ServiceTier.Standard)
            .Concat(Of(options.LongInput, options.LongInput?.AboveTokens ?? 0, ServiceTier.Standard))
            .Concat(Of(options.Batch, 0, ServiceTier.Batch))
            .Concat(Of(options.Flex, 0, ServiceTier.Flex))
            .Concat(Of(options.Priority, 0, ServiceTier.Priority));

    private static IEnumerable<CatalogPrice> Of(CatalogPriceOptions? options, int above, ServiceTier tier) =>
        options is null ? [] : options.Written().Select(price => new CatalogPrice(new PriceKey(price.Kind, above, tier), price.Usd, ModelCatalog.ConfigurationSource));

    private static void Validate(string name, CatalogModelOptions model, ICollection<string> providers, ConfigurationErrors errors)
    {
        var path = $"catalog.models.{name}";
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == name.Length - 1)
        {
            errors.Add(path, $"'{name}' is not provider/model");
        }
        else if (!providers.Contains(name[..slash]))
        {
            var nearest = KeyNames.Nearest(name[..slash], providers);
            errors.Add(path, $"there is no provider '{name[..slash]}'" + (nearest is null ? "" : $"; did you mean '{nearest}'?"));
        }

        if (model.As is { } other && CatalogFile.Embedded.Find(other) is null)
        {
            errors.Add($"{path}.as", $"'{other}' is not in the catalogue; `gatehouse catalog list` shows what is");
        }

        if (model.LongInput is { AboveTokens: <= 0 })
        {
            errors.Add($"{path}.long_input.above_tokens", "must be at least 1");
        }

        (string Key, CatalogPriceOptions? Prices)[] blocks =
            [("", model), (".long_input", model.LongInput), (".batch", model.Batch), (".flex", model.Flex), (".priority", model.Priority)];
        foreach (var (key, prices) in blocks)
        {
            foreach (var (kind, usd) in prices?.Written() ?? [])
            {
                if (usd is < 0 or > HighestPrice)
                {
                    errors.Add(path + key, $"the price of {kind.Name()} must be from 0 to {HighestPrice} USD");
                }
            }
        }
    }
}
