using Gatehouse.Ledger;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Responses;

/// <summary>An answer that is kept: what a later request refers to with <c>previous_response_id</c>.</summary>
/// <param name="Id">The response's id.</param>
/// <param name="KeyId">Only this key may see it.</param>
/// <param name="CreatedAt">When it was given.</param>
/// <param name="ExpiresAt">When it is forgotten.</param>
/// <param name="Turn">The conversation up to and with it.</param>
/// <param name="Response">The response object, as JSON in UTF-8.</param>
internal sealed record KeptResponse(string Id, string KeyId, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, StoredTurn Turn, byte[] Response) : ICompanionRow
{
    /// <summary>Forgotten at most with each answer that is kept: every row of the ledger waits for it.</summary>
    private const int MaxForgotten = 20;

    public void Write(SqliteConnection connection)
    {
        using var forget = connection.CreateCommand();
        forget.CommandText = "DELETE FROM responses WHERE id IN (SELECT id FROM responses WHERE expires_at < $now ORDER BY expires_at LIMIT $most)";
        _ = forget.Parameters.AddWithValue("$most", MaxForgotten);
        _ = forget.Parameters.AddWithValue("$now", CreatedAt.ToUnixTimeMilliseconds());
        _ = forget.ExecuteNonQuery();

        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT OR REPLACE INTO responses (id, key_id, created_at, expires_at, items, input_count, response) "
            + "VALUES ($id, $key, $created, $expires, $items, $count, $response)";
        _ = insert.Parameters.AddWithValue("$id", Id);
        _ = insert.Parameters.AddWithValue("$key", KeyId);
        _ = insert.Parameters.AddWithValue("$created", CreatedAt.ToUnixTimeMilliseconds());
        _ = insert.Parameters.AddWithValue("$expires", ExpiresAt.ToUnixTimeMilliseconds());
        _ = insert.Parameters.AddWithValue("$items", Turn.Items);
        _ = insert.Parameters.AddWithValue("$count", Turn.InputCount);
        _ = insert.Parameters.AddWithValue("$response", Response);
        _ = insert.ExecuteNonQuery();
    }
}
