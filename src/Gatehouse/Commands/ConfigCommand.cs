using System.CommandLine;
using Gatehouse.Configuration;

namespace Gatehouse.Commands;

/// <summary><c>gatehouse config docs</c></summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var docs = new Command("docs", "Print the reference of gatehouse.yaml (docs/configuration.md).");
        docs.SetAction(_ => Console.Write(ConfigurationReference.Write()));
        return new Command("config", "About the configuration.") { docs };
    }
}
