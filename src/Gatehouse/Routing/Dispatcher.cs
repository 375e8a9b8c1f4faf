using Gatehouse.Limits;
using Gatehouse.Metering;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Routing.Attempts;
using Gatehouse.Upstream;

namespace Gatehouse.Routing;

/// <summary>Step 6 for model calls: takes an exchange along its route until a target answers.</summary>
internal sealed class Dispatcher(LimitStage limits, CostMeter meter, TimeProvider time, Random random)
{
    /// <summary>Decides which targets may take the exchange, in which order, and lets it in at the first one.</summary>
    public async ValueTask<Outcome> PlanAsync(Exchange exchange)
    {
        var route = exchange.Route!;
        var plan = route.FixedPlan;
        var context = new ExchangeContext(exchange, random);
        if (plan is null)
        {
            if (route.SemanticNodes.Count > 0)
            {
                exchange.Timings.UpstreamWaitBegins();
                await context.ChooseAsync(route.SemanticNodes, exchange.Http.RequestAborted);
                exchange.Timings.UpstreamWaitEnds();
            }

            plan = new RoutePlan(route.Targets.Count);
            route.Root.Plan(context, plan);
        }

        exchange.Walk = new RouteWalk(exchange, route, plan, context);
        return exchange.Walk.Begin() ? Outcome.Continue : exchange.Walk.NoTarget();
    }

    /// <summary>Tries targets from where the walk stands.</summary>
    /// <returns>Continue when there is an answer, still to be passed on; an error when no target gave one.</returns>
    public async ValueTask<Outcome> DispatchAsync(Exchange exchange)
    {
        var walk = exchange.Walk!;
        while (true)
        {
            if (walk.Delay > TimeSpan.Zero)
            {
                using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(exchange.Http.RequestAborted, exchange.GatewayEnded);
                exchange.Timings.UpstreamWaitBegins();
                await Task.Delay(walk.Delay, time, interrupted.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                exchange.Timings.UpstreamWaitEnds();
                if (exchange.GatewayEnded.IsCancellationRequested)
                {
                    return GatewayLifetime.Error;
                }

                exchange.Http.RequestAborted.ThrowIfCancellationRequested();
                if (!walk.Resume())
                {
                    return walk.NoTarget();
                }
            }

            var (call, unsayable) = limits.EnterTarget(exchange, walk.Current!.Target) is { } beyond
                ? (null, beyond)
                : TargetCall.Prepare(exchange, walk.Current!.Target, time);
            if (call is null)
            {
                walk.NotAsked();
                if (walk.Advance(unsayable!.FailureKind))
                {
                    continue;
                }

                // What failed before may succeed when it is asked again: that is what the caller must know.
                return unsayable.Code == GatewayErrorCode.UnsupportedFeature && exchange.Attempts is [.., var failed]
                    ? new GatewayError(GatewayErrorCode.UpstreamError, $"{failed.Target} failed ({failed.Error}), and of the targets after it none can be asked: {unsayable.Message}")
                    : unsayable;
            }

            using (call)
            {
                if (call.TryAnswerWithoutCall(exchange))
                {
                    return Outcome.Continue;
                }

                using var used = await SendAsync(exchange, walk, call);
                exchange.Attempts.Add(used.ToAttempt());
                walk.Observe(used.Quota);
                if (used.Failure is not { } failure)
                {
                    walk.Succeeded(used.ToHead);
                    return used.Take(exchange);
                }

                walk.Failed(failure, used.RetryAfter);
                if (!walk.Advance(failure))
                {
                    // The head of an answer that was to be gone on with is out: there is no place for another.
                    return exchange.Joined is null ? used.Take(exchange) : used.Error ?? NotContinued(used);
                }
            }
        }
    }

    /// <summary>
    /// Takes back an answer that broke before its first byte went out, if there is another attempt to make: nobody has seen anything of it.
    /// </summary>
    public bool TakesBack(Exchange exchange, Outcome outcome)
    {
        if (exchange.Answer is null || exchange.ClientLeft || exchange.Walk is not { IsAtEnd: false } walk || outcome.Error is not { Traits.Party: ErrorParty.Upstream } broken)
        {
            return false;
        }

        var kind = exchange.Response.HasStarted && broken.FailureKind != FailureKind.Interrupted ? FailureKind.StreamCut : broken.FailureKind;
        walk.Failed(kind);
        if (exchange.Attempts.Count > 0)
        {
            exchange.Attempts[^1] = exchange.Attempts[^1] with { Error = broken.Traits.Name, Kind = kind.Word() };
        }

        if (!walk.Advance(kind))
        {
            return false;
        }

        exchange.Answer.Dispose();
        exchange.Answer = null;
        if (exchange.Joined is { } joined)
        {
            joined.BreakOff(exchange);
            return true;
        }

        meter.TakeBack(exchange);
        // What it said of its usage is not the next one's.
        exchange.Facts = new OpenAiAnswerFacts();
        return true;
    }

    /// <returns>The call that ended; another one than was given where that one was faster.</returns>
    private async ValueTask<TargetCall> SendAsync(Exchange exchange, RouteWalk walk, TargetCall call)
    {
        // Tokens may be counted for a target without asking it: that needs no second try.
        if (walk.HedgeDelay is { } delay && exchange.Operation is { MayBeAskedTwice: true, CountsTokens: false })
        {
            return await HedgedAttempt.RunAsync(exchange, walk, limits, call, delay, time);
        }

        await call.SendAsync(exchange, time);
        return call;
    }

    private static GatewayError NotContinued(TargetCall call) => new(
        GatewayErrorCode.UpstreamError, $"{call.Target.Name} was to go on with an answer that broke off, and answered with status {call.Status}.");
}
