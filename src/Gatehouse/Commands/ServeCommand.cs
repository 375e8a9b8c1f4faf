using System.CommandLine;
using System.Runtime.InteropServices;
using Gatehouse.Configuration;
using Gatehouse.Hosting;
using Gatehouse.Identity;
using Gatehouse.Storage;
using Microsoft.Extensions.Logging.Console;

namespace Gatehouse.Commands;

/// <summary><c>gatehouse serve</c></summary>
internal static class ServeCommand
{
#pragma warning disable RS0030 // Here the randomness is injected: this is the one that many threads may use.
    private static readonly Random Chance = Random.Shared;
#pragma warning restore RS0030

    private static readonly Option<string?> Config = new("--config") { Description = "Configuration file. Default: ./gatehouse.yaml if there is one, else the sandbox alone." };
    private static readonly Option<string?> Data = new("--data") { Description = "Folder of the database. Default: as the configuration says, ./data." };
    private static readonly Option<string?> Listen = new("--listen") { Description = "HOST:PORT for clients. Default: 127.0.0.1:8080." };
    private static readonly Option<string?> Admin = new("--admin") { Description = "HOST:PORT for the admin API. Default: 127.0.0.1:8081." };
    private static readonly Option<string> Log = new("--log") { Description = "Format of the log on stderr: text or json.", DefaultValueFactory = _ => "text" };

    public static Command Create()
    {
        _ = Log.AcceptOnlyFromAmong("text", "json");
        var command = new Command("serve", "Run the gateway.") { Config, Data, Listen, Admin, Log };
        command.SetAction(result => RunAsync(
            new StartOptions(result.GetValue(Config), result.GetValue(Data), result.GetValue(Listen), result.GetValue(Admin)),
            isJsonLog: result.GetValue(Log) == "json"));
        return command;
    }

    private static async Task<int> RunAsync(StartOptions options, bool isJsonLog)
    {
        var progress = new StartProgress();
        using var logging = CreateLogging(isJsonLog, progress);
        GatewayApplication gateway;
        try
        {
            gateway = GatewayApplication.Build(options, new GatewayEnvironment(TimeProvider.System, Chance, logging, Environment.GetEnvironmentVariable));
        }
        catch (ConfigurationException exception)
        {
            await Console.Error.WriteLineAsync($"The configuration has mistakes:\n  {string.Join("\n  ", exception.Errors)}");
            return ExitCodes.Usage;
        }
        catch (StorageException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return ExitCodes.Failure;
        }

        await using (gateway)
        {
            return await ServeAsync(gateway, progress);
        }
    }

    private static async Task<int> ServeAsync(GatewayApplication gateway, StartProgress progress)
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var reload = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            _ = gateway.Snapshots.Load("SIGHUP");
        });

        try
        {
            await gateway.StartAsync(CancellationToken.None);
        }
        catch (IOException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return ExitCodes.Failure;
        }

        progress.IsStarted = true;
        await WelcomeAsync(gateway);
        await stop.Task;
        return ExitCodes.Success;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            _ = stop.TrySetResult();
        }
    }

    /// <summary>The line that says it is ready; at the first start also all that a first request needs.</summary>
    private static async Task WelcomeAsync(GatewayApplication gateway)
    {
        var address = gateway.Address.ToString().TrimEnd('/');
        var lines = new List<string> { $"ready: {address} (admin {gateway.AdminAddress.ToString().TrimEnd('/')})" };
        if (gateway.AdminToken.JustMade is { } token)
        {
            lines.Add($"admin token: {token}");
        }

        if (gateway.IsFirstStart)
        {
            var (_, secret) = gateway.Keys.Create(new NewKey("first", ["*"]));
            lines.Add($"api key: {secret}");
            lines.Add(FirstRequest(gateway.Snapshots.Current, address, secret));
        }

        // One write: who waits for the first line finds the others too.
        await Console.Out.WriteAsync(string.Join('\n', lines) + "\n");
        await Console.Out.FlushAsync();
    }

    private static string FirstRequest(Snapshot snapshot, string address, string secret)
    {
        var sandbox = snapshot.Providers.Values.FirstOrDefault(provider => provider.Entry.Kind == Upstream.ProviderTable.Sandbox);
        var model = snapshot.Routes.Keys.Order(StringComparer.Ordinal).FirstOrDefault() ?? (sandbox is null ? null : $"{sandbox.Name}/echo");
        return model is null
            ? $"curl {address}/v1/models -H 'Authorization: Bearer {secret}'"
            : $"curl {address}/v1/chat/completions -H 'Authorization: Bearer {secret}' -H 'content-type: application/json' "
                + $"-d '{{\"model\": \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'";
    }

    private static ILoggerFactory CreateLogging(bool isJson, StartProgress progress) => LoggerFactory.Create(logging =>
    {
        _ = logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning);
        // At any level the web framework would make an activity and a scope for each request.
        _ = logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        // The server logs a failed start with a stack trace, twice; the command says it in one line.
        _ = logging.AddFilter("Microsoft.Extensions.Hosting", progress.IsWorthALine).AddFilter("Microsoft.AspNetCore.Server.Kestrel", progress.IsWorthALine);
        _ = isJson
            ? logging.AddJsonConsole(json =>
            {
                json.UseUtcTimestamp = true;
                json.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
            })
            : logging.AddSimpleConsole(text =>
            {
                text.SingleLine = true;
                text.UseUtcTimestamp = true;
                text.TimestampFormat = "HH:mm:ss ";
                text.ColorBehavior = LoggerColorBehavior.Disabled;
            });
        // stdout is for what is printed once for a person or a script; the log goes to stderr.
        _ = logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    });

    private sealed class StartProgress
    {
        public volatile bool IsStarted;

        public bool IsWorthALine(LogLevel level) => level >= LogLevel.Warning && IsStarted;
    }
}
