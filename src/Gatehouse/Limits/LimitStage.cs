using Gatehouse.Alerts;
using Gatehouse.Limits.Accounts;
using Gatehouse.Metering.Sizes;
using Gatehouse.Pipeline;
using Gatehouse.Telemetry;

namespace Gatehouse.Limits;

/// <summary>
/// Steps 3 and 8 for limits: what a call will likely use is set aside of all limits that apply, or it is refused by the one that has no room;
/// in the end what it has used in truth is charged, and the rest comes back. docs/limits.md tells the rules.
/// </summary>
internal sealed partial class LimitStage(LimitBook book, OutputSizes sizes, InputScale scale, IAlerts alerts, GatewayMetrics metrics, TimeProvider time)
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

    private GatewayError Refuse(LimitRefusal refusal)
    {
        _alerts.Refused(refusal);
        metrics.CountLimitRefusal(LimitGauges.LabelOf(refusal.Rule));
        return refusal.ToError();
    }
}
