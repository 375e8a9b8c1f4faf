using System.Globalization;
using System.Text;
using System.Text.Json;
using Gatehouse.Routing;
using Gatehouse.Routing.Explain;
using Gatehouse.Routing.Health;

namespace Gatehouse.Commands;

/// <summary>Routes in words, for a person at a terminal.</summary>
internal static class RouteText
{
    public static string Of(IReadOnlyList<RouteView> routes)
    {
        var text = new StringBuilder($"{"route",-24} {"strategy",-14} {"exchanges",10} {"retries",8} {"fail-overs",11}  targets");
        foreach (var route in routes)
        {
            var unfit = route.Targets.Count(target => target.Health.State != "closed" || target.Health.QuotaUntil is not null);
            var counts = route.Counts;
            _ = text.Append(CultureInfo.InvariantCulture, $"\n{route.Name,-24} {route.Strategy,-14} {counts.Exchanges,10} {counts.Retries,8} {counts.FailOvers,11}  {route.Targets.Count}{(unfit == 0 ? "" : $", {unfit} of them not fit")}");
        }

        return text.ToString();
    }

    public static string Of(RouteView route)
    {
        var text = new StringBuilder(route.Name);
        Add(text, route.Tree, depth: 1, parent: null);
        foreach (var target in route.Targets)
        {
            var (health, counts) = (target.Health, target.Counts);
            _ = text.Append(CultureInfo.InvariantCulture, $"\n\n{target.Target}: {State(health)}");
            _ = text.Append(CultureInfo.InvariantCulture, $"\n  latency    {(health.LatencyMs is { } latency ? $"{latency.ToString("0.#", CultureInfo.InvariantCulture)} ms" : "not known yet")}");
            _ = text.Append(health.P95Ms is { } p95 ? string.Create(CultureInfo.InvariantCulture, $", 95th percentile {p95:0.#} ms") : "");
            _ = text.Append(CultureInfo.InvariantCulture, $"\n  failures   {health.ErrorRate:0.#%} of late, {health.ConsecutiveFailures} in a row");
            _ = text.Append(CultureInfo.InvariantCulture, $"\n  attempts   {health.InFlight} now, {counts.Answered} answered, {counts.Abandoned} abandoned{string.Concat(counts.Failures.Select(failure => $", {failure.Value} {failure.Key}"))}");
            if (target.LastSkip is { } skip)
            {
                _ = text.Append(CultureInfo.InvariantCulture, $"\n  skipped    {skip.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss'Z'}: {skip.Text}");
            }
        }

        var budget = route.Retry.Budget;
        _ = text.Append(CultureInfo.InvariantCulture, $"\n\nexchanges {route.Counts.Exchanges}, retries {route.Counts.Retries}, fail-overs {route.Counts.FailOvers}, hedges {route.Counts.Hedges}");
        return text.Append(CultureInfo.InvariantCulture, $"\nretry budget: {budget.Left} left ({budget.Spent} spent for {budget.Exchanges} exchanges of the last {budget.WindowSeconds:0} s)").ToString();
    }

    public static string Of(RouteExplanation explanation)
    {
        var text = new StringBuilder($"route {explanation.Route}");
        _ = text.Append(explanation.Request is { } request ? $": {request}" : ", without a request");
        if (explanation.Refusal is { } refusal)
        {
            _ = text.Append($"\nrefused: {refusal}");
        }

        for (var i = 0; i < explanation.Decisions.Count; i++)
        {
            _ = text.Append('\n').Append(' ', 2 * (i + 1)).Append(explanation.Decisions[i]);
        }

        foreach (var target in explanation.Targets)
        {
            var number = target.Attempt is { } attempt ? $"{attempt.ToString(CultureInfo.InvariantCulture)}." : "-";
            var cost = target.CostUsd is { } usd ? string.Create(CultureInfo.InvariantCulture, $" (about {usd:0.########} USD)") : "";
            _ = text.Append($"\n{number,4} {target.Target}: {target.Why}{cost}");
        }

        return text.Append($"\n     {explanation.Afterwards}").ToString();
    }

    private static void Add(StringBuilder text, RouteNodeView node, int depth, RouteNodeView? parent)
    {
        _ = text.Append('\n').Append(' ', 2 * depth).Append(node.Target ?? node.Strategy);
        if (parent is not null && node.Weight != 1)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $" weight {node.Weight:0.###}");
        }

        foreach (var (name, value) in node.Options)
        {
            _ = text.Append($" {name} {(value is JsonElement { ValueKind: JsonValueKind.String } word ? word.GetString() : value)}");
        }

        foreach (var child in node.Children)
        {
            Add(text, child, depth + 1, node);
        }
    }

    private static string State(TargetHealthView health)
    {
        var state = health.State switch
        {
            "closed" => "well",
            "half_open" => $"in doubt, the next attempt is a trial ({health.Reason})",
            _ => string.Create(CultureInfo.InvariantCulture, $"left alone until {health.EjectedUntil?.UtcDateTime:HH:mm:ss'Z'} ({health.Reason})"),
        };
        return state
            + (health.QuotaUntil is { } quota ? string.Create(CultureInfo.InvariantCulture, $", no quota until {quota.UtcDateTime:HH:mm:ss'Z'}") : "")
            + (health.State == "closed" && health.Readiness < 1 ? string.Create(CultureInfo.InvariantCulture, $", {health.Readiness:0%} ready") : "");
    }
}
