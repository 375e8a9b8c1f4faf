using Gatehouse.Pipeline;
using Gatehouse.Routing.Limits;

namespace Gatehouse.Routing;

/// <summary>A second attempt beside one that is slow.</summary>
internal sealed partial class RouteWalk
{
    private int _hedge;
    private RoutePass _hedgePass;

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
            Leave(index, _entering, LimitEnd.NotMade);
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
        Leave(_hedge, _hedgePass, LimitEnd.NotMade);
        _hedgePass = default;
        _attempts--;
    }

    /// <summary>One of two attempts is used; the other one is over.</summary>
    /// <param name="secondWins">The walk goes on from the second.</param>
    /// <param name="failure">Of the loser; null when it was given up, for which it is not to blame.</param>
    /// <param name="waited">For the loser's answer.</param>
    public void EndRace(bool secondWins, FailureKind? failure, TimeSpan? retryAfter, TimeSpan waited)
    {
        var (loser, pass) = secondWins ? (_index, _pass) : (_hedge, _hedgePass);
        if (secondWins)
        {
            (_index, _pass) = (_hedge, _hedgePass);
        }

        _hedgePass = default;
        route.Counts?.CountHedge();
        if (failure is { } kind)
        {
            Blame(loser, pass, kind, retryAfter);
        }
        else
        {
            plan[loser].Health?.Counts.CountEnded(hasAnswered: false);
            plan[loser].Health?.Overtaken(pass.Health, waited);
            Leave(loser, pass, LimitEnd.Unknown);
        }
    }

    /// <summary>The exchange is over. There is nothing left to end, unless something unexpected came between the second attempt and the end of the race.</summary>
    private void EndHedge()
    {
        if (_hedgePass != default)
        {
            Leave(_hedge, _hedgePass, LimitEnd.Unknown);
        }
    }
}
