using Gatehouse.Admin.Contract;
using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Pipeline;
using Gatehouse.Routing.Explain;

namespace Gatehouse.Routing;

internal static class RouteEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/routes").WithTags("Routes");
        _ = api.MapGet("", List).WithSummary("Routes in force, with the health of their targets.").Produces<ListOf<RouteView>>();
        _ = api.MapGet("/{name}", Show).WithSummary("One route.").Produces<RouteView>().Produces<AdminError>(404);
        _ = api.MapPost("/{name}/explain", Explain)
            .WithSummary("Which target of the route would take a request, which ones after it, and why. Nothing is called, and nothing changes.")
            .Produces<RouteExplanation>().Produces<AdminError>(400).Produces<AdminError>(404);
    }

    private static ListOf<RouteView> List(SnapshotSource snapshots)
    {
        var snapshot = snapshots.Current;
        return new(snapshot.Routes.Values.OrderBy(route => route.Name, StringComparer.Ordinal).Select(route => View(route, snapshot)).ToList());
    }

    private static IResult Show(string name, SnapshotSource snapshots)
    {
        var snapshot = snapshots.Current;
        return snapshot.Routes.TryGetValue(name, out var route) ? Results.Ok(View(route, snapshot)) : NotFound(name, snapshot);
    }

    private static IResult Explain(string name, RouteExplainRequest? request, SnapshotSource snapshots, RouteExplainer explainer)
    {
        var snapshot = snapshots.Current;
        if (!snapshot.Routes.TryGetValue(name, out var route))
        {
            return NotFound(name, snapshot);
        }

        var (explanation, mistake) = explainer.Explain(snapshot, route, request ?? new RouteExplainRequest());
        return mistake is null ? Results.Ok(explanation) : AdminError.Result(400, "invalid_request", mistake.Message, mistake.Field);
    }

    private static IResult NotFound(string name, Snapshot snapshot) => AdminError.Result(404, "not_found", RouteExplainer.NotFound(name, snapshot));

    private static RouteView View(RouteModel route, Snapshot snapshot) => new(
        route.Name!,
        YamlBinder.EnumKey(route.Strategy),
        RouteNodeOptions.View(snapshot.Options.Routes[route.Name!]),
        [.. route.Targets.Select(View)],
        new RouteRetryView(route.Retry.Attempts, [.. route.Retry.On.Select(kind => kind.Word())], route.Retry.Budget!.View()),
        new RouteHedgeView(route.Hedge!.After?.TotalMilliseconds, route.Hedge.Budget.View()),
        new RouteCountsView(route.Counts!.Exchanges, route.Counts.Retries, route.Counts.FailOvers, route.Counts.Hedges));

    private static RouteTargetView View(RouteTarget leaf)
    {
        var counts = leaf.Health!.Counts;
        return new RouteTargetView(
            leaf.Target.Name,
            leaf.Health.View(),
            leaf.LastSkip is { } skip ? new TargetSkipView(skip.Text, skip.At) : null,
            new AttemptCountsView(counts.Answered, counts.Abandoned, counts.Failures.ToDictionary(failure => failure.Kind.Word(), failure => failure.Count, StringComparer.Ordinal)));
    }
}
