using Gatehouse.Pipeline;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;
using Gatehouse.Upstream;

namespace Gatehouse.Routing;

/// <summary>
/// The way of one exchange through its route: which target is being tried, which have been, which is next. It alone lets attempts in at a target
/// and tells the target's health how they ended.
/// </summary>
internal sealed class RouteWalk(Exchange exchange, RouteModel route, RoutePlan plan, Random random)
{
    private ulong _tried;
    private ulong _barred;
    private int _attempts;
    private int _repeats;
    private int _index = -1;
    private HealthPass _pass;
    private HealthPass _entering;
    private int _hedge;
    private HealthPass _hedgePass;
    private bool _isIn;
    private TimeSpan[]? _notBefore;

    public RoutePlan Plan => plan;

    /// <summary>The target that is being tried, or is to be tried after <see cref="Delay"/>; null when there is none.</summary>
    public RouteTarget? Current => _index < 0 ? null : plan[_index];

    /// <summary>To be waited before <see cref="Current"/> is asked.</summary>
    public TimeSpan Delay { get; private set; }

    /// <summary>An answer that tells of a failure goes to the caller, as there is nothing better.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>How late the head of an answer must be for a second attempt beside the first; null for none.</summary>
    public TimeSpan? HedgeDelay => route.Hedge is { Share: > 0 } hedge && _attempts < route.Retry.Attempts ? hedge.After ?? Current!.Health?.Percentile95 : null;

    /// <summary>Lets a second attempt in at a target that has not been tried.</summary>
    /// <returns>Null when there is none, or enough have been made of late.</returns>
    public RouteTarget? TryEnterHedge()
    {
        if (FindUntried() is not (>= 0 and var index))
        {
            return null;
        }

        if (!route.Hedge!.Budget.TrySpend())
        {
            plan[index].Health?.Leave(_entering);
            return null;
        }

        (_hedge, _hedgePass) = (index, _entering);
        _tried |= Bit(index);
        _attempts++;
        return plan[index];
    }

    /// <summary>The second attempt was not made.</summary>
    public void LeaveHedge()
    {
        plan[_hedge].Health?.Leave(_hedgePass);
        _attempts--;
    }

    /// <summary>One of two attempts is used; the other one is over.</summary>
    /// <param name="secondWins">The walk goes on from the second.</param>
    /// <param name="failure">Of the loser; null when it was given up, for which it is not to blame.</param>
    public void EndRace(bool secondWins, FailureKind? failure, TimeSpan? retryAfter)
    {
        var (loser, pass) = secondWins ? (_index, _pass) : (_hedge, _hedgePass);
        if (secondWins)
        {
            (_index, _pass) = (_hedge, _hedgePass);
        }

        if (failure is { } kind)
        {
            Blame(loser, pass, kind, retryAfter);
        }
        else
        {
            plan[loser].Health?.Leave(pass);
        }
    }

    /// <summary>The first step: the first target of the plan that is fit, else the one that is least bad.</summary>
    /// <returns>False when no target may take the exchange.</returns>
    public bool Begin()
    {
        route.Budget?.CountRequest();
        route.Hedge?.Budget.CountRequest();
        return TryEnterUntried() || TryEnterLeastBad();
    }

    /// <summary>The attempt was answered by a target that took the call.</summary>
    public void Succeeded(TimeSpan toHead) => Current!.Health?.Succeeded(_pass, toHead);

    /// <summary>What the answer's head says of the account's quota.</summary>
    public void Observe(ProviderQuota quota)
    {
        if (quota != default)
        {
            Current!.Health?.Observe(quota);
        }
    }

    /// <summary>The attempt failed.</summary>
    public void Failed(FailureKind kind, TimeSpan? retryAfter = null)
    {
        if (_isIn)
        {
            _isIn = false;
            Blame(_index, _pass, kind, retryAfter);
        }
    }

    /// <summary>The call cannot be put so that the target understands it: nothing was sent there, and nothing is known of it.</summary>
    public void NotAsked()
    {
        _isIn = false;
        plan[_index].Health?.Leave(_pass);
        _barred |= Bit(_index);
        _attempts--;
    }

    /// <summary>Whether there is anything to go on to after such a failure. It may be gone when it is asked for.</summary>
    public bool CanAdvance(FailureKind kind) => MayAdvance(kind)
        && (_tried != Bit(plan.Count) - 1 || (Disposition.Of(kind).MayRepeat && _barred != _tried));

    /// <summary>Goes on to the next attempt after a failure.</summary>
    /// <returns>False when the failure stands.</returns>
    public bool Advance(FailureKind kind)
    {
        if (!MayAdvance(kind))
        {
            IsAtEnd = true;
            return false;
        }

        var tooSmall = kind == FailureKind.ContextLength ? Current!.ContextWindow : null;
        // A target that is ejected is likelier to fail once more than one that failed just now; but not than one that did so twice.
        IsAtEnd = !(TryEnterUntried(tooSmall) || (_repeats == 0 && TryEnterAgain()) || TryEnterLeastBad(tooSmall) || TryEnterAgain());
        return !IsAtEnd;
    }

    /// <summary>The exchange is over, however it ended.</summary>
    public void End()
    {
        if (_hedgePass != default && _hedge != _index)
        {
            // Nothing, unless something unexpected came between its beginning and the end of the race.
            plan[_hedge].Health?.Leave(_hedgePass);
        }

        if (!_isIn)
        {
            return;
        }

        _isIn = false;
        if (exchange is { Outcome: ExchangeOutcome.Failed, Error: { Traits.Party: ErrorParty.Upstream } told })
        {
            // The answer was passed on, and told of an error inside: perhaps one that the request is to blame for. A target that began to answer is not ejected.
            var kind = told.Failure ?? FailureKind.ServerError;
            Blame(_index, _pass, Disposition.Of(kind).Blame == Attempts.Blame.Eject ? FailureKind.ServerError : kind, retryAfter: null);
        }
        else
        {
            Current!.Health?.Leave(_pass);
        }
    }

    private bool MayAdvance(FailureKind kind) => (Disposition.Of(kind).TriesNext || (kind == FailureKind.StreamCut && exchange.CanBeContinued))
        && _attempts < route.Retry.Attempts && (exchange.CanBeSentAgain || exchange.CanBeContinued) && exchange.Timings.Elapsed < Current!.Target.Timeouts.Total;

    /// <param name="tooSmall">A context that the request does not fit into.</param>
    private bool TryEnterUntried(long? tooSmall = null)
    {
        var index = FindUntried(tooSmall);
        return index >= 0 && Enter(index, TimeSpan.Zero);
    }

    /// <returns>The first one of the plan that is fit, let in by <see cref="_entering"/>; -1 when there is none.</returns>
    private int FindUntried(long? tooSmall = null)
    {
        for (var i = 0; i < plan.Count; i++)
        {
            if ((_tried & Bit(i)) == 0 && !(plan[i].ContextWindow <= tooSmall) && Permits(plan[i])
                && (plan[i].Health is not { } health || health.TryEnter(out _entering).IsOpen))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>One that has been tried, where the same may help: the one behind the last, as it has rested longest.</summary>
    private bool TryEnterAgain()
    {
        for (var i = 1; i <= plan.Count; i++)
        {
            var index = (_index + i) % plan.Count;
            if ((_tried & ~_barred & Bit(index)) != 0 && route.Retry.DelayBefore(_repeats, RestOf(index), random) is { } delay
                && TryEnterIn(plan[index].Health, ref delay))
            {
                if (route.Budget?.TrySpend() != true)
                {
                    plan[index].Health?.Leave(_entering);
                    return false;
                }

                _repeats++;
                return Enter(index, delay);
            }
        }

        return false;
    }

    /// <summary>What is left of the time for which a target itself asked to be left alone.</summary>
    private TimeSpan? RestOf(int index) => _notBefore?[index] is { } until && until > exchange.Timings.Elapsed ? until - exchange.Timings.Elapsed : null;

    /// <summary>Lets an attempt in that is made after a wait: for a quota that is there again by then, or a little later.</summary>
    private bool TryEnterIn(TargetHealth? health, ref TimeSpan delay)
    {
        if (health is null)
        {
            return true;
        }

        var gate = health.TryEnter(out _entering);
        if (gate.IsOpen)
        {
            return true;
        }

        if (gate is not { IsQuota: true, Wait: { } wait } || wait > route.Retry.MaxBackoff)
        {
            return false;
        }

        delay = delay > wait ? delay : wait;
        _entering = health.Enter();
        return true;
    }

    /// <summary>Every target is ejected: the one that is likeliest to answer is asked all the same.</summary>
    private bool TryEnterLeastBad(long? tooSmall = null)
    {
        var best = -1;
        for (var i = 0; i < plan.Count; i++)
        {
            if ((_tried & Bit(i)) == 0 && !(plan[i].ContextWindow <= tooSmall) && Permits(plan[i]) && plan[i].Health is { } health
                && (best < 0 || health.Badness() < plan[best].Health!.Badness()))
            {
                best = i;
            }
        }

        if (best < 0)
        {
            return false;
        }

        _entering = plan[best].Health!.Enter();
        return Enter(best, TimeSpan.Zero);
    }

    private bool Enter(int index, TimeSpan delay)
    {
        (_index, _pass, _isIn, Delay) = (index, _entering, true, delay);
        _tried |= Bit(index);
        _attempts++;
        return true;
    }

    /// <summary>Tells a target's health of an attempt that is over.</summary>
    private void Blame(int index, in HealthPass pass, FailureKind kind, TimeSpan? retryAfter)
    {
        var disposition = Disposition.Of(kind);
        if (retryAfter is { } rest)
        {
            _notBefore ??= new TimeSpan[plan.Count];
            _notBefore[index] = exchange.Timings.Elapsed + rest;
        }

        if (kind != FailureKind.Interrupted)
        {
            plan[index].Health?.Failed(pass, disposition.Blame, retryAfter);
        }

        // Whoever gave up waiting has learned nothing: a trial that ends so is no answer that would close the circuit breaker.
        plan[index].Health?.Leave(pass);
        if (!disposition.MayRepeat || !route.Retry.On.Contains(kind))
        {
            _barred |= Bit(index);
        }
    }

    private bool Permits(RouteTarget target) => exchange.Permits?.Invoke(target.Target) ?? true;

    private static ulong Bit(int index) => index >= 64 ? 0 : 1UL << index;
}
