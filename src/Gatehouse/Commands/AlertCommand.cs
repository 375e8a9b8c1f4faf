using System.CommandLine;
using System.Globalization;
using Gatehouse.Admin.Contract;
using Gatehouse.Alerts;

namespace Gatehouse.Commands;

/// <summary><c>gatehouse alert list|test|acknowledge</c></summary>
internal static class AlertCommand
{
    public static Command Create() => new("alert", "Alerts of a running gateway (GATEHOUSE_ADMIN_URL, GATEHOUSE_ADMIN_TOKEN).")
    {
        List(), Test(), Acknowledge(),
    };

    private static Command List()
    {
        var state = new Option<string?>("--state") { Description = "open or resolved. Default: both." };
        var kind = new Option<string?>("--kind") { Description = "Only alerts of this kind." };
        var limit = new Option<int>("--limit") { Description = "How many, the newest first.", DefaultValueFactory = _ => 50 };
        var command = new Command("list", "List alerts, newest first.") { state, kind, limit };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var query = string.Create(CultureInfo.InvariantCulture, $"/alerts?limit={result.GetValue(limit)}");
            query += result.GetValue(state) is { } wanted ? $"&state={Uri.EscapeDataString(wanted)}" : "";
            query += result.GetValue(kind) is { } word ? $"&kind={Uri.EscapeDataString(word)}" : "";
            foreach (var alert in await client.ListAsync<AlertView>(query))
            {
                var mark = alert.AcknowledgedAt is null ? alert.State : $"{alert.State}, acknowledged";
                Console.WriteLine(
                    $"{alert.Id}  {alert.OpenedAt.ToString("u", CultureInfo.InvariantCulture)}  {alert.Severity,-8}  {mark}  {alert.Kind}  {alert.Subject}  {alert.Count.ToString(CultureInfo.InvariantCulture)}x  {alert.Message}");
            }
        }));
        return command;
    }

    private static Command Test()
    {
        var command = new Command("test", "Send a test alert to every sink.");
        command.SetAction(async result =>
        {
            var hasFailed = false;
            var code = await AdminClient.RunAsync(async client =>
            {
                var tests = await client.PostAsync<ListOf<AlertTestView>>("/alerts/test", new { });
                hasFailed = tests.Data.Any(test => !test.Ok);
                foreach (var test in tests.Data)
                {
                    Console.WriteLine($"{test.Sink}: {(test.Ok ? "ok" : test.Error)}");
                }

                if (tests.Data.Count == 0)
                {
                    Console.WriteLine("There are no sinks: alerts.sinks in gatehouse.yaml.");
                }
            });
            return code == ExitCodes.Success && hasFailed ? ExitCodes.Failure : code;
        });
        return command;
    }

    private static Command Acknowledge()
    {
        var id = new Argument<string>("id") { Description = "Id of the alert (alr_...)." };
        var command = new Command("acknowledge", "Take care of an alert: it is not sent again while it goes on.") { id };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            _ = await client.PostAsync<AlertView>($"/alerts/{Uri.EscapeDataString(result.GetValue(id)!)}/acknowledge", new { });
            Console.WriteLine("acknowledged");
        }));
        return command;
    }
}
