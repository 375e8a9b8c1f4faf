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
        var route = resolution.Route!;
        var first = route.Targets[0].Target;
        var isAllowed = request.Object is { IsOwned: true } || (route.Name is { } name ? key.AllowsRoute(name)
            : first.Model.Length == 0 ? key.AllowsProvider(first.Provider.Name)
            : key.AllowsModel(first.Provider.Name, first.Model));
        if (!isAllowed)
        {
            return new GatewayError(
                GatewayErrorCode.PermissionDenied,
                first.Model.Length == 0 && route.Name is null
                    ? $"The key '{key.Name}' may not use all of provider '{first.Provider.Name}', which a request without a model needs."
                    : $"The key '{key.Name}' may not use '{request.Model}'. Its models: {Listed(key.Models)}.")
            { Field = "model" };
        }

        exchange.Route = route;
        if (request.OnlyProvider is { } only)
        {
            // What the request goes on from is kept by one provider; no other can know of it.
            exchange.Permits = target => string.Equals(target.Provider.Name, only, StringComparison.Ordinal);
            if (!LeadsAnywhere(exchange))
            {
                return new GatewayError(
                    GatewayErrorCode.InvalidRequest, $"The request refers to something that is kept by provider '{only}', to which '{request.Model}' does not lead.")
                { Field = "model" };
            }
        }

        if (request.UnknownObject is { } unknown)
        {
            var permits = exchange.Permits;
            exchange.Permits = target => key.AllowsProvider(target.Provider.Name) && permits?.Invoke(target) != false;
            return LeadsAnywhere(exchange) ? Outcome.Continue : unknown;
        }

        return Outcome.Continue;
    }

    private static bool LeadsAnywhere(Exchange exchange) => exchange.Route!.Root.AnsweringTargets.Any(leaf => exchange.Permits!(leaf.Target));

    private static string Listed(IReadOnlyList<string> models) => models.Count == 0 ? "none" : string.Join(", ", models);
}
