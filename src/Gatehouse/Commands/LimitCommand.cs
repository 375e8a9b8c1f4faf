using System.CommandLine;
using System.Text.Json.Nodes;
using Gatehouse.Limits;

namespace Gatehouse.Commands;

/// <summary><c>gatehouse limit list|show|create|delete|raise</c></summary>
internal static class LimitCommand
{
    public static Command Create() => new("limit", "Budgets and rates of a running gateway (GATEHOUSE_ADMIN_URL, GATEHOUSE_ADMIN_TOKEN).")
    {
        List(), Show(), CreateLimit(), Delete(), Raise(),
    };

    private static Command List()
    {
        var key = new Option<string?>("--key") { Description = "Only those that can apply to a key (id or name)." };
        var team = new Option<string?>("--team") { Description = "Only those of a team." };
        var command = new Command("list", "List the limits in force, each with the account of which most is used.") { key, team };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var query = string.Concat(Query("key", result.GetValue(key)), Query("team", result.GetValue(team)));
            foreach (var limit in await client.ListAsync<LimitView>($"/limits?limit=1000{query}"))
            {
                var most = limit.Accounts.Count == 0 ? "nothing used" : Text(limit, limit.Accounts[0]);
                Console.WriteLine($"{limit.Id}  {limit.Owner,-4}  {limit.Name}{Whose(limit)}: {most}{Bucket(limit)}");
            }
        }));
        return command;
    }

    private static Command Show()
    {
        var id = new Argument<string>("id") { Description = "Id of the limit (lim_...)." };
        var command = new Command("show", "Show a limit and its accounts.") { id };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var limit = await client.GetAsync<LimitView>($"/limits/{Uri.EscapeDataString(result.GetValue(id)!)}?limit=1000");
            var per = limit.Unit == "concurrency" ? "" : $" per {limit.Per}";
            Console.WriteLine(Invariant($"{limit.Name}{Whose(limit)}\n{limit.Most} {limit.Unit}{per}, {limit.Action} ({limit.Owner})"));
            if (limit.Match.Count > 0)
            {
                Console.WriteLine($"where {string.Join(" and ", limit.Match.Select(pair => $"{pair.Key}={pair.Value}"))}");
            }

            if (limit.GroupBy.Count > 0)
            {
                Console.WriteLine($"by {string.Join(", ", limit.GroupBy)}");
            }

            foreach (var account in limit.Accounts)
            {
                Console.WriteLine($"{(account.Bucket.Length == 0 ? "all" : account.Bucket)}: {Text(limit, account)}");
                if (account.Raise is { } raise)
                {
                    Console.WriteLine(Invariant($"  raised by {raise.Amount} until {raise.Until:u}: {raise.Reason}"));
                }

                if (account.Forecast?.GoneAt is { } gone)
                {
                    Console.WriteLine(Invariant($"  at {account.Forecast.UsdPerHour} USD an hour it is gone at {gone:u}"));
                }
            }
        }));
        return command;
    }

    private static Command CreateLimit()
    {
        var item = new Argument<string>("item") { Description = "As under limits of gatehouse.yaml, in JSON: '{\"budget_usd\": 100, \"per\": \"month\", \"match\": {\"team\": \"search\"}}'." };
        item.Validators.Add(result =>
        {
            if (Parse(result.Tokens[0].Value) is null)
            {
                result.AddError("item must be a JSON object.");
            }
        });
        var command = new Command("create", "Make a limit.") { item };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var limit = await client.PostAsync<LimitView>("/limits", Parse(result.GetValue(item)!)!);
            Console.WriteLine($"id: {limit.Id}");
        }));
        return command;
    }

    private static Command Delete()
    {
        var id = new Argument<string>("id") { Description = "Id of the limit (lim_...)." };
        var command = new Command("delete", "Delete a limit that was made with the API.") { id };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            await client.DeleteAsync($"/limits/{Uri.EscapeDataString(result.GetValue(id)!)}");
            Console.WriteLine("deleted");
        }));
        return command;
    }

    private static Command Raise()
    {
        var id = new Argument<string>("id") { Description = "Id of the limit (lim_...)." };
        var usd = new Option<decimal?>("--usd") { Description = "By so much, of a budget." };
        var amount = new Option<long?>("--amount") { Description = "By so much, of any other limit." };
        var bucket = new Option<string?>("--bucket") { Description = "Which account, of a limit with group_by." };
        var reason = new Option<string>("--reason") { Description = "Why.", Required = true };
        var until = new Option<DateTimeOffset>("--until") { Description = "When it ends, such as 2027-01-31T00:00:00Z.", Required = true };
        var command = new Command("raise", "Raise a limit for a while.") { id, usd, amount, bucket, reason, until };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var limit = await client.PostAsync<LimitView>($"/limits/{Uri.EscapeDataString(result.GetValue(id)!)}/raise", new RaiseRequest
            {
                AmountUsd = result.GetValue(usd),
                Amount = result.GetValue(amount),
                Bucket = result.GetValue(bucket),
                Reason = result.GetValue(reason),
                Until = result.GetValue(until),
            });
            Console.WriteLine($"raised: {limit.Name}{Whose(limit)}");
        }));
        return command;
    }

    /// <summary>Teams may give their limits the same name; what has none says it itself.</summary>
    private static string Whose(LimitView limit) => limit.Scope.Length == 0 || limit.Name.Contains(limit.Scope.Replace(':', ' '), StringComparison.Ordinal) ? "" : $" ({limit.Scope})";

    private static string Text(LimitView limit, LimitAccountView account)
    {
        var held = account.Held == 0 ? "" : Invariant($", {account.Held} held");
        var resets = account.ResetsAt is { } at ? Invariant($", resets {at:u}") : "";
        return Invariant($"{account.Used} of {account.Most} {limit.Unit}{held}{resets}");
    }

    /// <summary>Which of the accounts it is that stands for all.</summary>
    private static string Bucket(LimitView limit) => limit.Accounts.Count == 0 || limit.Accounts[0].Bucket.Length == 0 ? ""
        : limit.AccountCount == 1 ? $" ({limit.Accounts[0].Bucket})"
        : Invariant($" ({limit.Accounts[0].Bucket}, the most of {limit.AccountCount})");

    private static JsonObject? Parse(string json)
    {
        try
        {
            return JsonNode.Parse(json) as JsonObject;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static string Query(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
