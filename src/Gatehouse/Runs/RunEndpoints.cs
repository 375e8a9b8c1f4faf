using Gatehouse.Admin.Contract;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Runs;

internal static class RunEndpoints
{
    private const int MaxLimit = 200;
    private const int MaxMessage = 500;
    private const string Prefix = "/api/v1/runs/";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/runs").WithTags("Runs");
        _ = api.MapGet("", List)
            .WithSummary("Runs, the one that began last first. `before` takes the `next` of the page before; `state` is active, stopped or all.")
            .Produces<ListOf<RunView>>().Produces<AdminError>(400);
        _ = api.MapGet("/{id}", Show)
            .WithSummary("One run with its call tree and the cost of each call. `tenant` selects where several have a run of the id.")
            .Produces<RunDetailView>().Produces<AdminError>(404).Produces<AdminError>(409);
        _ = api.MapPost("/{id}/stop", Stop)
            .WithSummary("Refuse all further calls of a run. A run that is not known yet is stopped only with `tenant`.")
            .Produces<RunView>().Produces<AdminError>(400).Produces<AdminError>(404).Produces<AdminError>(409);
        _ = api.MapPost("/{id}/resume", Resume)
            .WithSummary("Let a stopped run go on; its limits count anew.")
            .Produces<RunView>().Produces<AdminError>(404).Produces<AdminError>(409);
    }

    private static IResult List(RunStore store, RunTracker tracker, TimeProvider time, int? limit, string? before, string? key, string? agent, string? tenant, string? state)
    {
        if (limit is < 1 or > MaxLimit)
        {
            return AdminError.Result(400, "invalid_request", $"limit must be from 1 to {MaxLimit}.", "limit");
        }

        if (state is not (null or "all" or "active" or "stopped"))
        {
            return AdminError.Result(400, "invalid_request", "state must be active, stopped or all.", "state");
        }

        var now = time.GetUtcNow();
        var query = new RunQuery(limit ?? 50, before, key, agent, tenant, state == "stopped", state == "active" ? now - RunTracker.Idle : null);
        var (runs, next) = store.List(query, (run, rows) => View(run, rows, RunTree.Of(rows), tracker, now));
        return Results.Ok(new ListOf<RunView>(runs, next));
    }

    private static IResult Show(string id, HttpContext http, RunStore store, RunTracker tracker, TimeProvider time, string? tenant)
    {
        _ = id;
        if (Find(http, tenant, store, out var key) is { } mistake)
        {
            return mistake;
        }

        var rows = store.RowsOf(key);
        if (rows.Count == 0)
        {
            return NotFound(key.Run);
        }

        var truncated = rows.Count > RunStore.MostRows;
        rows = truncated ? [.. rows.Take(RunStore.MostRows)] : rows;
        var tree = RunTree.Of(rows);
        var agent = rows[0].Agent;
        return Results.Ok(new RunDetailView(
            View(key, rows, tree, tracker, time.GetUtcNow()),
            [.. tree.Nodes.Select(View)],
            truncated,
            agent is null ? null : tracker.BaselineOf(key.Tenant, agent)));
    }

    private static IResult Stop(string id, HttpContext http, RunStore store, RunTracker tracker, TimeProvider time, string? tenant, StopRunRequest? request)
    {
        _ = id;
        if (Find(http, tenant, store, out var key) is { } mistake)
        {
            return mistake;
        }

        if (request?.Message is { Length: 0 or > MaxMessage })
        {
            return AdminError.Result(400, "invalid_request", $"message must be 1 to {MaxMessage} characters.", "message");
        }

        tracker.Stop(key, request?.Message ?? "an administrator stopped it");
        return Results.Ok(Now(key, store, tracker, time));
    }

    private static IResult Resume(string id, HttpContext http, RunStore store, RunTracker tracker, TimeProvider time, string? tenant)
    {
        _ = id;
        return Find(http, tenant, store, out var key) is { } mistake ? mistake
            : tracker.Resume(key) ? Results.Ok(Now(key, store, tracker, time))
            : AdminError.Result(409, "not_stopped", $"The run '{key.Run}' is not stopped.");
    }

    private static RunView Now(RunKey key, RunStore store, RunTracker tracker, TimeProvider time)
    {
        var rows = store.RowsOf(key);
        return View(key, rows, RunTree.Of(rows), tracker, time.GetUtcNow());
    }

    /// <returns>Null with the run, or why there is none.</returns>
    private static IResult? Find(HttpContext http, string? tenant, RunStore store, out RunKey key)
    {
        var run = IdOf(http);
        key = new RunKey(tenant ?? "", run);
        if (tenant is not null)
        {
            return RunHeaders.IsId(run) ? null : NotFound(run);
        }

        var tenants = store.TenantsOf(run);
        if (tenants.Count > 1)
        {
            return AdminError.Result(409, "ambiguous", $"Several have a run '{run}': say whose with tenant= ({string.Join(", ", tenants)}).", "tenant");
        }

        key = new RunKey(tenants.Count == 1 ? tenants[0] : "", run);
        return tenants.Count == 1 ? null : NotFound(run);
    }

    /// <summary>Of the path as it was sent: the server leaves <c>%2F</c> in it, and an id may have both a slash and a percent sign.</summary>
    private static string IdOf(HttpContext http)
    {
        var target = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var start = target.IndexOf(Prefix, StringComparison.Ordinal) + Prefix.Length;
        var end = target.AsSpan(start).IndexOfAny('/', '?');
        return Uri.UnescapeDataString(end < 0 ? target[start..] : target.Substring(start, end));
    }

    private static IResult NotFound(string run) => AdminError.Result(404, "not_found", $"There is no run '{run}'.");

    private static RunView View(RunKey key, IReadOnlyList<RunRow> rows, RunTree tree, RunTracker tracker, DateTimeOffset now)
    {
        var own = rows.Where(row => row.ShadowOf is null).ToList();
        var first = own.Find(row => row.RequestTokens > 0);
        var last = rows.Count == 0 ? (DateTimeOffset?)null : rows.Max(row => row.EndedAt);
        var stop = tracker.StopOf(key);
        return new RunView(
            key.Run,
            key.Tenant,
            rows.Count == 0 ? null : rows[0].Agent,
            rows.Count == 0 ? null : rows[0].Key,
            rows.Count == 0 ? null : rows[0].StartedAt,
            last,
            own.Count(row => !row.IsRefused),
            own.Count(row => row.IsRefused),
            rows.Sum(row => row.Tokens),
            rows.Any(row => row.CostNanoUsd is not null) ? rows.Sum(row => row.CostNanoUsd ?? 0) : null,
            rows.Count(row => !row.IsRefused && row.CostNanoUsd is null),
            tree.Depth,
            tree.FanOut,
            first is null ? null : Math.Round((double)own.Sum(row => row.Tokens) / first.RequestTokens, 2),
            stop is not null ? "stopped" : now - last <= RunTracker.Idle ? "active" : "ended",
            stop is null ? null : new RunStopView(stop.Reason.Word(), stop.Message, stop.At));
    }

    private static RunNodeView View(RunTreeNode node)
    {
        var row = node.Row;
        return new RunNodeView(
            row.Id, node.Parent, node.Depth, node.Children, row.Operation, row.Model, row.Target, row.Key, row.Agent, row.Status, row.Outcome, row.ShadowOf is not null,
            row.StartedAt, row.Duration.TotalMilliseconds, row.Tokens, row.CostNanoUsd, node.TreeTokens, node.TreeCostNanoUsd);
    }
}
