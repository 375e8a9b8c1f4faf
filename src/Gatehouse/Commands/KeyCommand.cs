using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Identity;

namespace Gatehouse.Commands;

/// <summary><c>gatehouse key create|list|revoke</c></summary>
internal static class KeyCommand
{
    private static readonly string[] Payers = ["organization", "team", "project", "agent"];

    public static Command Create() => new("key", "API keys of a running gateway (GATEHOUSE_ADMIN_URL, GATEHOUSE_ADMIN_TOKEN).")
    {
        CreateKey(), List(), Revoke(),
    };

    private static Command CreateKey()
    {
        var name = new Argument<string>("name") { Description = "Name in reports and logs." };
        var models = new Option<string[]>("--models") { Description = "Routes, provider/model or model ids, with *. Default: all.", AllowMultipleArgumentsPerToken = true };
        var labels = new Option<string[]>("--label") { Description = "NAME=VALUE; may be given more than once." };
        var expires = new Option<DateTimeOffset?>("--expires") { Description = "Time from which the key is refused, such as 2027-01-31T00:00:00Z." };
        var payers = Payers.Select(payer => new Option<string?>($"--{payer}") { Description = $"The {payer} that the key belongs to." }).ToArray();
        var priority = new Option<string?>("--priority") { Description = "interactive, default or batch." };
        var budget = new Option<decimal?>("--budget-usd") { Description = "Most that the key may spend, in USD; with --per." };
        var requests = new Option<long?>("--requests-per-minute") { Description = "Most calls in a minute." };
        var tokens = new Option<long?>("--tokens-per-minute") { Description = "Most tokens of input and output in a minute." };
        var concurrency = new Option<int?>("--concurrency") { Description = "Most calls at the same time." };
        var per = new Option<string>("--per") { Description = "What --budget-usd is counted over: hour, day, week, month, run or once.", DefaultValueFactory = _ => "month" };
        labels.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => !token.Value.Contains('=', StringComparison.Ordinal)))
            {
                result.AddError("--label takes NAME=VALUE.");
            }
        });

        var command = new Command("create", "Make a key. Its secret is printed once.") { name, models, labels, expires, priority, budget, per, requests, tokens, concurrency };
        foreach (var payer in payers)
        {
            command.Add(payer);
        }

        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var request = new CreateKeyRequest
            {
                Name = result.GetValue(name),
                Models = result.GetValue(models) is { Length: > 0 } patterns ? patterns : null,
                ExpiresAt = result.GetValue(expires),
                Organization = result.GetValue(payers[0]),
                Team = result.GetValue(payers[1]),
                Project = result.GetValue(payers[2]),
                Agent = result.GetValue(payers[3]),
                Priority = result.GetValue(priority),
                Limits = LimitsOf(result.GetValue(budget), result.GetValue(per)!, result.GetValue(requests), result.GetValue(tokens), result.GetValue(concurrency)),
                Labels = result.GetValue(labels)?.Select(label => label.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal),
            };
            var key = await client.PostAsync<CreatedKeyView>("/keys", request);
            Console.WriteLine($"id:     {key.Id}\nsecret: {key.Secret}");
        }));
        return command;
    }

    private static JsonElement? LimitsOf(decimal? budget, string per, long? requests, long? tokens, int? concurrency)
    {
        var limits = new JsonArray();
        if (budget is not null)
        {
            limits.Add(new JsonObject { ["budget_usd"] = budget, ["per"] = per });
        }

        if (requests is not null)
        {
            limits.Add(new JsonObject { ["requests"] = requests, ["per"] = "minute" });
        }

        if (tokens is not null)
        {
            limits.Add(new JsonObject { ["total_tokens"] = tokens, ["per"] = "minute" });
        }

        if (concurrency is not null)
        {
            limits.Add(new JsonObject { ["concurrency"] = concurrency });
        }

        return limits.Count == 0 ? null : limits.Deserialize<JsonElement>();
    }

    private static Command List()
    {
        var command = new Command("list", "List the keys in force.");
        command.SetAction(_ => AdminClient.RunAsync(async client =>
        {
            foreach (var key in await client.ListAsync<KeyView>("/keys"))
            {
                var expiry = key.ExpiresAt is { } time ? $"until {time.ToString("u", CultureInfo.InvariantCulture)}" : "";
                Console.WriteLine($"{key.Id,-30}  {key.Hint,-10}  {key.Owner,-4}  {key.Name,-20}  {string.Join(',', key.Models)}  {expiry}".TrimEnd());
            }
        }));
        return command;
    }

    private static Command Revoke()
    {
        var id = new Argument<string>("id") { Description = "Id of the key (key_...)." };
        var command = new Command("revoke", "Revoke a key, at once.") { id };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            await client.DeleteAsync($"/keys/{Uri.EscapeDataString(result.GetValue(id)!)}");
            Console.WriteLine("revoked");
        }));
        return command;
    }
}
