using System.Globalization;
using Gatehouse.Storage;

namespace Gatehouse.Configuration;

/// <param name="Cause">What made it: a start, a reload, a key.</param>
internal sealed record Revision(long Number, DateTimeOffset CreatedAt, string Cause);

/// <summary>The numbers of the configurations that have been in force.</summary>
internal sealed class RevisionStore(Database database, TimeProvider time)
{
    /// <summary>The number of a configuration. One equal to the last keeps its number, over restarts too.</summary>
    public long NumberOf(string digest, string cause)
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText =
            """
            INSERT INTO revisions (number, created_at, cause, digest)
            SELECT coalesce(max(number), 0) + 1, $time, $cause, $digest FROM revisions
            HAVING coalesce((SELECT digest FROM revisions ORDER BY number DESC LIMIT 1), '') <> $digest;
            SELECT max(number) FROM revisions;
            """;
        _ = command.Parameters.AddWithValue("$time", time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture));
        _ = command.Parameters.AddWithValue("$cause", cause);
        _ = command.Parameters.AddWithValue("$digest", digest);
        return (long)command.ExecuteScalar()!;
    }

    public IReadOnlyList<Revision> Newest(int count)
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT number, created_at, cause FROM revisions ORDER BY number DESC LIMIT $count";
        _ = command.Parameters.AddWithValue("$count", count);
        using var reader = command.ExecuteReader();
        var revisions = new List<Revision>();
        while (reader.Read())
        {
            revisions.Add(new Revision(
                reader.GetInt64(0), DateTimeOffset.Parse(reader.GetString(1), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind), reader.GetString(2)));
        }

        return revisions;
    }
}
