using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;
using Gatehouse.Routing.Limits;
using Gatehouse.Upstream;

namespace Gatehouse.Routing;

/// <summary>
/// The way of one exchange through its route: which target is being tried, which have been, which is next. It alone lets attempts in at a target
/// and tells the target's health how they ended.
/// </summary>
internal sealed partial class RouteWalk(Exchange exchange, RouteModel route, RoutePlan plan, RouteContext context)
{
    // Targets of the plan, each a bit: those that have been asked, and those of them that are not to be asked again.
    private ulong _tried;
    private ulong _barred;
    private int _attempts;
    private int _repeats;
    private int _index = -1;
    private RoutePass _pass;
    private RoutePass _entering;
    private bool _isIn;
    private bool _hasAnswered;
    private TimeSpan[]? _notBefore;

    public RoutePlan Plan => plan;

    /// <summary>The target that is being tried, or is to be tried after <see cref="Delay"/>; null when there is none.</summary>
    public RouteTarget? Current => _index < 0 ? null : plan[_index];

    /// <summary>To be waited before <see cref="Current"/> is asked.</summary>
    public TimeSpan Delay { get; private set; }

    /// <summary>An answer that tells of a failure goes to the caller, as there is nothing better.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>The first step: the first target of the plan that is fit, else the one that is least bad.</summary>
    /// <returns>False when no target may take the exchange.</returns>
    public bool Begin()
    {
        route.Counts?.CountExchange();
        route.Retry.Budget?.CountRequest();
        route.Hedge?.Budget.CountRequest();
        return TryEnterUntried() || TryEnterLeastBad();
    }

    /// <summary><see cref="Delay"/> is over: limits count the attempt from here on.</summary>
    /// <returns>False when there is no room for it any more, nor at another target.</returns>
    public bool Resume()
    {
        if (_pass.Limits?.Renew() != false)
        {
            return true;
        }

        _isIn = false;
        Current!.Health?.Leave(_pass.Health);
        _attempts--;
        return TryEnterUntried() || TryEnterLeastBad();
    }

    /// <summary>Why no target was let in: what each of them says.</summary>
    public GatewayError NoTarget() => NoTargetError.Of(route, plan, context, exchange.Permits);

    /// <summary>The attempt was answered by a target that took the call.</summary>
    public void Succeeded(TimeSpan toHead)
    {
        _hasAnswered = true;
        Current!.Health?.Succeeded(_pass.Health, toHead);
    }

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
        Leave(_index, _pass, LimitEnd.NotMade);
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
        if (TryEnterUntried(tooSmall))
        {
            route.Counts?.CountFailOver();
        }
        // A target that is ejected is likelier to fail once more than one that failed just now; but not than one that did so twice.
        else if (_repeats == 0 && TryEnterAgain())
        {
            route.Counts?.CountRetry();
        }
        else if (TryEnterLeastBad(tooSmall, isFurther: true))
        {
            route.Counts?.CountFailOver();
        }
        else if (TryEnterAgain())
        {
            route.Counts?.CountRetry();
        }
        else
        {
            IsAtEnd = true;
        }

        return !IsAtEnd;
    }

    /// <summary>The exchange is over, however it ended.</summary>
    public void End()
    {
        EndHedge();
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
            Current!.Health?.Counts.CountEnded(_hasAnswered);
            // To count tokens uses none.
            var end = exchange.Operation.CountsTokens ? LimitEnd.Refused
                : exchange.Outcome == ExchangeOutcome.Completed ? LimitEnd.Completed
                : LimitEnd.Unknown;
            Leave(_index, _pass, end, exchange.Usage);
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
            if ((_tried & Bit(i)) == 0 && !(plan[i].ContextWindow <= tooSmall) && Permits(plan[i]) && TryEnter(plan[i]))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Lets an attempt in that is made now.</summary>
    private bool TryEnter(RouteTarget target)
    {
        var delay = TimeSpan.Zero;
        return TryEnter(target, longestWait: null, ref delay);
    }

    /// <summary>One that has been tried, where the same may help: the one behind the last, as it has rested longest.</summary>
    private bool TryEnterAgain()
    {
        for (var i = 1; i <= plan.Count; i++)
        {
            var index = (_index + i) % plan.Count;
            if ((_tried & ~_barred & Bit(index)) != 0 && route.Retry.DelayBefore(_repeats, RestOf(index), context.Random) is { } delay
                && TryEnter(plan[index], route.Retry.MaxBackoff, ref delay))
            {
                if (route.Retry.Budget?.TrySpend() != true)
                {
                    Leave(index, _entering, LimitEnd.NotMade);
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

    /// <param name="longestWait">How long a quota may be waited for that will be there again; null when the attempt is made now.</param>
    /// <param name="delay">The wait before the attempt; made longer where the quota needs it.</param>
    private bool TryEnter(RouteTarget target, TimeSpan? longestWait, ref TimeSpan delay)
    {
        if (!target.TryReserve(context, exchange.StartedAt, out var limits))
        {
            return false;
        }

        var pass = default(HealthPass);
        if (target.Health?.TryEnter(out pass) is { IsOpen: false } gate)
        {
            if (gate is not { IsQuota: true, Wait: { } wait } || !(wait <= longestWait))
            {
                limits?.End(LimitEnd.NotMade);
                return false;
            }

            delay = delay > wait ? delay : wait;
            pass = target.Health.Enter();
        }

        _entering = new RoutePass(pass, limits);
        return true;
    }

    /// <summary>Every target is ejected: the one that is likeliest to answer is asked all the same.</summary>
    /// <param name="tooSmall">A context that the request does not fit into.</param>
    /// <param name="isFurther">An attempt has failed already. The budget is for this as well: else an outage of all targets were multiplied by their number.</param>
    private bool TryEnterLeastBad(long? tooSmall = null, bool isFurther = false)
    {
        for (var refused = _tried; ;)
        {
            var best = -1;
            for (var i = 0; i < plan.Count; i++)
            {
                if ((refused & Bit(i)) == 0 && !(plan[i].ContextWindow <= tooSmall) && Permits(plan[i]) && plan[i].Health is { } health
                    && (best < 0 || health.Badness() < plan[best].Health!.Badness()))
                {
                    best = i;
                }
            }

            if (best < 0)
            {
                return false;
            }

            // It may fail; a limit is not to be passed for that.
            if (plan[best].TryReserve(context, exchange.StartedAt, out var limits))
            {
                if (isFurther && route.Retry.Budget?.TrySpend() != true)
                {
                    limits?.End(LimitEnd.NotMade);
                    return false;
                }

                _entering = new RoutePass(plan[best].Health!.Enter(), limits);
                return Enter(best, TimeSpan.Zero);
            }

            refused |= Bit(best);
        }
    }

    private bool Enter(int index, TimeSpan delay)
    {
        (_index, _pass, _isIn, _hasAnswered, Delay) = (index, _entering, true, false, delay);
        _tried |= Bit(index);
        _attempts++;
        return true;
    }

    /// <summary>Tells a target's health of an attempt that is over.</summary>
    private void Blame(int index, in RoutePass pass, FailureKind kind, TimeSpan? retryAfter)
    {
        var disposition = Disposition.Of(kind);
        plan[index].Health?.Counts.CountFailed(kind);
        if (retryAfter is { } rest)
        {
            _notBefore ??= new TimeSpan[plan.Count];
            _notBefore[index] = exchange.Timings.Elapsed + rest;
        }

        if (kind != FailureKind.Interrupted)
        {
            plan[index].Health?.Failed(pass.Health, disposition.Blame, retryAfter);
        }

        // Whoever gave up waiting has learned nothing: a trial that ends so is no answer that would close the circuit breaker.
        Leave(index, pass, EndOf(kind));
        if (!disposition.MayRepeat || !route.Retry.On.Contains(kind))
        {
            _barred |= Bit(index);
        }
    }

    private void Leave(int index, in RoutePass pass, LimitEnd end, Usage? usage = null)
    {
        plan[index].Health?.Leave(pass.Health);
        pass.Limits?.End(end, usage);
    }

    /// <summary>Whether anything was used by an attempt that failed so.</summary>
    private LimitEnd EndOf(FailureKind kind) => kind switch
    {
        FailureKind.Unsupported => LimitEnd.NotMade,
        // The target may have worked on it, or works still.
        FailureKind.Timeout or FailureKind.Network or FailureKind.StreamCut or FailureKind.ContentRefused => LimitEnd.Unknown,
        _ => _hasAnswered ? LimitEnd.Unknown : LimitEnd.Refused,
    };

    private bool Permits(RouteTarget target) => exchange.Permits?.Invoke(target.Target) != false && target.Suits(context, exchange.StartedAt);

    // One more than the last of 64 is nothing, so that one less than it is all of them.
    private static ulong Bit(int index) => index >= 64 ? 0 : 1UL << index;
}
