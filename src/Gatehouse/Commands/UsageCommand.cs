using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Gatehouse.Commands;

/// <summary><c>gatehouse usage</c></summary>
internal static class UsageCommand
{
    private const string Table = "table";
    private const int MostRows = 10_000;

    private static readonly (string Title, string Property)[] Columns =
    [
        ("exchanges", "exchanges"), ("input", "input_tokens"), ("cache read", "cache_read_tokens"), ("cache write", "cache_write_tokens"),
        ("output", "output_tokens"), ("unpriced", "unpriced_exchanges"), ("USD", "cost_usd"),
    ];

    public static Command Create()
    {
        var groupBy = new Option<string?>("--group-by") { Description = "Any of key, team, project, user, agent, label.NAME, route, target, model, day, month, ... with commas between them." };
        var from = new Option<string?>("--from") { Description = "A day or a time, such as 2026-01-31. Default: 30 days before the end." };
        var to = new Option<string?>("--to") { Description = "The end, exclusive. Default: now." };
        var timeZone = new Option<string?>("--time-zone") { Description = "Of days, weeks and months, such as Europe/Berlin. Default: UTC." };
        var filters = new Option<string[]>("--filter") { Description = "NAME=VALUE, such as team=research; may be given more than once." };
        var format = new Option<string>("--format") { Description = "table, json, csv, or focus: CSV of FOCUS 1.2.", DefaultValueFactory = _ => Table };
        _ = format.AcceptOnlyFromAmong(Table, "json", "csv", "focus");
        filters.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => !token.Value.Contains('=', StringComparison.Ordinal)))
            {
                result.AddError("--filter takes NAME=VALUE.");
            }
        });

        var command = new Command("usage", "What was used and what it cost, from a running gateway (GATEHOUSE_ADMIN_URL, GATEHOUSE_ADMIN_TOKEN).") { groupBy, from, to, timeZone, filters, format };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            (string Name, string? Value)[] parameters =
            [
                ("group_by", result.GetValue(groupBy)), ("from", result.GetValue(from)), ("to", result.GetValue(to)), ("time_zone", result.GetValue(timeZone)),
                .. (result.GetValue(filters) ?? []).Select(filter => filter.Split('=', 2)).Select(pair => (pair[0], (string?)pair[1])),
            ];
            var query = string.Join('&', parameters.Where(parameter => parameter.Value is not null)
                .Select(parameter => $"{Uri.EscapeDataString(parameter.Name)}={Uri.EscapeDataString(parameter.Value!)}"));
            if (result.GetValue(format) is not Table and var other)
            {
                await using var output = Console.OpenStandardOutput();
                await client.CopyAsync($"/usage?{query}&format={other}", output);
                return;
            }

            Write(await client.GetAsync<JsonElement>($"/usage?{query}&limit={MostRows.ToString(CultureInfo.InvariantCulture)}"));
        }));
        return command;
    }

    private static void Write(JsonElement report)
    {
        var names = report.GetProperty("group_by").EnumerateArray().Select(name => name.GetString()!).ToArray();
        var rows = new List<string[]> { (string[])[.. names, .. Columns.Select(column => column.Title)] };
        foreach (var row in report.GetProperty("data").EnumerateArray())
        {
            rows.Add([.. names.Select(name => row.GetProperty("group").GetProperty(name).GetString() ?? "-"), .. Columns.Select(column => row.GetProperty(column.Property).ToString())]);
        }

        if (names.Length > 0)
        {
            rows.Add([.. names.Select((_, i) => i == 0 ? "total" : ""), .. Columns.Select(column => report.GetProperty("totals").GetProperty(column.Property).ToString())]);
        }

        var widths = Enumerable.Range(0, rows[0].Length).Select(i => rows.Max(row => row[i].Length)).ToArray();
        foreach (var row in rows)
        {
            Console.WriteLine(string.Join("  ", row.Select((cell, i) => i < names.Length ? Plain(cell).PadRight(widths[i]) : cell.PadLeft(widths[i]))).TrimEnd());
        }

        Console.WriteLine($"{report.GetProperty("from").GetString()} to {report.GetProperty("to").GetString()}, {report.GetProperty("time_zone").GetString()}");
        if (!report.GetProperty("is_complete").GetBoolean())
        {
            Console.WriteLine("Older exchanges are still being summed up; ask again later.");
        }

        if (report.GetProperty("next_offset").ValueKind != JsonValueKind.Null)
        {
            Console.WriteLine($"There are more than {MostRows} groups; --format csv has all of them.");
        }
    }

    /// <summary>Names of users come from callers; a terminal would obey control characters in them.</summary>
    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
