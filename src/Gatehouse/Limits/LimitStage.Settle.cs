using Gatehouse.Limits.Accounts;
using Gatehouse.Pipeline;

namespace Gatehouse.Limits;

/// <summary>What an exchange has used in truth, and what is learned of it.</summary>
internal sealed partial class LimitStage
{
    /// <summary>Charges what was used. The cost of the exchange has been settled before.</summary>
    public void Settle(Exchange exchange)
    {
        Learn(exchange);
        if (exchange.HasTraits)
        {
            exchange.User ??= exchange.Traits.User;
        }

        if (exchange.Reservation is not { } reservation)
        {
            return;
        }

        var use = LimitUseOf(exchange);
        var atTarget = reservation.Limits.AtTarget.Length == 0 ? 0 : ChargeOthers(exchange, reservation, use.NanoUsd);
        exchange.Charges = reservation.Settle(use, atTarget);
        var now = book.Now;
        foreach (var charge in exchange.Charges)
        {
            if (charge is { Used: > 0, Account.Rule.Action: LimitAction.Alert } && !LimitAlerts.IsKnownBefore(charge.Account.Rule))
            {
                _alerts.Counted(charge.Account, now);
            }

            if (charge is { Used: > 0, Account: PeriodAccount { Rule.Unit: LimitUnit.Money } account })
            {
                _alerts.Charged(account, now);
            }
        }
    }

    private static LimitUse LimitUseOf(Exchange exchange)
    {
        if (exchange.Cache is CacheStatus.Hit or CacheStatus.Semantic)
        {
            return new LimitUse(Requests: 1, 0, 0, 0);
        }

        if (exchange.Attempts.Count == 0 && exchange.Answer is null)
        {
            // Refused before anybody was asked: it has used nothing.
            return default;
        }

        var usage = exchange.SettledUsage;
        return new LimitUse(
            1,
            Told(usage?.InputTokens) + Told(usage?.CacheReadTokens) + Told(usage?.CacheWriteTokens),
            Told(usage?.OutputTokens),
            Math.Max(0, exchange.CostNanoUsd ?? 0));
    }

    /// <summary>What each target has cost by its own attempts is charged there, whichever of them gave the answer.</summary>
    /// <returns>What is to be charged to the target for which something is set aside, in nano-USD.</returns>
    private static long ChargeOthers(Exchange exchange, LimitReservation reservation, long all)
    {
        var isLastHeld = reservation.HoldsTarget && exchange.Attempts is [.., var last] && string.Equals(last.Target, exchange.Target?.Name, StringComparison.Ordinal);
        var held = exchange.Attempts.Count == 0 || (isLastHeld && exchange.Attempts.Count == 1) ? all : 0;
        for (var i = 0; i < exchange.Attempts.Count; i++)
        {
            var attempt = exchange.Attempts[i];
            // Of one alone the row says it.
            var cost = exchange.Attempts.Count == 1 ? all : attempt.CostNanoUsd ?? 0;
            if (isLastHeld && i == exchange.Attempts.Count - 1)
            {
                held = cost;
            }
            else if (cost > 0 && exchange.Route!.Targets.FirstOrDefault(leaf => string.Equals(leaf.Target.Name, attempt.Target, StringComparison.Ordinal)) is { } leaf)
            {
                reservation.Charge(exchange, leaf.Target, cost);
            }
        }

        return held;
    }

    /// <summary>Nobody uses as much; a provider that says so must not make a sum turn around.</summary>
    private static long Told(long? tokens) => Math.Clamp(tokens ?? 0, 0, 1_000_000_000_000);

    private void Learn(Exchange exchange)
    {
        if (exchange is { Outcome: ExchangeOutcome.Completed, Usage: { } usage, Target: { } target } && exchange.Cache is CacheStatus.Bypass or CacheStatus.Miss)
        {
            if (usage.OutputTokens is { } output && (exchange.Operation.IsChat || exchange.Operation == Operation.Completion))
            {
                sizes.Learn(exchange.Key!.Id, target.Model, output);
            }

            if (exchange.Operation.MakesMedia && exchange.CostNanoUsd is { } cost)
            {
                _costs.Learn(exchange.Key!.Id, CostName(exchange.Operation, target), (cost + NanoPerMicro - 1) / NanoPerMicro);
            }

            if (exchange.HasTraits && usage.InputTokens is { } input)
            {
                scale.Learn(target.Model, exchange.Traits.InputTokens, input + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0), exchange.Traits.UsesTools);
            }
        }
    }
}
