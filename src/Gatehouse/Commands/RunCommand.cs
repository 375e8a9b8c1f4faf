using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Gatehouse.Runs;

namespace Gatehouse.Commands;

/// <summary><c>gatehouse run list|show|stop|resume</c></summary>
internal static class RunCommand
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create() => new("run", "Runs of a running gateway (GATEHOUSE_ADMIN_URL, GATEHOUSE_ADMIN_TOKEN).") { List(), Show(), Stop(), Resume() };

    private static Option<bool> AsJson() => new("--json") { Description = "For machines." };

    private static Argument<string> Id() => new("id") { Description = "Id of the run." };

    private static Option<string?> Tenant() => new("--tenant") { Description = "Whose run, where several have one of the id: organization:NAME, team:NAME, project:NAME or key:ID." };

    private static Command List()
    {
        var json = AsJson();
        var limit = new Option<int>("--limit") { Description = "How many, 1 to 200.", DefaultValueFactory = _ => 50 };
        var (key, agent, tenant) = (
            new Option<string?>("--key") { Description = "Name or id of the key of the first call." },
            new Option<string?>("--agent") { Description = "Name of the agent." },
            Tenant());
        var state = new Option<string?>("--state") { Description = "active or stopped. Default: all." };
        var command = new Command("list", "List runs, the one that began last first.") { limit, key, agent, tenant, state, json };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var runs = await client.ListAsync<RunView>("/runs" + Query(
                ("limit", result.GetValue(limit).ToString(System.Globalization.CultureInfo.InvariantCulture)),
                ("key", result.GetValue(key)), ("agent", result.GetValue(agent)), ("tenant", result.GetValue(tenant)), ("state", result.GetValue(state))));
            Console.WriteLine(result.GetValue(json) ? Json(runs) : RunText.Of(runs));
        }));
        return command;
    }

    private static Command Show()
    {
        var (id, tenant, json) = (Id(), Tenant(), AsJson());
        var command = new Command("show", "Show a run: its call tree, with the cost of each call.") { id, tenant, json };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var run = await client.GetAsync<RunDetailView>(PathOf(result.GetValue(id)!, "", result.GetValue(tenant)));
            Console.WriteLine(result.GetValue(json) ? Json(run) : RunText.Of(run));
        }));
        return command;
    }

    private static Command Stop()
    {
        var (id, tenant, json) = (Id(), Tenant(), AsJson());
        var message = new Option<string?>("--message") { Description = "Why, for those who are refused." };
        var command = new Command("stop", "Refuse all further calls of a run. Calls in flight go on.") { id, tenant, message, json };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var run = await client.PostAsync<RunView>(PathOf(result.GetValue(id)!, "/stop", result.GetValue(tenant)), new StopRunRequest(result.GetValue(message)));
            Console.WriteLine(result.GetValue(json) ? Json(run) : RunText.Of(run));
        }));
        return command;
    }

    private static Command Resume()
    {
        var (id, tenant, json) = (Id(), Tenant(), AsJson());
        var command = new Command("resume", "Let a stopped run go on; its limits count anew.") { id, tenant, json };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var run = await client.PostAsync<RunView>(PathOf(result.GetValue(id)!, "/resume", result.GetValue(tenant)), new { });
            Console.WriteLine(result.GetValue(json) ? Json(run) : RunText.Of(run));
        }));
        return command;
    }

    private static string PathOf(string id, string action, string? tenant) => $"/runs/{Uri.EscapeDataString(id)}{action}{Query(("tenant", tenant))}";

    private static string Query(params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var pairs = new List<string>();
        foreach (var (name, value) in parameters)
        {
            if (value is not null)
            {
                pairs.Add($"{name}={Uri.EscapeDataString(value)}");
            }
        }

        return pairs.Count == 0 ? "" : $"?{string.Join('&', pairs)}";
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, Indented);
}
