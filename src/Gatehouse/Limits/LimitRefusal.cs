using System.Globalization;
using Gatehouse.Configuration.Binding;
using Gatehouse.Limits.Accounts;
using Gatehouse.Pipeline;

namespace Gatehouse.Limits;

/// <summary>Which limit had no room for an exchange, as it stood then.</summary>
/// <param name="Needed">In the unit of the limit.</param>
/// <param name="Left">Likewise; what others hold counts as used.</param>
/// <param name="Held">Set aside for others that are on their way.</param>
/// <param name="Wait">Until there may be room; null for never, or when nobody knows.</param>
/// <param name="ResetsAt">When the period ends; null for windows that slide and for what does not come back.</param>
internal sealed record LimitRefusal(LimitRule Rule, string Bucket, long Most, long Needed, long Left, long Held, TimeSpan? Wait, DateTimeOffset? ResetsAt)
{
    private const decimal NanoPerUsd = 1_000_000_000;

    public static LimitRefusal Of(LimitMoment now, in LimitClaim claim)
    {
        var account = claim.Account;
        var end = account is PeriodAccount period && period.Period(now).End is var at && at != DateTimeOffset.MaxValue ? at : (DateTimeOffset?)null;
        // Nobody needs more to be let in than what is enough alone, unless others hold some.
        var needed = account.Held > 0 && claim.LeastAlone <= account.Left(now) + account.Held ? claim.Least : claim.LeastAlone;
        return new LimitRefusal(account.Rule, account.Bucket, account.Most(now), needed, account.Left(now), account.Held, account.WaitFor(now, needed), end);
    }

    public GatewayError ToError()
    {
        var whose = Bucket.Length == 0 ? "" : $" for {Bucket}";
        var name = $"'{Rule.Label}'{whose}";
        if (Rule.Unit == LimitUnit.Money)
        {
            var held = Held > 0 ? $", and calls that are on their way hold {Usd(Held)} of it" : "";
            return new GatewayError(
                GatewayErrorCode.BudgetExceeded,
                $"The budget {name} of {Usd(Most)} has {Usd(Math.Max(0, Left))} left{held}; this call needs about {Usd(Needed)}.{ResetText()}")
            { RetryAfter = Held > 0 && Needed <= Left + Held ? TimeSpan.FromSeconds(1) : null };
        }

        var unit = YamlBinder.EnumKey(Rule.Unit).Replace('_', ' ');
        if (Rule.Unit == LimitUnit.Concurrency)
        {
            return new GatewayError(GatewayErrorCode.RateLimited, $"The limit {name} of {Most} calls at the same time is reached. Try again when one of them has ended.")
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };
        }

        var per = Rule.Period == LimitPeriod.Run ? "run" : YamlBinder.EnumKey(Rule.Period);
        return new GatewayError(
            GatewayErrorCode.RateLimited,
            Needed > Most && Rule.Period != LimitPeriod.Run
                ? Invariant($"The request is likely to use {Needed} {unit}, more than the limit {name} of {Most} per {per} ever allows.")
                : Invariant($"The limit {name} of {Most} {unit} per {per} is used up: {Math.Max(0, Left)} left, {Needed} needed.{WaitText()}"))
        { RetryAfter = Wait };
    }

    public static string Usd(long nano) => string.Create(CultureInfo.InvariantCulture, $"${nano / NanoPerUsd:0.00#######}");

    private string ResetText() => ResetsAt is { } at ? $" It begins anew at {at:yyyy-MM-dd HH:mm} UTC." : $" It does not begin anew by itself: {(Rule.Period == LimitPeriod.Run ? "begin another run, or have it raised" : "have it raised")}.";

    private string WaitText() => Wait is { } wait ? Invariant($" There is room in {Math.Ceiling(wait.TotalSeconds)} s.") : "";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
