using System.CommandLine;
using Gatehouse.Configuration;

namespace Gatehouse.Commands;

/// <summary><c>gatehouse check</c></summary>
internal static class CheckCommand
{
    private static readonly Option<string?> Config = new("--config") { Description = "Configuration file. Default: ./gatehouse.yaml if there is one." };

    public static Command Create()
    {
        var command = new Command("check", "Validate the configuration without starting.") { Config };
        command.SetAction(result => Run(result.GetValue(Config)));
        return command;
    }

    private static int Run(string? file)
    {
        var loader = new ConfigurationLoader(new StartOptions(file), Environment.GetEnvironmentVariable);
        try
        {
            ConfigurationException.ThrowIfAny(loader.Load(), TimeProvider.System, new Random(0), loader.Variable);
        }
        catch (ConfigurationException exception)
        {
            foreach (var error in exception.Errors)
            {
                Console.Error.WriteLine(error);
            }

            return ExitCodes.Usage;
        }

        Console.WriteLine($"{loader.File ?? "embedded default"}: ok");
        return ExitCodes.Success;
    }
}
