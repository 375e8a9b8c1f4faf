using System.Buffers;
using Gatehouse.Ledger;
using Gatehouse.Limits.Accounts;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Limits.State;

/// <summary>
/// Keeps what was used of limits, in the transactions of the ledger: after any end of the process both say the same. Each group of exchanges is one
/// row of a journal; now and then the journal is folded into the accounts. Between two groups it holds nothing that is not in the database, so a
/// group that is rolled back leaves no trace here either.
/// </summary>
internal sealed class LimitJournal : IGroupRows
{
    /// <summary>Groups after which the journal is folded.</summary>
    public const int MostGroups = 512;

    private const int MostBytes = 1 << 20;
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PruneInterval = TimeSpan.FromHours(1);

    private readonly TimeProvider _time;
    private readonly SqliteCommand _append;
    private readonly SqliteCommand _find;
    private readonly SqliteCommand _read;
    private readonly SqliteCommand _clear;
    private readonly SqliteCommand _load;
    private readonly SqliteCommand _store;
    private readonly SqliteCommand _prune;
    private readonly List<LimitAccount> _charged = [];
    private readonly ArrayBufferWriter<byte> _row = new(1024);
    private int _epoch;
    private int _groups;
    private long _bytes;
    private long _folded;
    private long? _pruned;

    public LimitJournal(SqliteConnection connection, TimeProvider time)
    {
        _time = time;
        _folded = time.GetTimestamp();
        _append = Command("INSERT INTO limit_journal (charges) VALUES ($charges)", "$charges");
        _find = Command(
            "INSERT INTO limit_accounts (rule, bucket, until, state) VALUES ($rule, $bucket, $until, x'') "
            + "ON CONFLICT (rule, bucket) DO UPDATE SET until = max(until, excluded.until) RETURNING id",
            "$rule", "$bucket", "$until");
        _read = Command("SELECT charges FROM limit_journal ORDER BY seq");
        _clear = Command("DELETE FROM limit_journal");
        _load = Command("SELECT state FROM limit_accounts WHERE id = $id", "$id");
        _store = Command("UPDATE limit_accounts SET state = $state, until = $until WHERE id = $id", "$id", "$state", "$until");
        _prune = Command("DELETE FROM limit_accounts WHERE until <= $now", "$now");

        SqliteCommand Command(string sql, params ReadOnlySpan<string> parameters)
        {
            var command = connection.CreateCommand();
            command.CommandText = sql;
            foreach (var name in parameters)
            {
                _ = command.Parameters.Add(new SqliteParameter { ParameterName = name });
            }

            return command;
        }
    }

    public void Write(List<LedgerEntry> entries)
    {
        _row.ResetWrittenCount();
        foreach (var entry in entries)
        {
            foreach (var charge in entry.Charges)
            {
                if (charge.Used != 0)
                {
                    Collect(charge);
                }
            }
        }

        foreach (var account in _charged)
        {
            Emit(account);
            account.Kept!.IsListed = false;
        }

        _charged.Clear();
        if (_row.WrittenCount == 0)
        {
            return;
        }

        _append.Parameters[0].Value = _row.WrittenSpan.ToArray();
        _ = _append.ExecuteNonQuery();
        _groups++;
        _bytes += _row.WrittenCount;
        if (_groups >= MostGroups || _bytes >= MostBytes || _time.GetElapsedTime(_folded) >= MostTime)
        {
            Fold();
        }
    }

    public void Forget()
    {
        // Rows of accounts that the transaction made are gone.
        _epoch++;
        foreach (var account in _charged)
        {
            account.Kept = null;
        }

        _charged.Clear();
    }

    public void Dispose()
    {
        foreach (var command in new[] { _append, _find, _read, _clear, _load, _store, _prune })
        {
            command.Dispose();
        }
    }

    /// <summary>Mostly all charges of an account in a group are in one part of time: they become one entry.</summary>
    private void Collect(in LimitCharge charge)
    {
        var (account, at) = (charge.Account, charge.At.UtcTicks);
        var kept = account.Kept;
        if (kept is null || !ReferenceEquals(kept.Rule, account.Rule))
        {
            Emit(account);
            account.Kept = kept = new KeptAccount(account.Rule) { Row = kept?.Row ?? 0, Epoch = kept?.Epoch ?? -1, IsListed = kept?.IsListed ?? false };
        }

        if (kept.Part is not { } part || at < part.From || at >= part.Until || kept.Rule.Window is not null || kept.Rule.Period == LimitPeriod.Run)
        {
            if (UsedPart.At(kept.Rule, charge.At) is not { } found)
            {
                return;
            }

            if (kept.Part is { } other && other.From == found.From && other.Until == found.Until)
            {
                found = other;
            }
            else
            {
                Emit(account);
            }

            part = found;
        }

        kept.Part = part with { Used = part.Used + charge.Used };
        if (!kept.IsListed)
        {
            kept.IsListed = true;
            _charged.Add(account);
        }
    }

    /// <summary>Writes down what the group has used of an account.</summary>
    private void Emit(LimitAccount account)
    {
        if (account.Kept is not { Part: { Used: not 0 } part } kept)
        {
            return;
        }

        if (kept.Epoch != _epoch)
        {
            _find.Parameters[0].Value = account.Rule.Id;
            _find.Parameters[1].Value = account.Bucket;
            _find.Parameters[2].Value = part.Until;
            kept.Row = (long)_find.ExecuteScalar()!;
            kept.Epoch = _epoch;
        }

        UsedParts.Write(_row, kept.Row);
        UsedParts.Write(_row, part);
        kept.Part = part with { Used = 0 };
    }

    private void Fold()
    {
        var accounts = new Dictionary<long, UsedParts>();
        LimitState.ReadJournal(_read, (row, part) =>
        {
            if (!accounts.TryGetValue(row, out var parts))
            {
                _load.Parameters[0].Value = row;
                accounts[row] = parts = UsedParts.Read(_load.ExecuteScalar() as byte[] ?? []);
            }

            parts.Add(part);
        });

        var now = _time.GetUtcNow().UtcTicks;
        foreach (var (row, parts) in accounts)
        {
            var until = parts.Until;
            parts.Trim(now);
            _store.Parameters[0].Value = row;
            _store.Parameters[1].Value = parts.Write();
            _store.Parameters[2].Value = until;
            _ = _store.ExecuteNonQuery();
        }

        _ = _clear.ExecuteNonQuery();
        (_groups, _bytes, _folded) = (0, 0, _time.GetTimestamp());
        if (_pruned is not { } pruned || _time.GetElapsedTime(pruned) >= PruneInterval)
        {
            // Only now, while the journal names no account.
            _pruned = _time.GetTimestamp();
            _prune.Parameters[0].Value = now;
            if (_prune.ExecuteNonQuery() > 0)
            {
                _epoch++;
            }
        }
    }
}
