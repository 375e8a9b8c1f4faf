using Gatehouse.Limits.Accounts;
using Gatehouse.Metering;
using Gatehouse.Pipeline;

namespace Gatehouse.Limits;

/// <summary>What the rules ask for an exchange.</summary>
internal sealed partial class LimitStage
{
    /// <summary>What the rules that apply ask for.</summary>
    private GatewayError? ClaimsOf(Exchange exchange, LimitRule[] rules, Target target, bool isAtTarget, Span<LimitClaim> claims, out int count)
    {
        count = 0;
        LikelyUse? known = null;
        foreach (var rule in rules)
        {
            if (!rule.Applies(exchange, isAtTarget ? target : null))
            {
                continue;
            }

            if (rule.Unit is LimitUnit.Requests or LimitUnit.Concurrency)
            {
                claims[count++] = new LimitClaim(Account(rule), 1);
                continue;
            }

            if (exchange.Operation.CountsTokens)
            {
                // Nobody charges for it.
                continue;
            }

            var use = known ??= LikelyUse.Of(exchange, target, sizes, scale);
            if (rule.Unit != LimitUnit.Money)
            {
                claims[count++] = new LimitClaim(Account(rule), Tokens(rule, use));
            }
            else if (LikelyUse.CostOf(exchange, target, use.InputTokens, use.OutputTokens) is { } likely)
            {
                claims[count++] = MoneyClaim(exchange, target, Account(rule), use, likely);
            }
            else if (UnknownPrice(exchange, rule, target) is { } refused)
            {
                return refused;
            }
            else
            {
                // What it costs in the end is charged all the same, if that should be known.
                claims[count++] = new LimitClaim(Account(rule), 0);
            }
        }

        return null;

        LimitAccount Account(LimitRule rule)
        {
            var bucket = rule.BucketOf(exchange, isAtTarget ? target : null);
            var account = book.AccountOf(rule, bucket);
            if (bucket.Length > 0 && !string.Equals(account.Bucket, bucket, StringComparison.Ordinal))
            {
                _alerts.Crowded(rule);
            }

            return account;
        }
    }

    private LimitClaim MoneyClaim(Exchange exchange, Target target, LimitAccount account, in LikelyUse use, long likely)
    {
        if (exchange.Operation.MakesMedia)
        {
            return MediaClaim(exchange, target, account, likely);
        }

        var most = use.MostOutputTokens == use.OutputTokens ? likely : LikelyUse.CostOf(exchange, target, use.InputTokens, use.MostOutputTokens) ?? Math.Max(likely, (long)Cost.Most);
        var least = use.LeastOutputTokens == use.OutputTokens ? likely : LikelyUse.CostOf(exchange, target, use.InputTokens, use.LeastOutputTokens) ?? likely;
        return new LimitClaim(account, most) { Least = most, LeastAlone = least };
    }

    /// <summary>
    /// Pictures, sounds and sessions: what they cost cannot be told from the request. It is what such calls of this key have cost; before the first ones, what
    /// is usual, unless the call is alone.
    /// </summary>
    private LimitClaim MediaClaim(Exchange exchange, Target target, LimitAccount account, long input)
    {
        var isFree = input == 0 && LikelyUse.CostOf(exchange, target, 1_000_000, 1_000_000) == 0;
        var learned = _costs.Likely(exchange.Key!.Id, CostName(exchange.Operation, target)) * NanoPerMicro;
        var least = isFree ? 0 : Math.Max(1, input);
        var likely = isFree ? 0 : Math.Max(least, learned ?? UsualMediaCost);
        // A session is ended when there is no more.
        return exchange.Operation == Operation.Realtime
            ? new LimitClaim(account, likely) { Least = least, LeastAlone = least }
            : new LimitClaim(account, likely) { LeastAlone = learned is null ? least : likely };
    }

    private static string CostName(Operation operation, Target target) => $"{operation.Name} {target.Model}";

    /// <summary>
    /// Output is no more than the limit leaves beside the input: callers allow far more than they get, and a limit that no request of theirs ever
    /// fits into would help nobody.
    /// </summary>
    private static long Tokens(LimitRule rule, in LikelyUse use) => rule.Unit switch
    {
        LimitUnit.InputTokens => use.InputTokens,
        LimitUnit.OutputTokens => Math.Min(use.OutputTokens, rule.Most),
        _ => Math.Max(use.InputTokens, Math.Min(use.InputTokens + use.OutputTokens, rule.Most)),
    };

    private GatewayError? UnknownPrice(Exchange exchange, LimitRule rule, Target target)
    {
        if (HttpMethods.IsGet(exchange.Http.Request.Method) || HttpMethods.IsHead(exchange.Http.Request.Method) || HttpMethods.IsDelete(exchange.Http.Request.Method))
        {
            if (exchange.Operation.IsRelay)
            {
                // To look at objects, or to remove them, costs nothing.
                return null;
            }
        }

        if (rule is { UnknownPrice: UnknownPricePolicy.AllowAndAlert } or { Action: LimitAction.Alert })
        {
            _alerts.UnknownPrice(rule, target);
            return null;
        }

        return new GatewayError(
            GatewayErrorCode.PolicyDenied,
            $"The price of '{target.Name}' is not known, and the budget '{rule.Label}' takes no such calls. Set a price (catalog.models; 0 where it costs nothing), or unknown_price: allow_and_alert for the budget.");
    }
}
