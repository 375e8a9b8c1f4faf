using System.Globalization;
using Gatehouse.Alerts;
using Gatehouse.Configuration.Binding;
using Gatehouse.Limits.Accounts;
using Gatehouse.Pipeline;

namespace Gatehouse.Limits;

/// <summary>Tells of budgets that come to their end. Each condition is told when it begins, not with every call while it lasts.</summary>
internal sealed class LimitAlerts(IAlerts alerts)
{
    public const string Threshold = "budget_threshold";
    public const string Exceeded = "budget_exceeded";
    public const string BurnRate = "budget_burn_rate";
    public const string PriceUnknown = "unknown_price";
    public const string TooManyBuckets = "limit_buckets";
    public const string Passed = "limit_passed";

    /// <summary>Of a budget, that must be spent before its pace says anything.</summary>
    private const double LeastSpent = 0.1;

    /// <summary>Money was charged.</summary>
    public void Charged(PeriodAccount account, LimitMoment now)
    {
        int percent;
        bool isBurning, wasBurning;
        long used, most;
        DateTimeOffset? gone, end;
        Renewed(account, now);
        lock (account.Gate)
        {
            (used, most) = (account.Used(now), account.Most(now));
            percent = 0;
            var thresholds = account.Rule.AlertAt;
            while (account.AlertsRaised < thresholds.Length && used >= (decimal)most * thresholds[account.AlertsRaised] / 100)
            {
                percent = thresholds[account.AlertsRaised++];
            }

            (gone, end) = Forecast(account, now);
            wasBurning = account.IsBurning;
            // Twice as fast as the budget lasts, and no more than as fast to end it: else it would come and go.
            isBurning = used >= most * LeastSpent && gone is { } at && end is { } over
                && (at - now.Utc) < (over - now.Utc) / (wasBurning ? 1 : 2);
            account.IsBurning = isBurning;
        }

        if (percent > 0)
        {
            alerts.Raise(new Alert(Threshold, $"{Subject(account)} {percent}%", percent >= 90 ? AlertSeverity.Critical : AlertSeverity.Warning,
                string.Create(CultureInfo.InvariantCulture, $"{LimitRefusal.Usd(used)} of {LimitRefusal.Usd(most)} are spent: {percent} % of the budget '{account.Rule.Label}'{Whose(account)}.")));
        }

        if (isBurning && !wasBurning)
        {
            alerts.Raise(new Alert(BurnRate, Subject(account), AlertSeverity.Warning,
                $"At its pace the budget '{account.Rule.Label}'{Whose(account)} is gone at {gone:yyyy-MM-dd HH:mm} UTC; it should last until {end:yyyy-MM-dd HH:mm} UTC."));
        }
        else if (wasBurning && !isBurning)
        {
            alerts.Resolve(BurnRate, Subject(account), $"The budget '{account.Rule.Label}'{Whose(account)} lasts at its pace of now.");
        }
    }

    /// <summary>A call was refused.</summary>
    public void Refused(LimitRefusal refusal)
    {
        if (refusal.Rule.Unit == LimitUnit.Money && refusal.Held == 0)
        {
            alerts.Raise(new Alert(Exceeded, Subject(refusal.Rule, refusal.Bucket), AlertSeverity.Critical,
                $"Calls are refused: the budget '{refusal.Rule.Label}'{Whose(refusal.Bucket)} of {LimitRefusal.Usd(refusal.Most)} has {LimitRefusal.Usd(Math.Max(0, refusal.Left))} left."));
        }
    }

    /// <summary>A rule is grouped by so much that further values share one amount.</summary>
    public void Crowded(LimitRule rule) => alerts.Raise(new Alert(TooManyBuckets, rule.Label, AlertSeverity.Warning,
        string.Create(CultureInfo.InvariantCulture, $"The limit '{rule.Label}' is grouped by more than {LimitBook.MostBuckets} values: further ones share one amount.")));

    /// <summary>What a limit counts that lets all pass (<c>action: alert</c>) may be more than it says now.</summary>
    public void Counted(LimitAccount account, LimitMoment now)
    {
        long used, most;
        lock (account.Gate)
        {
            most = account.Most(now);
            used = IsKnownBefore(account.Rule) ? most - account.Left(now) : account.Used(now);
        }

        if (used > most)
        {
            alerts.Raise(new Alert(Passed, Subject(account), AlertSeverity.Warning,
                $"The limit '{account.Rule.Label}'{Whose(account)} of {Amount(account.Rule, most)} is passed, and only tells of it."));
        }
    }

    /// <summary>If there is room again in what lets all pass: what was told is over.</summary>
    public void LookedAt(LimitAccount account, LimitMoment now)
    {
        bool isWithin;
        lock (account.Gate)
        {
            isWithin = account.Left(now) >= 0;
        }

        if (isWithin)
        {
            alerts.Resolve(Passed, Subject(account), $"The limit '{account.Rule.Label}'{Whose(account)} has room again.");
        }
    }

    /// <summary>Calls count when they come, tokens and money when they have been used.</summary>
    public static bool IsKnownBefore(LimitRule rule) => rule.Unit is LimitUnit.Requests or LimitUnit.Concurrency;

    public void UnknownPrice(LimitRule rule, Target target) => alerts.Raise(new Alert(PriceUnknown, target.Name, AlertSeverity.Warning,
        $"Calls to '{target.Name}' are not counted by the budget '{rule.Label}': the price is not known. Set it in catalog.models."));

    /// <summary>When money is gone at its pace, and when it should; null for what has no end.</summary>
    public static (DateTimeOffset? Gone, DateTimeOffset? End) Forecast(PeriodAccount account, LimitMoment now)
    {
        var end = account.Period(now).End;
        return (account.Pace.Gone(now.Utc, account.Most(now) - account.Used(now), account.Rule.Period), end == DateTimeOffset.MaxValue ? null : end);
    }

    /// <summary>If a period ended, or a budget was raised: what was told is over.</summary>
    public void Renewed(PeriodAccount account, LimitMoment now)
    {
        int? renewed;
        lock (account.Gate)
        {
            renewed = account.TakeRenewed(now);
        }

        if (renewed is not { } alertsRaised)
        {
            return;
        }

        foreach (var percent in account.Rule.AlertAt.Take(alertsRaised))
        {
            alerts.Resolve(Threshold, string.Create(CultureInfo.InvariantCulture, $"{Subject(account)} {percent}%"), $"The budget '{account.Rule.Label}'{Whose(account)} has begun anew or was raised.");
        }

        alerts.Resolve(Exceeded, Subject(account), $"The budget '{account.Rule.Label}'{Whose(account)} has money again.");
        alerts.Resolve(BurnRate, Subject(account), $"The budget '{account.Rule.Label}'{Whose(account)} has begun anew or was raised.");
    }

    private static string Amount(LimitRule rule, long amount) => rule.Unit == LimitUnit.Money ? LimitRefusal.Usd(amount)
        : string.Create(CultureInfo.InvariantCulture, $"{amount} {YamlBinder.EnumKey(rule.Unit).Replace('_', ' ')}");

    private static string Subject(LimitAccount account) => Subject(account.Rule, account.Bucket);

    private static string Subject(LimitRule rule, string bucket) => bucket.Length == 0 ? rule.Subject : $"{rule.Subject} [{bucket}]";

    private static string Whose(LimitAccount account) => Whose(account.Bucket);

    private static string Whose(string bucket) => bucket.Length == 0 ? "" : $" for {bucket}";
}
