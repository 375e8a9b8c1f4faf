using System.Globalization;
using Gatehouse.Configuration.Binding;
using Gatehouse.Storage;

namespace Gatehouse.Limits;

/// <summary>A limit that was made through the admin API.</summary>
internal sealed record StoredLimit(string Id, LimitOptions Item, string UpdatedAt)
{
    /// <summary>Another one after each change.</summary>
    public string Version => $"{Id}@{UpdatedAt}";
}

/// <summary>Limits made through the admin API, in the database.</summary>
internal sealed class LimitStore(Database database, TimeProvider time)
{
    public IReadOnlyList<StoredLimit> ReadAll()
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id, item, updated_at FROM limits ORDER BY id";
        using var reader = command.ExecuteReader();
        var limits = new List<StoredLimit>();
        while (reader.Read())
        {
            if (LimitItems.Read($"[{reader.GetString(1)}]", new ConfigurationErrors("stored limit")) is [var item])
            {
                limits.Add(new StoredLimit(reader.GetString(0), item, reader.GetString(2)));
            }
        }

        return limits;
    }

    /// <summary>Adds a limit, or puts it in place of the one with the same id.</summary>
    public void Put(string id, LimitOptions item)
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText =
            "INSERT INTO limits (id, item, created_at, updated_at) VALUES ($id, $item, $now, $now) "
            + "ON CONFLICT (id) DO UPDATE SET item = excluded.item, updated_at = excluded.updated_at";
        _ = command.Parameters.AddWithValue("$id", id);
        _ = command.Parameters.AddWithValue("$item", LimitItems.Write([item])[1..^1]);
        _ = command.Parameters.AddWithValue("$now", time.GetUtcNow().UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        _ = command.ExecuteNonQuery();
    }

    public void Remove(string id)
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "DELETE FROM limits WHERE id = $id";
        _ = command.Parameters.AddWithValue("$id", id);
        _ = command.ExecuteNonQuery();
    }
}
