using System.CommandLine;
using Gatehouse.Configuration;
using Gatehouse.Upstream;

namespace Gatehouse.Commands;

/// <summary><c>gatehouse config docs</c> and <c>gatehouse config providers</c></summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var docs = new Command("docs", "Print the reference of gatehouse.yaml (docs/configuration.md).");
        docs.SetAction(_ => Console.Write(ConfigurationReference.Write()));
        var providers = new Command("providers", "Print the reference of the built-in providers (docs/providers.md).");
        providers.SetAction(_ => Console.Write(ProviderReference.Write()));
        return new Command("config", "About the configuration.") { docs, providers };
    }
}
