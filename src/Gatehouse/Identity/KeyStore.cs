using System.Globalization;
using System.Text.Json;
using Gatehouse.Configuration.Binding;
using Gatehouse.Limits;
using Gatehouse.Storage;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Identity;

/// <summary>Keys made through the admin API, in the database.</summary>
internal sealed class KeyStore(Database database, TimeProvider time)
{
    /// <summary>All keys that are not revoked.</summary>
    public IReadOnlyList<ApiKey> ReadAll()
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id, name, hash, hint, models, labels, created_at, expires_at, organization, team, project, agent, priority, limits, updated_at FROM api_keys WHERE revoked_at IS NULL ORDER BY id";
        using var reader = command.ExecuteReader();
        // Many keys have the limits of one template: they are read once, and kept once.
        var known = new Dictionary<string, IReadOnlyList<LimitOptions>>(StringComparer.Ordinal);
        var keys = new List<ApiKey>();
        while (reader.Read())
        {
            keys.Add(new ApiKey(reader.GetString(0), reader.GetString(1), KeyHash.FromHex(reader.GetString(2)), KeyOwner.Api)
            {
                Hint = reader.GetString(3),
                Models = JsonSerializer.Deserialize<List<string>>(reader.GetString(4))!,
                Payer = new Payer
                {
                    Labels = JsonSerializer.Deserialize<Dictionary<string, string>>(reader.GetString(5))!,
                    Organization = Text(reader, 8),
                    Team = Text(reader, 9),
                    Project = Text(reader, 10),
                    Agent = Text(reader, 11),
                },
                Priority = Text(reader, 12) is { } priority ? Enum.Parse<PriorityClass>(priority, ignoreCase: true) : PriorityClass.Default,
                Limits = Text(reader, 13) is { } limits ? LimitsOf(limits) : [],
                CreatedAt = Parse(reader.GetString(6)),
                ExpiresAt = reader.IsDBNull(7) ? null : Parse(reader.GetString(7)),
                UpdatedAt = Text(reader, 14) is { } updated ? Parse(updated) : null,
            });
        }

        return keys;

        IReadOnlyList<LimitOptions> LimitsOf(string text)
        {
            if (!known.TryGetValue(text, out var limits))
            {
                known[text] = limits = LimitItems.Read(text, new ConfigurationErrors("stored key"));
            }

            return limits;
        }
    }

    public void Add(ApiKey key) => Write(
        key,
        "INSERT INTO api_keys (id, name, hash, hint, models, labels, created_at, expires_at, organization, team, project, agent, priority, limits, updated_at) "
        + "VALUES ($id, $name, $hash, $hint, $models, $labels, $created, $expires, $organization, $team, $project, $agent, $priority, $limits, $updated)");

    public void Update(ApiKey key) => Write(
        key,
        "UPDATE api_keys SET name = $name, models = $models, labels = $labels, expires_at = $expires, organization = $organization, team = $team, "
        + "project = $project, agent = $agent, priority = $priority, limits = $limits, updated_at = $updated WHERE id = $id AND revoked_at IS NULL");

    private void Write(ApiKey key, string sql)
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.Parameters.AddWithValue("$id", key.Id);
        _ = command.Parameters.AddWithValue("$name", key.Name);
        _ = command.Parameters.AddWithValue("$hash", key.Hash.ToHex());
        _ = command.Parameters.AddWithValue("$hint", key.Hint);
        _ = command.Parameters.AddWithValue("$models", JsonSerializer.Serialize(key.Models));
        _ = command.Parameters.AddWithValue("$labels", JsonSerializer.Serialize(key.Labels));
        _ = command.Parameters.AddWithValue("$created", Format(key.CreatedAt!.Value));
        _ = command.Parameters.AddWithValue("$expires", key.ExpiresAt is { } expiry ? Format(expiry) : DBNull.Value);
        _ = command.Parameters.AddWithValue("$organization", Value(key.Payer.Organization));
        _ = command.Parameters.AddWithValue("$team", Value(key.Payer.Team));
        _ = command.Parameters.AddWithValue("$project", Value(key.Payer.Project));
        _ = command.Parameters.AddWithValue("$agent", Value(key.Payer.Agent));
        _ = command.Parameters.AddWithValue("$priority", key.Priority.ToString().ToLowerInvariant());
        _ = command.Parameters.AddWithValue("$updated", Value(key.UpdatedAt is { } updated ? Format(updated) : null));
        _ = command.Parameters.AddWithValue("$limits", Value(key.Limits.Count == 0 ? null : LimitItems.Write(key.Limits)));
        _ = command.ExecuteNonQuery();
    }

    public void Revoke(string id)
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "UPDATE api_keys SET revoked_at = $time WHERE id = $id AND revoked_at IS NULL";
        _ = command.Parameters.AddWithValue("$id", id);
        _ = command.Parameters.AddWithValue("$time", Format(time.GetUtcNow()));
        _ = command.ExecuteNonQuery();
    }

    private static object Value(string? text) => text is null ? DBNull.Value : text;

    private static string? Text(SqliteDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static string Format(DateTimeOffset value) => value.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    private static DateTimeOffset Parse(string value) => DateTimeOffset.Parse(value, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind);
}
