using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Pipeline;

namespace Gatehouse.Routing;

/// <summary>What a model's name leads to: a route, the way to one target, or an error.</summary>
internal readonly record struct Resolution(RouteModel? Route, GatewayError? Error);

/// <summary>
/// Finds the targets that "model" names: a route, else <c>provider/model</c> (also <c>@provider/model</c>), else an id that exactly one
/// provider serves.
/// </summary>
internal static class TargetResolver
{
    public static Resolution Resolve(Snapshot snapshot, string? providerName, string model)
    {
        if (providerName is not null)
        {
            return snapshot.Providers.TryGetValue(providerName, out var named)
                ? Single(new Target(named, model))
                : NotFound($"There is no provider '{providerName}' here (header x-gatehouse-provider). Providers: {Listed(snapshot.Providers.Keys)}.");
        }

        if (model.Length == 0)
        {
            return new Resolution(null, new GatewayError(
                GatewayErrorCode.InvalidRequest,
                "This path is relayed as it is: name the provider with the header x-gatehouse-provider.")
            { Field = "x-gatehouse-provider" });
        }

        var name = model[0] == '@' ? model[1..] : model;
        if (snapshot.Routes.TryGetValue(name, out var route))
        {
            return new Resolution(route, null);
        }

        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && slash < name.Length - 1 && snapshot.Providers.TryGetValue(name[..slash], out var provider))
        {
            return Single(new Target(provider, name[(slash + 1)..]));
        }

        return snapshot.Servers.TryGetValue(name, out var servers) || snapshot.OpenProviders.Length > 0
            ? Choose(snapshot, name, servers ?? snapshot.OpenProviders)
            : Unknown(snapshot, name);
    }

    private static Resolution Choose(Snapshot snapshot, string name, Upstream.ProviderModel[] servers) => servers is [var only]
        ? Single(new Target(only, name))
        : NotFound($"More than one provider may serve '{name}': write {string.Join(" or ", servers.Take(4).Select(s => $"'{s.Name}/{name}'"))}.");

    private static Resolution Unknown(Snapshot snapshot, string name)
    {
        var listed = snapshot.Servers.SelectMany(entry => entry.Value.Select(server => $"{server.Name}/{entry.Key}"));
        var nearest = KeyNames.Nearest(name, snapshot.Routes.Keys.Concat(snapshot.Servers.Keys).Concat(listed));
        return NotFound(nearest is null
            ? $"'{name}' is not a route here, nor a model that a provider serves. Write provider/model, with one of: {Listed(snapshot.Providers.Keys)}. GET /v1/models lists what is known."
            : $"'{name}' is not a route here, nor a model that a provider serves. Did you mean '{nearest}'? GET /v1/models lists what is known.");
    }

    /// <summary>Some providers have the model's name as a segment of a path, where dots would lead elsewhere, however they are escaped.</summary>
    private static Resolution Single(Target target) => target.Model is "." or ".."
        ? NotFound($"'{target.Model}' is not a name of a model.")
        : new(RouteModel.Direct(target), null);

    private static Resolution NotFound(string message) =>
        new(null, new GatewayError(GatewayErrorCode.ModelNotFound, message) { Field = "model" });

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal).Take(10));
}
