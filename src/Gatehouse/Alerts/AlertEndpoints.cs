using Gatehouse.Admin.Contract;

namespace Gatehouse.Alerts;

internal static class AlertEndpoints
{
    private const int MaxLimit = 1000;
    private const int MostDeliveries = 50;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("").WithTags("Alerts");
        _ = api.MapGet("/alerts", ListAsync).WithSummary("Alerts, newest first. `state` is `open` or `resolved`; `before` takes the `next` of the page before.")
            .Produces<ListOf<AlertView>>().Produces<AdminError>(400);
        _ = api.MapGet("/alerts/{id}", ShowAsync).WithSummary("One alert, and what came of telling the sinks.").Produces<AlertView>().Produces<AdminError>(404);
        _ = api.MapPost("/alerts/{id}/acknowledge", AcknowledgeAsync).WithSummary("Somebody takes care of it: it is not sent again while it goes on. Its end is.")
            .Produces<AlertView>().Produces<AdminError>(404);
        _ = api.MapPost("/alerts/test", TestAsync).WithSummary("Send a test alert to every sink, and tell how each took it.").Produces<ListOf<AlertTestView>>();
    }

    private static async Task<IResult> ListAsync(AlertService alerts, string? state, string? kind, int? limit, string? before)
    {
        if (limit is < 1 or > MaxLimit)
        {
            return AdminError.Result(400, "invalid_request", $"limit must be from 1 to {MaxLimit}.", "limit");
        }

        if (state is not (null or "open" or "resolved"))
        {
            return AdminError.Result(400, "invalid_request", "state must be open or resolved.", "state");
        }

        var count = limit ?? 50;
        var rows = await alerts.ListAsync(new AlertQuery(count, before, state is null ? null : state is "open", kind));
        return Results.Ok(new ListOf<AlertView>(rows.Select(row => View(row, deliveries: null)).ToList(), rows.Count == count ? rows[^1].Id : null));
    }

    private static async Task<IResult> ShowAsync(string id, AlertService alerts)
    {
        var rows = await alerts.ListAsync(new AlertQuery(1, Id: id));
        return rows is [var row]
            ? Results.Ok(View(row, alerts.Deliveries(id, MostDeliveries)))
            : AdminError.Result(404, "not_found", $"There is no alert '{id}'.");
    }

    private static Task<IResult> AcknowledgeAsync(string id, AlertService alerts)
    {
        alerts.Acknowledge(id);
        return ShowAsync(id, alerts);
    }

    private static async Task<ListOf<AlertTestView>> TestAsync(AlertService alerts, CancellationToken cancellationToken) =>
        new((await alerts.TestAsync(cancellationToken)).Select(test => new AlertTestView(test.Sink, test.Type, test.Error is null, test.Error)).ToList());

    private static AlertView View(AlertState alert, IReadOnlyList<DeliveryRow>? deliveries) => new(
        alert.Id, alert.Kind, alert.Subject, alert.Severity.Word(), alert.ResolvedAt is null ? "open" : "resolved", alert.Message, alert.Details, alert.Count,
        alert.OpenedAt, alert.LastAt, alert.SentAt, alert.ResolvedAt, alert.Resolution, alert.AcknowledgedAt,
        deliveries?.Select(row => new AlertDeliveryView(
            row.Id, row.Sink, row.Event, AlertStore.Word(row.Status.State), row.Status.Attempts, row.Status.Error, row.Status.EndedAt)).ToList());
}
