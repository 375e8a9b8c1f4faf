using Gatehouse.Pipeline;
using Microsoft.Extensions.Primitives;

namespace Gatehouse.Routing;

/// <summary>Tells the caller why none of a route's targets may take the request.</summary>
internal static class NoTargetError
{
    private const int MostNamed = 8;

    private static readonly KeyValuePair<string, StringValues>[] NoRetry = [new("x-should-retry", "false")];

    /// <param name="permits">Which targets the exchange may go to; null for all.</param>
    public static GatewayError Of(RouteModel route, RoutePlan plan, RouteContext context, Func<Target, bool>? permits)
    {
        if (plan.Count == 0)
        {
            return new GatewayError(GatewayErrorCode.NoTargetAvailable, $"No target of route '{route.Name}' can take this request: none of its conditions holds.") { Headers = NoRetry };
        }

        var reasons = new List<string>();
        var isUnable = true;
        TimeSpan? soonest = null;
        foreach (var target in plan.Order)
        {
            if (permits?.Invoke(target.Target) == false)
            {
                continue;
            }

            if (target.Capabilities.MissingFor(context).Text() is { } missing)
            {
                reasons.Add($"{target.Target.Name}: {missing}");
                continue;
            }

            isUnable = false;
            var refusal = target.LimitsFor(context);
            if (refusal.IsRefused)
            {
                reasons.Add($"{target.Target.Name}: {refusal.Text()}");
            }

            soonest = soonest < refusal.Wait ? soonest : refusal.Wait ?? soonest;
        }

        var named = string.Join("; ", reasons.Take(MostNamed)) + (reasons.Count > MostNamed ? $"; and {reasons.Count - MostNamed} more" : "");
        var text = $"No target of route '{route.Name}' can take this request" + (named.Length == 0 ? "." : $": {named}.");
        return isUnable && reasons.Count > 0
            ? new GatewayError(GatewayErrorCode.UnsupportedFeature, text)
            : new GatewayError(GatewayErrorCode.NoTargetAvailable, text) { RetryAfter = soonest };
    }
}
