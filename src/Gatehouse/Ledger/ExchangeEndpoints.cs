using Gatehouse.Admin.Contract;
namespace Gatehouse.Ledger;

internal static class ExchangeEndpoints
{
    private const int MaxLimit = 1000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("").WithTags("Exchanges");
        _ = api.MapGet("/exchanges", List)
            .WithSummary("Exchanges, newest first. `before` takes the `next` of the page before; `model` matches what the caller wrote, the target, or its model.")
            .Produces<ListOf<ExchangeView>>().Produces<AdminError>(400);
        _ = api.MapGet("/exchanges/{id}", Show).WithSummary("One exchange.").Produces<ExchangeView>().Produces<AdminError>(404);
    }

    private static IResult List(
        LedgerReader ledger, int? limit, string? before, string? key, string? run, string? model, int? status, string? outcome, DateTimeOffset? from, DateTimeOffset? to)
    {
        if (limit is < 1 or > MaxLimit)
        {
            return AdminError.Result(400, "invalid_request", $"limit must be from 1 to {MaxLimit}.", "limit");
        }

        var count = limit ?? 50;
        var rows = ledger.List(new LedgerQuery(count, before, key, run, model, status, outcome, from, to));
        return Results.Ok(new ListOf<ExchangeView>(rows, rows.Count == count ? rows[^1].Id : null));
    }

    private static IResult Show(string id, LedgerReader ledger) =>
        ledger.Find(id) is { } row ? Results.Ok(row) : AdminError.Result(404, "not_found", $"There is no exchange '{id}'.");
}
