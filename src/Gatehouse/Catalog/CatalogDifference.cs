namespace Gatehouse.Catalog;

/// <param name="Id">The model.</param>
/// <param name="What">A price, or another fact.</param>
/// <param name="Before">Null: it was not there.</param>
/// <param name="After">Null: it is not there any more.</param>
internal sealed record CatalogChange(string Id, string What, string? Before, string? After);

/// <summary>What is not the same in two data files.</summary>
internal static class CatalogDifference
{
    public static IEnumerable<CatalogChange> Between(CatalogFile before, CatalogFile after)
    {
        var (old, now) = (ById(before), ById(after));
        foreach (var id in old.Keys.Union(now.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (a, b) = (old.GetValueOrDefault(id), now.GetValueOrDefault(id));
            if (a is null || b is null)
            {
                yield return new CatalogChange(id, "model", a is null ? null : "there", b is null ? null : "there");
                continue;
            }

            var (left, right) = (Facts(a), Facts(b));
            foreach (var what in left.Keys.Union(right.Keys, StringComparer.Ordinal))
            {
                if (left.GetValueOrDefault(what) is var was && right.GetValueOrDefault(what) is var is_ && was != is_)
                {
                    yield return new CatalogChange(id, what, was, is_);
                }
            }
        }
    }

    private static Dictionary<string, CatalogEntry> ById(CatalogFile file) => file.All().ToDictionary(entry => entry.Id.ToLowerInvariant(), StringComparer.Ordinal);

    private static Dictionary<string, string> Facts(CatalogEntry entry)
    {
        var facts = entry.Prices.ToDictionary(price => price.Key.ToString(), price => Text(price.Usd), StringComparer.Ordinal);
        foreach (var (from, prices) in entry.Later)
        {
            foreach (var price in prices)
            {
                facts[$"{price.Key} from {from:yyyy-MM-dd}"] = Text(price.Usd);
            }
        }

        Add("mode", entry.Mode);
        Add("context", entry.Context is { } context ? Text(context) : null);
        Add("max output", entry.MaxOutput is { } most ? Text(most) : null);
        Add("can", entry.Capabilities.Count == 0 ? null : string.Join(' ', entry.Capabilities));
        Add("deprecated", entry.Deprecated);
        return facts;

        void Add(string what, string? value)
        {
            if (value is not null)
            {
                facts[what] = value;
            }
        }
    }

    private static string Text(decimal number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
