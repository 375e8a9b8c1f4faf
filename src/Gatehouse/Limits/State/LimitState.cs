using Gatehouse.Storage;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Limits.State;

/// <summary>Reads at a start what was used before it.</summary>
internal static class LimitState
{
    /// <summary>What the accounts had when they were written last, and what the journal has beside that.</summary>
    public static IReadOnlyList<UsedAccount> Load(Database database, DateTimeOffset now)
    {
        using var connection = database.Connect();
        using var read = connection.CreateCommand();
        read.CommandText = "SELECT id, rule, bucket, state FROM limit_accounts";
        var accounts = new Dictionary<long, (string Rule, string Bucket, UsedParts Parts)>();
        using (var reader = read.ExecuteReader())
        {
            while (reader.Read())
            {
                accounts[reader.GetInt64(0)] = (reader.GetString(1), reader.GetString(2), UsedParts.Read(reader.GetFieldValue<byte[]>(3)));
            }
        }

        using var journal = connection.CreateCommand();
        journal.CommandText = "SELECT charges FROM limit_journal ORDER BY seq";
        ReadJournal(journal, (row, part) =>
        {
            if (accounts.TryGetValue(row, out var account))
            {
                account.Parts.Add(part);
            }
        });

        var used = new List<UsedAccount>(accounts.Count);
        foreach (var (rule, bucket, parts) in accounts.Values)
        {
            parts.Trim(now.UtcTicks);
            if (parts.All.Count > 0)
            {
                used.Add(new UsedAccount(rule, bucket, parts.All));
            }
        }

        return used;
    }

    public static void ReadJournal(SqliteCommand journal, Action<long, UsedPart> each)
    {
        using var reader = journal.ExecuteReader();
        while (reader.Read())
        {
            ReadOnlySpan<byte> bytes = reader.GetFieldValue<byte[]>(0);
            while (UsedParts.TryReadNumber(ref bytes, out var row) && UsedParts.TryRead(ref bytes, out var part))
            {
                each(row, part);
            }
        }
    }
}
