using System.Text;
using Gatehouse.Admin.Contract;
using Gatehouse.Configuration;
using Microsoft.AspNetCore.Mvc;

namespace Gatehouse.Reports;

internal static class UsageEndpoints
{
    private static readonly string[] Formats = ["json", "csv", "focus"];

    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("").WithTags("Usage");
        _ = api.MapGet("/usage", Report)
            .WithSummary("Sums of usage and cost. `group_by` takes any of key, key_id, organization, team, project, user, agent, label.NAME, route, target, provider, model, kind, operation, outcome, cache, service_tier, price_revision, hour, day, week, month, with commas between them; each of them but the times is a filter, too (`team=research`). `format` is json, csv, or focus: CSV of FOCUS 1.2.")
            .Produces<UsageReportView>().Produces<AdminError>(400);
        _ = api.MapGet("/usage/repriced", RepriceAsync)
            .WithSummary("What the same usage would have cost at the prices of another revision (`price_revision`, default `current`), computed from each exchange of at most 31 days.")
            .Produces<RepricedReportView>().Produces<AdminError>(400).Produces<AdminError>(409);
    }

    // The parameters are read from the request, as filters by labels have names of their own; they stand here to be described.
#pragma warning disable IDE0060
    private static IResult Report(
        HttpRequest request, UsageReader reader, FocusExport focus, TimeProvider time, [FromQuery(Name = "group_by")] string? groupBy, string? from, string? to,
        [FromQuery(Name = "time_zone")] string? timeZone, [FromQuery(Name = "order_by")] string? orderBy, string? limit, string? offset, string? format)
#pragma warning restore IDE0060
    {
        var (query, mistake) = UsageQuery.Parse(request.Query, time.GetUtcNow(), ["format"]);
        if (query is null)
        {
            return Refused(mistake!);
        }

        format ??= Formats[0];
        if (Array.IndexOf(Formats, format) < 0)
        {
            return Refused(new UsageMistake("format", $"There is no format '{format}'; there are {string.Join(", ", Formats)}."));
        }

        if (format == "focus")
        {
            return query.GroupBy.Count > 0
                ? Refused(new UsageMistake("group_by", "FOCUS has groupings of its own; leave group_by out."))
                : Csv(request, text => focus.Write(query, text));
        }

        var result = reader.Read(query);
        if (result.Groups is not { } groups)
        {
            return Refused(new UsageMistake("group_by", $"That makes more than {UsageReader.MaxGroups} groups; take a shorter period or fewer groupings."));
        }

        return format == "csv" ? Csv(request, text => WriteCsv(query, groups, text)) : Results.Ok(View(query, result, groups));
    }

#pragma warning disable IDE0060
    private static async Task<IResult> RepriceAsync(
        HttpRequest request, RepricedReport report, SnapshotSource snapshots, TimeProvider time, [FromQuery(Name = "price_revision")] string? revision,
        [FromQuery(Name = "group_by")] string? groupBy, string? from, string? to, [FromQuery(Name = "time_zone")] string? timeZone)
#pragma warning restore IDE0060
    {
        var (query, mistake) = UsageQuery.Parse(request.Query, time.GetUtcNow(), ["price_revision"]);
        if (query is null)
        {
            return Refused(mistake!);
        }

        var answer = await report.RunAsync(query, revision ?? RepricedReport.Current, snapshots.Current, request.HttpContext.RequestAborted);
        return answer.Mistake is { } wrong ? Refused(wrong)
            : answer.View is { } view ? Results.Ok(view)
            : AdminError.Result(409, "busy", "Another report of this kind is being computed. Try again when it is done.");
    }

    private static IResult Refused(UsageMistake mistake) => AdminError.Result(400, "invalid_request", mistake.Message, mistake.Field);

    private static UsageReportView View(UsageQuery query, UsageResult result, List<UsageGroup> groups)
    {
        var page = groups.Skip(query.Offset).Take(query.Limit).Select(group => new UsageGroupView(query.GroupBy, group)).ToArray();
        return new UsageReportView(
            UsageQuery.TimeOf(query.From), UsageQuery.TimeOf(query.To), query.Zone.Id, query.GroupBy, result.IsComplete, new UsageSumsView(result.Totals), groups.Count, page,
            query.Offset + page.Length < groups.Count ? query.Offset + page.Length : null);
    }

    private static IResult Csv(HttpRequest request, Action<TextWriter> write)
    {
        // Written while it is read, on this thread; a caller that reads slowly holds it, and a bounded buffer.
        request.HttpContext.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpBodyControlFeature>()!.AllowSynchronousIO = true;
        return Results.Stream(
            stream =>
            {
                using var text = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 32 * 1024, leaveOpen: true);
                write(text);
                return Task.CompletedTask;
            },
            "text/csv; charset=utf-8");
    }

    private static void WriteCsv(UsageQuery query, List<UsageGroup> groups, TextWriter text)
    {
        var csv = new CsvWriter(text);
        foreach (var name in query.GroupBy)
        {
            csv.Guarded(name);
        }

        foreach (var name in UsageMeasures.Names)
        {
            csv.Field(name);
        }

        csv.Field("cost_usd");
        csv.EndLine();
        foreach (var group in groups)
        {
            foreach (var value in group.Values)
            {
                csv.Guarded(value);
            }

            foreach (var sum in group.Sums)
            {
                csv.Field(sum);
            }

            csv.Field(UsageSumsView.Usd(group.Sums[UsageMeasures.CostNanoUsd]));
            csv.EndLine();
        }
    }
}
