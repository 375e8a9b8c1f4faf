using System.ComponentModel;
using Gatehouse.Configuration.Binding;
using Gatehouse.Limits.Accounts;

namespace Gatehouse.Limits;

internal sealed record LimitView(
    string Id,
    string Name,
    [property: Description("file: gatehouse.yaml; key: a key that the API made, and is changed with it; api: made here.")] string Owner,
    [property: Description("Whose limits it stands with, such as team:search; empty for all.")] string Scope,
    [property: Description("usd, requests, input_tokens, output_tokens, total_tokens or concurrency: the unit of all amounts.")] string Unit,
    [property: Description("second, minute, hour, day, week, month, run or once; for concurrency run, or once for all at a time.")] string Per,
    decimal Most,
    [property: Description("refuse, or alert: what goes beyond passes.")] string Action,
    [property: Description("What must hold of an exchange.")] IReadOnlyDictionary<string, string> Match,
    [property: Description("Each combination of their values has an account of its own.")] IReadOnlyList<string> GroupBy,
    [property: Description("All accounts that something is used of.")] int AccountCount,
    [property: Description("Those of which most is used first; of a list of limits, 20 for each.")] IReadOnlyList<LimitAccountView> Accounts)
{
    private const decimal NanoPerUsd = 1_000_000_000;

    public static LimitView Of(OwnedLimit limit, IReadOnlyList<LimitAccount> accounts, LimitMoment now, int limitOfAccounts)
    {
        var rule = limit.Rule;
        var views = accounts.Select(account => LimitAccountView.Of(account, now))
            .OrderByDescending(view => view.Most == 0 ? 0 : (view.Used + view.Held) / view.Most).ThenBy(view => view.Bucket, StringComparer.Ordinal);
        return new LimitView(
            limit.Id, rule.Name, YamlBinder.EnumKey(limit.Owner), rule.Scope, UnitOf(rule), YamlBinder.EnumKey(rule.Period), Amount(rule, rule.Most), YamlBinder.EnumKey(rule.Action),
            rule.Conditions.GroupBy(condition => condition.Dimension.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last().Pattern, StringComparer.Ordinal),
            [.. rule.GroupBy.Select(dimension => dimension.Name)], accounts.Count, [.. views.Take(limitOfAccounts)]);
    }

    public static string UnitOf(LimitRule rule) => rule.Unit == LimitUnit.Money ? "usd" : YamlBinder.EnumKey(rule.Unit);

    public static decimal Amount(LimitRule rule, long amount) => rule.Unit == LimitUnit.Money ? amount / NanoPerUsd : amount;
}

internal sealed record LimitAccountView(
    [property: Description("The values that the limit is grouped by; empty for one that is not.")] string Bucket,
    [property: Description("With the raise.")] decimal Most,
    RaiseView? Raise,
    decimal Used,
    [property: Description("Set aside for exchanges that are on their way.")] decimal Held,
    [property: Description("Below 0 where more was used than there is.")] decimal Left,
    [property: Description("When the period ends, or for a window that slides, when all of it is free again; null for never.")] DateTimeOffset? ResetsAt,
    [property: Description("Of a budget: at the pace of now.")] ForecastView? Forecast,
    [property: Description("Exchanges that wait for money that is held.")] int Waiting)
{
    public static LimitAccountView Of(LimitAccount account, LimitMoment now)
    {
        lock (account.Gate)
        {
            var rule = account.Rule;
            var reset = account.Reset(now);
            var period = account as PeriodAccount;
            var raise = account.Raise is { } given && given.Until > now.Utc ? new RaiseView(LimitView.Amount(rule, given.Amount), given.Reason, given.Until) : null;
            return new LimitAccountView(
                account.Bucket, LimitView.Amount(rule, account.Most(now)), raise, LimitView.Amount(rule, account.Used(now)), LimitView.Amount(rule, account.Held),
                LimitView.Amount(rule, account.Left(now)), reset > TimeSpan.Zero ? now.Utc + reset : null, period is { Rule.Unit: LimitUnit.Money } ? ForecastOf(period, now) : null,
                period?.Waiting ?? 0);
        }
    }

    private static ForecastView ForecastOf(PeriodAccount account, LimitMoment now) =>
        new(Math.Round((decimal)Math.Min(account.Pace.AtTime(now.Utc, account.Rule.Period) / 1e9, 1e15), 9), LimitAlerts.Forecast(account, now).Gone);
}

internal sealed record RaiseView([property: Description("In the unit of the limit.")] decimal Amount, string Reason, DateTimeOffset Until);

internal sealed record ForecastView(decimal UsdPerHour, [property: Description("When the money is gone; null for never, or not in ten years.")] DateTimeOffset? GoneAt);

internal sealed record RaiseRequest
{
    [Description("Of a budget: USD beside its own.")]
    public decimal? AmountUsd { get; init; }

    [Description("Of any other limit: requests, tokens or calls beside its own.")]
    public long? Amount { get; init; }

    [Description("Which account, for a limit with group_by.")]
    public string? Bucket { get; init; }

    [Description("For those who read the log.")]
    public string? Reason { get; init; }

    [Description("When it ends by itself (RFC 3339).")]
    public DateTimeOffset? Until { get; init; }
}
