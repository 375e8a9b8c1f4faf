using System.Globalization;
using Gatehouse.Storage;

namespace Gatehouse.Catalog;

/// <summary>Numbers of the prices that have been in force; equal prices keep their number.</summary>
internal sealed class PriceRevisionStore(Database database, TimeProvider time)
{
    public long NumberOf(ModelCatalog catalog)
    {
        using var connection = database.Connect();
        using var transaction = connection.BeginTransaction(deferred: false);
        using var find = connection.CreateCommand();
        find.CommandText = "SELECT max(number) FROM price_revisions WHERE catalog = $catalog AND overrides = $overrides";
        _ = find.Parameters.AddWithValue("$catalog", catalog.File.Revision);
        _ = find.Parameters.AddWithValue("$overrides", catalog.OverridesText);
        if (find.ExecuteScalar() is long known)
        {
            return known;
        }

        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO price_revisions (created_at, catalog, overrides) VALUES ($time, $catalog, $overrides) RETURNING number";
        _ = insert.Parameters.AddWithValue("$time", time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture));
        _ = insert.Parameters.AddWithValue("$catalog", catalog.File.Revision);
        _ = insert.Parameters.AddWithValue("$overrides", catalog.OverridesText);
        var number = (long)insert.ExecuteScalar()!;
        transaction.Commit();
        return number;
    }
}
