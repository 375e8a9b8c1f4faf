using System.ComponentModel;
using System.Text.RegularExpressions;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Routing.Explain;

/// <summary>What would become of an exchange on a route, without anything being sent.</summary>
internal sealed partial record RouteExplanation(
    string Route,
    [property: Description("What was taken for the request; null when none was given.")] string? Request,
    [property: Description("Why the gateway would refuse the request before any target; null when it would not.")] string? Refusal,
    [property: Description("What the strategies decide, from the root on.")] IReadOnlyList<string> Decisions,
    [property: Description("All targets in the order in which they would be tried.")] IReadOnlyList<ExplainedTarget> Targets,
    [property: Description("What happens when all of them fail.")] string Afterwards)
{
    /// <param name="route">Nothing of it changes.</param>
    /// <param name="newContext">Contexts that are rehearsals, all of them with the same random numbers: what is planned and what is said of it must agree.</param>
    /// <param name="whyNot">Why the request cannot go to a target, whatever its health. Null when it can.</param>
    /// <param name="costOf">What the exchange is expected to cost there, in nano-USD; null when that is not known.</param>
    public static RouteExplanation Of(
        RouteModel route, Func<RouteContext> newContext, Func<RouteTarget, TargetObstacle?> whyNot, Func<RouteTarget, decimal?> costOf)
    {
        var plan = route.FixedPlan;
        if (plan is null)
        {
            plan = new RoutePlan(route.Targets.Count);
            route.Root.Plan(newContext(), plan);
        }

        var order = plan.Order.ToArray();
        var obstacles = Array.ConvertAll(order, target => whyNot(target));
        var gates = Array.ConvertAll(order, target => target.Health?.Peek() ?? default);
        var lastResort = LastResort(order, obstacles, gates);
        var (place, end, targets) = (0, (RouteTarget?)null, new List<ExplainedTarget>(order.Length));
        for (var i = 0; i < order.Length; i++)
        {
            var (outcome, why) = end is not null ? (TargetOutcome.OutOfReach, "would not be tried: the exchange would have ended before")
                : i == lastResort ? (TargetOutcome.First, $"would be tried first although {gates[i].Refusal}: no target is fit, and this one is likeliest to answer")
                : gates[i].Refusal is { } unfit ? (TargetOutcome.Skipped, $"skipped: {unfit}")
                : obstacles[i] is { } obstacle ? (obstacle.IsFinal ? TargetOutcome.Ends : TargetOutcome.Skipped, $"{(obstacle.IsFinal ? "the exchange would end here" : "skipped")}: {obstacle.Why}")
                : place == 0 ? (TargetOutcome.First, $"would be tried first{Trial(order[i])}")
                : place < route.Retry.Attempts ? (TargetOutcome.Next, $"would be tried next{Trial(order[i])}")
                : (TargetOutcome.OutOfReach, $"would not be tried: an exchange makes {Attempts(route)}");
            end = outcome == TargetOutcome.Ends ? order[i] : end;
            targets.Add(new ExplainedTarget(
                outcome is TargetOutcome.First or TargetOutcome.Next ? ++place : null,
                order[i].Target.Name,
                KeyNames.Snake(outcome.ToString()),
                why,
                (double?)(costOf(order[i]) / 1_000_000_000m)));
        }

        return new RouteExplanation(route.Name ?? "", null, null, NextDecision().Split(route.Root.Explain(newContext())), targets, After(route, place, end));
    }

    /// <summary>When nothing is fit, the one that is asked all the same; -1 when something is, or nothing can be.</summary>
    private static int LastResort(RouteTarget[] order, TargetObstacle?[] obstacles, Health.GateDecision[] gates)
    {
        var best = -1;
        for (var i = 0; i < order.Length; i++)
        {
            if (gates[i].IsOpen && obstacles[i] is not { IsFinal: false })
            {
                return -1;
            }

            if (obstacles[i] is null && (best < 0 || order[i].Health!.Badness() < order[best].Health!.Badness()))
            {
                best = i;
            }
        }

        return best;
    }

    private static string Trial(RouteTarget target) => target.Health?.State == Health.BreakerState.HalfOpen ? ", as the trial of its circuit breaker" : "";

    private static string After(RouteModel route, int tried, RouteTarget? end)
    {
        if (end is not null)
        {
            return $"an exchange that comes to {end.Target.Name} ends there";
        }

        if (tried == 0)
        {
            return "no target can take the request: it would be refused (no_target_available)";
        }

        if (tried >= route.Retry.Attempts)
        {
            return $"an exchange makes {Attempts(route)}; the failure of the last one goes to the caller";
        }

        return route.Retry.On.Count == 0 || route.Retry.Budget is null ? "the failure of the last one goes to the caller"
            : $"after passing failures targets are asked again, up to {Attempts(route)} in all and {route.Retry.Budget.View().Left} by the budget of the moment";
    }

    private static string Attempts(RouteModel route) => route.Retry.Attempts == 1 ? "1 attempt" : $"{route.Retry.Attempts} attempts";

    /// <summary>A line of a node goes on with that of its first child.</summary>
    [GeneratedRegex("; (?=[a-z_]+: )", RegexOptions.None, 1000)]
    private static partial Regex NextDecision();
}

/// <summary>Why a request cannot go to a target.</summary>
/// <param name="Why">For a person.</param>
/// <param name="IsFinal">No other target is asked after it.</param>
internal readonly record struct TargetObstacle(string Why, bool IsFinal);

internal enum TargetOutcome
{
    First,
    Next,
    Skipped,

    /// <summary>The request is wrong for this target, and no other is asked after it.</summary>
    Ends,
    OutOfReach,
}

internal sealed record ExplainedTarget(
    [property: Description("Number of the attempt; null for a target that would not be tried.")] int? Attempt,
    string Target,
    [property: Description("first, next, skipped, ends (the request is wrong for it, and the exchange ends) or out_of_reach (there are fewer attempts than targets, or it ended before).")] string Outcome,
    [property: Description("The same in words, and why.")] string Why,
    [property: Description("Expected cost in USD; null without a request or a price.")] double? CostUsd);
