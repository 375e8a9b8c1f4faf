using Gatehouse.Limits;
using Gatehouse.Pipeline;
using Gatehouse.Upstream;

namespace Gatehouse.Routing.Attempts;

/// <summary>
/// An attempt that gets a second one at another target beside it when it is slow: whichever answers first is used. What nobody waits for any more
/// is ended at once, so that its provider stops working on it.
/// </summary>
internal static class HedgedAttempt
{
    /// <returns>The attempt that is to be used; the walk stands at its target. The other one is written down and ended.</returns>
    public static async ValueTask<TargetCall> RunAsync(Exchange exchange, RouteWalk walk, LimitStage limits, TargetCall first, TimeSpan delay, TimeProvider time)
    {
        exchange.Timings.UpstreamWaitBegins();
        var firstSent = first.SendAsync(exchange, time, isAlone: false).AsTask();
        try
        {
            if (await EndsWithinAsync(firstSent, delay, time) || exchange.ClientLeft || walk.TryEnterHedge() is not { } leaf)
            {
                await firstSent;
                return first;
            }

            if (!limits.TryEnterHedge(exchange, leaf.Target))
            {
                walk.LeaveHedge();
                await firstSent;
                return first;
            }

            if (TargetCall.Prepare(exchange, leaf.Target, time).Call is not { } second)
            {
                limits.EndHedge(exchange, first.Target, secondWins: false);
                walk.LeaveHedge();
                await firstSent;
                return first;
            }

            second.IsHedge = true;
            return await RaceAsync(
                exchange, walk, limits, new Racer(first, firstSent), new Racer(second, second.SendAsync(exchange, time, isAlone: false).AsTask()));
        }
        finally
        {
            if (!firstSent.IsCompleted)
            {
                // Something unexpected happened beside it: it must not read the request's buffers after they have gone back to the server.
                first.Abort();
                await firstSent.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            exchange.Timings.UpstreamWaitEnds();
        }
    }

    private static async Task<TargetCall> RaceAsync(Exchange exchange, RouteWalk walk, LimitStage limits, Racer first, Racer second)
    {
        var earlier = await Task.WhenAny(first.Sent, second.Sent) == first.Sent ? first : second;
        if (!earlier.HasAnswered)
        {
            await Task.WhenAny(earlier == first ? second.Sent : first.Sent);
        }

        var secondWins = second.HasAnswered && !first.HasAnswered;
        var (winner, loser) = secondWins ? (second, first) : (first, second);
        var isGivenUp = !loser.Sent.IsCompleted || loser.HasAnswered;
        loser.Call.Abort();
        await loser.Sent.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        exchange.Attempts.Add(isGivenUp ? loser.Call.ToOvertaken() : loser.Call.ToAttempt());
        walk.EndRace(secondWins, isGivenUp ? null : loser.Call.Failure, loser.Call.RetryAfter, loser.Call.ToHead);
        limits.EndHedge(exchange, winner.Call.Target, secondWins);
        loser.Call.Dispose();
        await winner.Sent;
        return winner.Call;
    }

    private static async ValueTask<bool> EndsWithinAsync(Task sent, TimeSpan delay, TimeProvider time)
    {
        if (sent.IsCompleted)
        {
            return true;
        }

        using var isOver = new CancellationTokenSource();
        _ = await Task.WhenAny(sent, Task.Delay(delay, time, isOver.Token));
        await isOver.CancelAsync();
        return sent.IsCompleted;
    }

    private sealed record Racer(TargetCall Call, Task Sent)
    {
        public bool HasAnswered => Sent.IsCompletedSuccessfully && Call.Failure is null;
    }
}
