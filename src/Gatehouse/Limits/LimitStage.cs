using Gatehouse.Alerts;
using Gatehouse.Limits.Accounts;
using Gatehouse.Metering;
using Gatehouse.Metering.Sizes;
using Gatehouse.Pipeline;
using Gatehouse.Telemetry;

namespace Gatehouse.Limits;

/// <summary>
/// Steps 3 and 8 for limits: what a call will likely use is set aside of all limits that apply, or it is refused by the one that has no room;
/// in the end what it has used in truth is charged, and the rest comes back. docs/limits.md tells the rules.
/// </summary>
internal sealed class LimitStage(LimitBook book, OutputSizes sizes, InputScale scale, IAlerts alerts, GatewayMetrics metrics, TimeProvider time)
{
    private const long NanoPerMicro = 1000;

    /// <summary>Nano-USD for a picture or a sound, or a few, as long as nothing is known: 0.10 USD.</summary>
    private const long UsualMediaCost = 100_000_000;

    private readonly LimitAlerts _alerts = new(alerts);

    /// <summary>In micro-USD, of calls whose output is not text.</summary>
    private readonly OutputSizes _costs = new(time);
    private int _waiting;

    /// <summary>Exchanges that wait for money that is held.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Sets aside what is known not to depend on where the exchange goes.</summary>
    public ValueTask<Outcome> ReserveAsync(Exchange exchange)
    {
        var limits = exchange.Snapshot.Limits.Of(exchange.Key!);
        if (!limits.Any)
        {
            return new(Outcome.Continue);
        }

        if (limits.NeedsUser)
        {
            exchange.User ??= exchange.Traits.User;
        }

        var target = exchange.Route!.LikelyTarget;
        var reservation = exchange.Reservation = new LimitReservation(book, limits);
        var claims = new LimitClaim[limits.AtAdmission.Length];
        if (ClaimsOf(exchange, limits.AtAdmission, target, isAtTarget: false, claims, out var count) is { } unpriced)
        {
            return new(unpriced);
        }

        reservation.PricedAt = target;
        return count == 0 ? new(Outcome.Continue) : ReserveAsync(exchange, reservation, claims.AsMemory(0, count));
    }

    /// <summary>Sets aside what depends on the target, which is about to be asked, and the money that it costs there.</summary>
    /// <returns>Why it cannot be asked.</returns>
    public GatewayError? EnterTarget(Exchange exchange, Target target)
    {
        if (exchange.Reservation is not { } reservation)
        {
            return null;
        }

        if (reservation.Limits.AtTarget is { Length: > 0 } rules)
        {
            reservation.LeaveTarget(exchange.Attempts.Count);
            var claims = new LimitClaim[rules.Length];
            if (ClaimsOf(exchange, rules, target, isAtTarget: true, claims, out var count) is { } unpriced)
            {
                return unpriced;
            }

            if (count > 0 && reservation.TryAdd(claims.AsSpan(0, count), waiter: null) is { } refusal)
            {
                return Refuse(refusal);
            }

            TellOf(claims.AsSpan(0, count));
        }

        return reservation.HoldsMoney ? Cover(exchange, reservation, target) : null;
    }

    /// <summary>Sets aside what a second attempt beside the one that runs needs at its target.</summary>
    /// <returns>False when there is no room for it: it is not made.</returns>
    public bool TryEnterHedge(Exchange exchange, Target target)
    {
        if (exchange.Reservation is not { } reservation)
        {
            return true;
        }

        var rules = reservation.Limits.AtTarget;
        var claims = new LimitClaim[rules.Length];
        if (ClaimsOf(exchange, rules, target, isAtTarget: true, claims, out var count) is not null)
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            claims[i] = claims[i] with { IsOfHedge = true };
        }

        if (count > 0 && reservation.TryAdd(claims.AsSpan(0, count), waiter: null) is not null)
        {
            return false;
        }

        if (reservation.HoldsMoney && Price(exchange, reservation, target, out _) is not null)
        {
            reservation.EndHedge(secondWins: false);
            return false;
        }

        return true;
    }

    /// <summary>The second attempt was not made, or one of the two is used.</summary>
    /// <param name="target">That is used.</param>
    public void EndHedge(Exchange exchange, Target target, bool secondWins)
    {
        exchange.Reservation?.EndHedge(secondWins);
        if (secondWins && exchange.Reservation is { HoldsMoney: true } reservation)
        {
            reservation.PricedAt = target;
            RunMeter(exchange, reservation, target);
        }
    }

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

    private ValueTask<Outcome> ReserveAsync(Exchange exchange, LimitReservation reservation, Memory<LimitClaim> claims)
    {
        var options = exchange.Snapshot.Options.Admission;
        var waiter = Waiting < options.Queue && options.MaxWait > TimeSpan.Zero ? new LimitWaiter() : null;
        var refusal = reservation.TryAdd(claims.Span, waiter);
        if (refusal is null)
        {
            TellOf(claims.Span);
            return new(Outcome.Continue);
        }

        return waiter?.Line is null ? new(Refuse(refusal))
            : WaitAsync(exchange, reservation, claims, waiter, refusal, options.MaxWait);
    }

    /// <summary>Of limits that let all pass, if more has come than they say.</summary>
    private void TellOf(ReadOnlySpan<LimitClaim> claims)
    {
        foreach (ref readonly var claim in claims)
        {
            if (claim.Account.Rule.Action == LimitAction.Alert && LimitAlerts.IsKnownBefore(claim.Account.Rule))
            {
                _alerts.Counted(claim.Account, book.Now);
            }
        }
    }

    /// <summary>There is money, but others hold it: most of them will give some back.</summary>
    private async ValueTask<Outcome> WaitAsync(
        Exchange exchange, LimitReservation reservation, Memory<LimitClaim> claims, LimitWaiter waiter, LimitRefusal refusal, TimeSpan patience)
    {
        _ = Interlocked.Increment(ref _waiting);
        exchange.Timings.QueueWaitBegins();
        using var patient = new CancellationTokenSource(patience, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(exchange.Http.RequestAborted, exchange.GatewayEnded, patient.Token);
        try
        {
            if (await reservation.WaitAsync(claims, waiter, refusal, end.Token) is not { } last)
            {
                TellOf(claims.Span);
                return Outcome.Continue;
            }

            return exchange.GatewayEnded.IsCancellationRequested ? GatewayLifetime.Error
                // Who left was not refused: nobody is to be alarmed.
                : exchange.ClientLeft ? last.ToError()
                : Refuse(last);
        }
        finally
        {
            exchange.Timings.QueueWaitEnds();
            _ = Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>What the target costs is set aside as a whole, where another one was expected; from then on the meter runs.</summary>
    private GatewayError? Cover(Exchange exchange, LimitReservation reservation, Target target)
    {
        if (reservation.PricedAt?.Name != target.Name)
        {
            if (Price(exchange, reservation, target, out var refusal) is { } error)
            {
                return refusal is null ? error : Refuse(refusal);
            }

            reservation.PricedAt = target;
        }

        RunMeter(exchange, reservation, target);
        return null;
    }

    /// <summary>Sets aside what another target costs beyond what was set aside for the one that was expected.</summary>
    private GatewayError? Price(Exchange exchange, LimitReservation reservation, Target target, out LimitRefusal? refusal)
    {
        refusal = null;
        var use = LikelyUse.Of(exchange, target, sizes, scale);
        if (LikelyUse.CostOf(exchange, target, use.InputTokens, use.OutputTokens) is not { } likely)
        {
            foreach (ref readonly var claim in reservation.Claims)
            {
                if (claim.Account.Rule is { Unit: LimitUnit.Money } rule && UnknownPrice(exchange, rule, target) is { } unpriced)
                {
                    return unpriced;
                }
            }

            return null;
        }

        var least = exchange.Request.IsStream ? Math.Max(LikelyUse.CostOf(exchange, target, use.InputTokens, 0) ?? 0, 1) : likely;
        var missing = least - reservation.Held;
        return missing > 0 && reservation.TryExtend(missing, Math.Max(missing, likely - reservation.Held), withOverdraft: false, out refusal) == 0 ? refusal!.ToError() : null;
    }

    private void RunMeter(Exchange exchange, LimitReservation reservation, Target target)
    {
        var use = LikelyUse.Of(exchange, target, sizes, scale);
        var inputCost = LikelyUse.CostOf(exchange, target, use.InputTokens, 0) ?? 0;
        var likely = LikelyUse.CostOf(exchange, target, use.InputTokens, use.OutputTokens) ?? 0;
        exchange.Meter ??= new SpendMeter(reservation, share: Math.Max(1, likely - inputCost));
        exchange.Meter.Begin(exchange, target, use.InputTokens, PaidFor(exchange.Attempts));
    }

    private static long PaidFor(List<Attempt> attempts)
    {
        var paid = 0L;
        foreach (var attempt in attempts)
        {
            paid += attempt.CostNanoUsd ?? 0;
        }

        return paid;
    }

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

    private GatewayError Refuse(LimitRefusal refusal)
    {
        _alerts.Refused(refusal);
        metrics.CountLimitRefusal(LimitGauges.LabelOf(refusal.Rule));
        return refusal.ToError();
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
