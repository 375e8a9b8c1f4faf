using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Storage;

namespace Gatehouse.Responses;

/// <summary>Reads kept answers, on connections of its own and off the data plane's threads.</summary>
internal sealed class ResponseStore(Database database, TimeProvider time)
{
    /// <returns>Null when there is none with this id, or it is another key's, or it has expired.</returns>
    public Task<KeptResponse?> FindAsync(string id, string keyId) => Task.Run(() => Find(id, keyId));

    /// <returns>False when there is none.</returns>
    public Task<bool> DeleteAsync(string id, string keyId) => Task.Run(() =>
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "DELETE FROM responses WHERE id = $id AND key_id = $key AND expires_at >= $now";
        _ = command.Parameters.AddWithValue("$id", id);
        _ = command.Parameters.AddWithValue("$key", keyId);
        _ = command.Parameters.AddWithValue("$now", time.GetUtcNow().ToUnixTimeMilliseconds());
        return command.ExecuteNonQuery() > 0;
    });

    private KeptResponse? Find(string id, string keyId)
    {
        using var connection = database.Connect();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT created_at, expires_at, items, input_count, response FROM responses WHERE id = $id AND key_id = $key AND expires_at >= $now";
        _ = command.Parameters.AddWithValue("$id", id);
        _ = command.Parameters.AddWithValue("$key", keyId);
        _ = command.Parameters.AddWithValue("$now", time.GetUtcNow().ToUnixTimeMilliseconds());
        using var reader = command.ExecuteReader();
        return reader.Read()
            ? new KeptResponse(
                id,
                keyId,
                DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(0)),
                DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(1)),
                new StoredTurn(reader.GetFieldValue<byte[]>(2), reader.GetInt32(3)),
                reader.GetFieldValue<byte[]>(4))
            : null;
    }
}
