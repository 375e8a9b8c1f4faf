using System.Diagnostics.Metrics;
using Gatehouse.Configuration;
using Gatehouse.Limits.Accounts;

namespace Gatehouse.Limits;

/// <summary>
/// What metrics show of limits: those that have one amount for all and stand in no key. There are as many as somebody wrote down; what callers
/// make up never becomes a label.
/// </summary>
internal sealed class LimitGauges(SnapshotSource snapshots, LimitBook book)
{
    public IEnumerable<Measurement<double>> Used() => Measure((account, now) => account.Used(now) + account.Held);

    public IEnumerable<Measurement<double>> Most() => Measure((account, now) => account.Most(now));

    /// <summary>There may be many keys: their limits are one.</summary>
    public static string LabelOf(LimitRule rule) => rule.Scope.StartsWith("key:", StringComparison.Ordinal) ? "(keys)" : rule.Label;

    private List<Measurement<double>> Measure(Func<LimitAccount, LimitMoment, long> value)
    {
        var measured = new List<Measurement<double>>();
        foreach (var rule in snapshots.Current.Limits.Shared.Where(rule => rule.GroupBy.Length == 0).DistinctBy(rule => (rule.Label, rule.Unit)))
        {
            var account = book.AccountOf(rule, "");
            lock (account.Gate)
            {
                measured.Add(new((double)LimitView.Amount(rule, value(account, book.Now)), new("limit", rule.Label), new("unit", LimitView.UnitOf(rule))));
            }
        }

        return measured;
    }
}
