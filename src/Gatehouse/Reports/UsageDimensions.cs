using System.Security.Cryptography;
using System.Text;
using Gatehouse.Ledger;
using Gatehouse.Pipeline;

namespace Gatehouse.Reports;

/// <summary>By what usage can be reported. Exchanges of an hour that agree in all of it are summed up in one row.</summary>
internal readonly record struct UsageDimensions(
    string KeyId, string KeyName, string? Organization, string? Team, string? Project, string? User, string? Agent, string? Labels, string? Route,
    string? Target, string Kind, string Operation, string Outcome, string Cache, string ServiceTier, long PriceRevision)
{
    /// <summary>Stands for values that are not told apart.</summary>
    public const string Other = "(other)";

    /// <summary>How often <see cref="Coarser"/> makes something coarser.</summary>
    public const int Levels = 3;

    /// <summary>The columns of <c>usage_dimensions</c> in this order.</summary>
    public const string Columns =
        "key_id, key_name, organization, team, project, user, agent, labels, route, target, kind, operation, outcome, cache, service_tier, price_revision";

    public const string Standard = "standard";

    public static UsageDimensions Of(LedgerEntry entry) => new(
        entry.KeyId, entry.KeyName, entry.Payer.Organization, entry.Payer.Team, entry.Payer.Project, entry.User, entry.Payer.Agent, entry.Payer.LabelsText,
        entry.Route, entry.Target, entry.Kind, entry.Operation, entry.Outcome, entry.Cache.Word(), entry.ServiceTier ?? Standard, entry.PriceRevision);

    /// <param name="first">The place of the first of <see cref="Columns"/>; a row of the ledger has the same.</param>
    public static UsageDimensions Of(SqliteStatement row, int first = 0)
    {
        return new UsageDimensions(
            Text(0)!, Text(1)!, Text(2), Text(3), Text(4), Text(5), Text(6), Text(7), Text(8), Text(9), Text(10)!, Text(11)!, Text(12)!,
            Text(13) ?? CacheStatus.Bypass.Word(), Text(14) ?? Standard, row.Number(first + 15));

        string? Text(int i) => row.Text(first + i);
    }

    /// <summary>
    /// The same with less of what callers choose freely: first without the user, then without labels, then without the agent and the model. What the
    /// gateway's operator wrote down (keys, routes, providers) stays.
    /// </summary>
    public UsageDimensions Coarser(int level) => this with
    {
        User = level > 0 && User is not null ? Other : User,
        Labels = level > 1 && Labels is not null ? Other : Labels,
        Agent = level > 2 && Agent is not null ? Other : Agent,
        Target = level > 2 && Target?.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? Target[..(slash + 1)] + Other : Target,
    };

    /// <summary>Of what tells most sets of an hour apart: it is computed for each exchange, and the rest is compared.</summary>
    public override int GetHashCode() => HashCode.Combine(KeyId, User, Agent, Labels, Route, Target, Outcome, PriceRevision);

    public byte[] Digest()
    {
        var text = new StringBuilder();
        foreach (var value in (ReadOnlySpan<string?>)[KeyId, KeyName, Organization, Team, Project, User, Agent, Labels, Route, Target, Kind, Operation, Outcome, Cache, ServiceTier])
        {
            // With lengths, so that no two sets make one text.
            _ = value is null ? text.Append('-') : text.Append(value.Length).Append(':').Append(value);
        }

        return SHA256.HashData(Encoding.UTF8.GetBytes(text.Append(PriceRevision).ToString()))[..16];
    }

    public void BindTo(SqliteStatement statement, int first)
    {
        foreach (var value in (ReadOnlySpan<string?>)[KeyId, KeyName, Organization, Team, Project, User, Agent, Labels, Route, Target, Kind, Operation, Outcome, Cache, ServiceTier])
        {
            statement.Bind(first++, value);
        }

        statement.Bind(first, PriceRevision);
    }
}
