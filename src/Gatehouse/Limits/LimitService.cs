using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration;
using Gatehouse.Limits.Accounts;
using Gatehouse.Limits.State;

namespace Gatehouse.Limits;

internal enum LimitOwner
{
    /// <summary>gatehouse.yaml; the API cannot change it.</summary>
    File,

    /// <summary>A key that the admin API made: it is changed with the key.</summary>
    Key,

    /// <summary>The admin API; kept in the database.</summary>
    Api,
}

/// <summary>A rule in force, and where it stands.</summary>
internal sealed record OwnedLimit(string Id, LimitRule Rule, LimitOwner Owner);

/// <summary>Makes, changes and raises limits. All of that is in force for the next exchange that begins.</summary>
internal sealed class LimitService(LimitStore store, SnapshotSource snapshots, LimitRaises raises, LimitBook book)
{
    private readonly Lock _gate = new();

    /// <summary>An id for people and URLs: the same as long as the rule counts the same.</summary>
    public static string IdOf(LimitRule rule) => $"lim_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(rule.Id)).AsSpan(..12))}";

    /// <summary>All rules in force, by id.</summary>
    public IReadOnlyList<OwnedLimit> All()
    {
        var snapshot = snapshots.Current;
        var stored = snapshot.Limits.Stored.Select(rule => rule.Id).ToHashSet(StringComparer.Ordinal);
        var keys = snapshot.Keys.Values.Where(key => key.Owner == Identity.KeyOwner.Api).Select(key => $"key:{key.Id}").ToHashSet(StringComparer.Ordinal);
        return [.. snapshot.LimitRules
            .DistinctBy(rule => rule.Id, StringComparer.Ordinal)
            .Select(rule => new OwnedLimit(IdOf(rule), rule, stored.Contains(rule.Id) ? LimitOwner.Api : keys.Contains(rule.Scope) ? LimitOwner.Key : LimitOwner.File))
            .OrderBy(limit => limit.Id, StringComparer.Ordinal)];
    }

    public OwnedLimit? Find(string id) => All().FirstOrDefault(limit => string.Equals(limit.Id, id, StringComparison.Ordinal));

    /// <returns>False when there is one that counts the same.</returns>
    public bool TryCreate(LimitRule rule, LimitOptions item)
    {
        lock (_gate)
        {
            var id = IdOf(rule);
            if (Find(id) is not null)
            {
                return false;
            }

            store.Put(id, item);
            snapshots.RefreshStored($"limit {id} created");
            book.Open([rule]);
            return true;
        }
    }

    /// <returns>False when there is none any more.</returns>
    public bool TryReplace(string id, LimitOptions item)
    {
        lock (_gate)
        {
            if (Find(id) is not { Owner: LimitOwner.Api })
            {
                return false;
            }

            store.Put(id, item);
            snapshots.RefreshStored($"limit {id} changed");
            return true;
        }
    }

    public void Delete(string id)
    {
        lock (_gate)
        {
            store.Remove(id);
            snapshots.RefreshStored($"limit {id} deleted");
        }
    }

    public void Raise(LimitRule rule, string bucket, LimitRaise raise) => raises.Set(rule, bucket, raise);

    /// <returns>False when it is not raised.</returns>
    public bool EndRaise(LimitRule rule, string bucket) => raises.Remove(rule.Id, bucket);

    /// <summary>Accounts of a rule, those of which most is used first; one with nothing used for a rule that is not grouped.</summary>
    public IReadOnlyList<LimitAccount> AccountsOf(LimitRule rule, ILookup<string, LimitAccount> accounts) => rule.GroupBy.Length == 0
        ? [book.AccountOf(rule, "")]
        : [.. accounts[rule.Id]];

    public ILookup<string, LimitAccount> Accounts() => book.Accounts.ToLookup(account => account.Rule.Id, StringComparer.Ordinal);

    public LimitMoment Now => book.Now;
}
