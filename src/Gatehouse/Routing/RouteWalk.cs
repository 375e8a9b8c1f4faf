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
    private bool _isIn;

    public RouteModel Route => route;

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
        route.Budget?.CountRequest();
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
        var disposition = Disposition.Of(kind);
        if (_isIn)
        {
            _isIn = false;
            Current!.Health?.Failed(_pass, disposition.Blame, retryAfter);
            Current.Health?.Leave(_pass);
        }

        if (kind == FailureKind.Unsupported)
        {
            // It was not asked.
            _attempts--;
        }

        if (!disposition.MayRepeat || !route.Retry.On.Contains(kind))
        {
            _barred |= Bit(_index);
        }
    }

    /// <summary>Whether there is anything to go on to after such a failure. It may be gone when it is asked for.</summary>
    public bool CanAdvance(FailureKind kind) => MayAdvance(kind)
        && (_tried != Bit(plan.Count) - 1 || (Disposition.Of(kind).MayRepeat && _barred != _tried));

    /// <summary>Goes on to the next attempt after a failure.</summary>
    /// <returns>False when the failure stands.</returns>
    public bool Advance(FailureKind kind, TimeSpan? retryAfter = null)
    {
        if (!MayAdvance(kind))
        {
            IsAtEnd = true;
            return false;
        }

        var tooSmall = kind == FailureKind.ContextLength ? Current!.ContextWindow : null;
        IsAtEnd = !(TryEnterUntried(tooSmall) || TryEnterAgain(retryAfter) || TryEnterLeastBad(tooSmall));
        return !IsAtEnd;
    }

    /// <summary>The exchange is over, however it ended.</summary>
    public void End()
    {
        if (_isIn)
        {
            _isIn = false;
            Current!.Health?.Leave(_pass);
        }
    }

    private bool MayAdvance(FailureKind kind) => (Disposition.Of(kind).TriesNext || (kind == FailureKind.StreamCut && exchange.CanBeContinued))
        && _attempts < route.Retry.Attempts && (exchange.CanBeSentAgain || exchange.CanBeContinued) && exchange.Timings.Elapsed < Current!.Target.Timeouts.Total;

    /// <param name="tooSmall">A context that the request does not fit into.</param>
    private bool TryEnterUntried(int? tooSmall = null)
    {
        for (var i = 0; i < plan.Count; i++)
        {
            if ((_tried & Bit(i)) == 0 && !(plan[i].ContextWindow <= tooSmall) && Permits(plan[i])
                && (plan[i].Health is not { } health || health.TryEnter(out _entering).IsOpen))
            {
                return Enter(i, TimeSpan.Zero);
            }
        }

        return false;
    }

    /// <summary>One that has been tried, where the same may help: the one that has rested longest, for the first in the plan is tried first.</summary>
    private bool TryEnterAgain(TimeSpan? retryAfter)
    {
        if ((_tried & ~_barred) == 0 || route.Retry.DelayBefore(_repeats, retryAfter, random) is not { } delay || route.Budget?.TrySpend() != true)
        {
            return false;
        }

        for (var i = 0; i < plan.Count; i++)
        {
            if ((_tried & ~_barred & Bit(i)) != 0 && (plan[i].Health is not { } health || health.TryEnter(out _entering).IsOpen))
            {
                _repeats++;
                return Enter(i, delay);
            }
        }

        return false;
    }

    /// <summary>Every target is ejected: the one that is likeliest to answer is asked all the same.</summary>
    private bool TryEnterLeastBad(int? tooSmall = null)
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

    private bool Permits(RouteTarget target) => exchange.Permits?.Invoke(target.Target) ?? true;

    private static ulong Bit(int index) => index >= 64 ? 0 : 1UL << index;
}
