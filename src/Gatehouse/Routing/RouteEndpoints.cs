using Gatehouse.Admin.Contract;
using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Routing;

internal static class RouteEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/routes").WithTags("Routes");
        _ = api.MapGet("", List).WithSummary("Routes in force, with the health of their targets.").Produces<ListOf<RouteView>>();
    }

    private static ListOf<RouteView> List(SnapshotSource snapshots) => new(snapshots.Current.Routes.Values
        .OrderBy(route => route.Name, StringComparer.Ordinal)
        .Select(route => new RouteView(route.Name!, YamlBinder.EnumKey(route.Strategy), route.Targets.Select(leaf => new RouteTargetView(leaf.Target.Name, leaf.Health!.View())).ToList()))
        .ToList());
}
