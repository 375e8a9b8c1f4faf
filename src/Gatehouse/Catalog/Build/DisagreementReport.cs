using System.Globalization;
using System.Text;

namespace Gatehouse.Catalog.Build;

/// <summary>What the sources do not agree on, as a page (docs/catalog-disagreements.md).</summary>
internal static class DisagreementReport
{
    public static string Write(IReadOnlyList<MergedModel> models)
    {
        var differing = models.Where(model => model.Differing.Count > 0).ToArray();
        var priced = models.Count(model => model.Agreement is not null);
        var text = new StringBuilder(
            $"""
            # Where the sources of the catalogue disagree

            Made by `gatehouse catalog build --report`. {N(models.Count)} models, {N(priced)} of them with a price: {N(Count(Agreement.Agreed))} on which two sources or
            more agree, {N(Count(Agreement.Majority))} by majority, {N(Count(Agreement.Single))} that one source alone knows, {N(Count(Agreement.Disputed))} disputed. Below are the
            {N(differing.Length)} models with a price from which a source differs by more than 0.5 %; which one the catalogue takes, and why,
            is told in [catalog.md](catalog.md). Prices are USD per million tokens, or each.

            | model | agreement | price | taken | others |
            |---|---|---|---|---|

            """);
        foreach (var model in differing)
        {
            var name = $"`{model.Provider}/{model.Id}`";
            var agreement = model.Agreement!.Value.ToString().ToLowerInvariant();
            foreach (var key in model.Differing.GroupBy(other => other.Key))
            {
                var (price, source) = model.Chosen[key.Key];
                var others = string.Join(", ", key.Select(other => $"{N(other.Price)} {CatalogSources.IdOf(other.Source)}"));
                text.Append(CultureInfo.InvariantCulture, $"| {name} | {agreement} | {key.Key} | {N(price)} {CatalogSources.IdOf(source)} | {others} |\n");
                (name, agreement) = ("", "");
            }
        }

        text.Append("\n## Left out\n\nModels with a price of more than 1000 USD per million tokens: a source has taken one unit for another.\n\n| model | price | source |\n|---|---|---|\n");
        foreach (var (model, source) in models.SelectMany(model => model.Sources.Select(source => (model, source))))
        {
            foreach (var (key, price) in source.Implausible.OrderBy(price => price.Key, PriceKey.Order))
            {
                text.Append(CultureInfo.InvariantCulture, $"| `{model.Provider}/{model.Id}` | {key} {N(price)} | {CatalogSources.IdOf(source.Source)} |\n");
            }
        }

        return text.ToString();

        int Count(Agreement agreement) => models.Count(model => model.Agreement == agreement);
    }

    private static string N(decimal number) => number.ToString(CultureInfo.InvariantCulture);

    private static string N(int number) => number.ToString(CultureInfo.InvariantCulture);
}
