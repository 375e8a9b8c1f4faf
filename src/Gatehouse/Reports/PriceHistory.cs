using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Gatehouse.Catalog;
using Gatehouse.Configuration;
using Gatehouse.Storage;

namespace Gatehouse.Reports;

/// <summary>The prices of a revision, as far as this program can have them.</summary>
/// <param name="Prices">Null when it cannot; then <paramref name="Reason"/> says why.</param>
internal sealed record PastPrices(ModelCatalog? Prices, string? Reason);

/// <summary>
/// Makes the prices of past revisions again: of the data file that is built into this program, and what the configuration overrode then, which
/// the database keeps. The data file of another build is not kept.
/// </summary>
internal sealed class PriceHistory(Database database)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public PastPrices Find(long number, Snapshot snapshot)
    {
        if (number == snapshot.PriceRevision)
        {
            return new PastPrices(snapshot.Catalog, null);
        }

        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT catalog, overrides FROM price_revisions WHERE number = $number";
        _ = command.Parameters.AddWithValue("$number", number);
        using var row = command.ExecuteReader();
        if (!row.Read())
        {
            return new PastPrices(null, $"There is no price revision {number.ToString(CultureInfo.InvariantCulture)}.");
        }

        var (catalog, overrides) = (row.GetString(0), row.GetString(1));
        if (catalog != CatalogFile.Embedded.Revision)
        {
            return new PastPrices(
                null, $"Price revision {number.ToString(CultureInfo.InvariantCulture)} stands on the catalogue {catalog}, which is not in this program: it has {CatalogFile.Embedded.Revision}.");
        }

        try
        {
            var models = JsonSerializer.Deserialize<Dictionary<string, CatalogModelOptions>>(overrides, Json)!;
            return new PastPrices(new ModelCatalog(CatalogFile.Embedded, models.ToFrozenDictionary(StringComparer.Ordinal), overrides), null);
        }
        catch (JsonException)
        {
            return new PastPrices(null, $"What was overridden in price revision {number.ToString(CultureInfo.InvariantCulture)} was written by another program.");
        }
    }

    /// <param name="target"><c>provider/model</c></param>
    public static ModelPrice? PriceOf(ModelCatalog catalog, Snapshot snapshot, string target)
    {
        var slash = target.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0)
        {
            return null;
        }

        var provider = target[..slash];
        // Of a provider that is not configured any more, only the name is known; most are named as their kind.
        var kind = snapshot.Providers.TryGetValue(provider, out var configured) ? configured.Entry.Kind : provider;
        return catalog.PriceOf(provider, kind, target[(slash + 1)..]);
    }

    public static ServiceTier TierOf(string? word) => Enum.TryParse<ServiceTier>(word, ignoreCase: true, out var tier) ? tier : ServiceTier.Standard;
}
