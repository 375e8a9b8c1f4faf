using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Routing;
using Gatehouse.Routing.Explain;

namespace Gatehouse.Commands;

/// <summary><c>gatehouse route list|show|explain</c></summary>
internal static class RouteCommand
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create() => new("route", "Routes of a running gateway (GATEHOUSE_ADMIN_URL, GATEHOUSE_ADMIN_TOKEN).") { List(), Show(), Explain() };

    private static Option<bool> AsJson() => new("--json") { Description = "For machines." };

    private static Argument<string> Name() => new("name") { Description = "Name of the route." };

    private static Command List()
    {
        var json = AsJson();
        var command = new Command("list", "List the routes in force.") { json };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var routes = await client.ListAsync<RouteView>("/routes");
            Console.WriteLine(result.GetValue(json) ? Json(routes) : RouteText.Of(routes));
        }));
        return command;
    }

    private static Command Show()
    {
        var (name, json) = (Name(), AsJson());
        var command = new Command("show", "Show a route: its tree, and how its targets are.") { name, json };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var route = await client.GetAsync<RouteView>(PathOf(result.GetValue(name)!));
            Console.WriteLine(result.GetValue(json) ? Json(route) : RouteText.Of(route));
        }));
        return command;
    }

    private static Command Explain()
    {
        var (name, json) = (Name(), AsJson());
        var request = new Option<FileInfo?>("--request") { Description = "File with the body of a request, in any format that clients may speak." };
        var path = new Option<string?>("--path") { Description = "Where a client would send it, such as /v1/messages. Default: by its shape." };
        var key = new Option<string?>("--key") { Description = "Name or id of the key that a client would use." };
        var headers = new Option<string[]>("--header") { Description = "'NAME: VALUE' that a client would send; may be given more than once." };
        var config = new Option<string?>("--config") { Description = "Explain by this configuration file, with all targets well, instead of asking the running gateway." };
        headers.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.IndexOf(':', StringComparison.Ordinal) <= 0))
            {
                result.AddError("--header takes 'NAME: VALUE'.");
            }
        });

        var command = new Command("explain", "Tell which target would take a request, which ones after it, and why. Nothing is called.")
        {
            name, request, path, key, headers, config, json,
        };
        command.SetAction(async result =>
        {
            JsonElement? body = null;
            if (result.GetValue(request) is { } file)
            {
                try
                {
                    body = JsonElement.Parse(await File.ReadAllBytesAsync(file.FullName), new JsonDocumentOptions { MaxDepth = 512 });
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
                {
                    await Console.Error.WriteLineAsync($"--request {file}: {exception.Message}");
                    return ExitCodes.Usage;
                }
            }

            var asked = new RouteExplainRequest
            {
                Request = body,
                Path = result.GetValue(path),
                Key = result.GetValue(key),
                Headers = result.GetValue(headers)?.Select(header => header.Split(':', 2)).GroupBy(pair => pair[0].Trim(), StringComparer.OrdinalIgnoreCase)
                    .ToDictionary(group => group.Key, group => string.Join(", ", group.Select(pair => pair[1].Trim())), StringComparer.OrdinalIgnoreCase),
            };
            return result.GetValue(config) is { } configuration
                ? Offline(configuration, result.GetValue(name)!, asked, Print)
                : await AdminClient.RunAsync(async client => Print(await client.PostAsync<RouteExplanation>($"{PathOf(result.GetValue(name)!)}/explain", asked)));

            void Print(RouteExplanation explanation) => Console.WriteLine(result.GetValue(json) ? Json(explanation) : RouteText.Of(explanation));
        });
        return command;
    }

    /// <summary>By the file alone: what a gateway would do that has just started with it.</summary>
    private static int Offline(string file, string name, RouteExplainRequest asked, Action<RouteExplanation> print)
    {
        var time = TimeProvider.System;
        var random = new Random(unchecked((int)time.GetTimestamp()));
        var loader = new ConfigurationLoader(new StartOptions(file), Environment.GetEnvironmentVariable);
        var loaded = loader.Load();
        var snapshot = new SnapshotCompiler(loaded.Errors, time, random, loader.Variable).Compile(loaded.Options, storedKeys: [], previous: null);
        if (loaded.Errors.Any)
        {
            foreach (var error in loaded.Errors.Messages)
            {
                Console.Error.WriteLine(error);
            }

            return ExitCodes.Usage;
        }

        if (!snapshot.Routes.TryGetValue(name, out var route))
        {
            Console.Error.WriteLine(RouteExplainer.NotFound(name, snapshot));
            return ExitCodes.Failure;
        }

        var (explanation, mistake) = new RouteExplainer(time, random).Explain(snapshot, route, asked);
        if (mistake is not null)
        {
            Console.Error.WriteLine(mistake.Message);
            return ExitCodes.Failure;
        }

        print(explanation!);
        return ExitCodes.Success;
    }

    private static string PathOf(string name) => $"/routes/{Uri.EscapeDataString(name)}";

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, Indented);
}
