using Gatehouse.Pipeline;
using Gatehouse.Routing;

namespace Gatehouse.Policy;

/// <summary>Step 2: may this principal reach this target. Deny by default: a key reaches what its patterns name, and nothing else.</summary>
internal static class Authorizer
{
    public static Outcome Authorize(Exchange exchange)
    {
        var request = exchange.Request;
        var resolution = TargetResolver.Resolve(exchange.Snapshot, request.Provider, request.Model);
        if (resolution.Error is { } error)
        {
            return error;
        }

        var key = exchange.Key!;
        var (route, targets) = (resolution.Route, resolution.Targets);
        var isAllowed = request.Object is { IsOwned: true } || (route is not null ? key.AllowsRoute(route.Name)
            : targets[0].Model.Length == 0 ? key.AllowsProvider(targets[0].Provider.Name)
            : key.AllowsModel(targets[0].Provider.Name, targets[0].Model));
        if (!isAllowed)
        {
            return new GatewayError(
                GatewayErrorCode.PermissionDenied,
                targets[0].Model.Length == 0 && route is null
                    ? $"The key '{key.Name}' may not use all of provider '{targets[0].Provider.Name}', which a request without a model needs."
                    : $"The key '{key.Name}' may not use '{request.Model}'. Its models: {Listed(key.Models)}.")
            { Field = "model" };
        }

        exchange.Route = route?.Name;
        exchange.Targets = targets;
        if (request.OnlyProvider is { } only)
        {
            // What the request goes on from is kept by one provider; no other can know of it.
            exchange.Targets = [.. targets.Where(target => string.Equals(target.Provider.Name, only, StringComparison.Ordinal))];
            if (exchange.Targets.Count == 0)
            {
                return new GatewayError(
                    GatewayErrorCode.InvalidRequest, $"The request refers to something that is kept by provider '{only}', to which '{request.Model}' does not lead.")
                { Field = "model" };
            }
        }

        if (request.UnknownObject is { } unknown)
        {
            exchange.Targets = [.. exchange.Targets.Where(target => key.AllowsProvider(target.Provider.Name))];
            return exchange.Targets.Count == 0 ? unknown : Outcome.Continue;
        }

        return Outcome.Continue;
    }

    private static string Listed(IReadOnlyList<string> models) => models.Count == 0 ? "none" : string.Join(", ", models);
}
