using System.Security.Cryptography;
using System.Text;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Configuration;

/// <summary>What the command line says; it wins over the file.</summary>
/// <param name="ConfigurationFile">Null: <c>./gatehouse.yaml</c> if there is one, else the embedded default.</param>
internal sealed record StartOptions(string? ConfigurationFile = null, string? Data = null, string? Listen = null, string? Admin = null);

/// <summary>A configuration as read, before it is compiled.</summary>
/// <param name="Digest">SHA-256 of what was read, with the variables and files it names: equal digests mean equal configurations.</param>
internal sealed record LoadedConfiguration(GatewayOptions Options, ConfigurationErrors Errors, string Digest);

/// <summary>Reads gatehouse.yaml, or takes the embedded default.</summary>
internal sealed class ConfigurationLoader(StartOptions start, Func<string, string?> environment)
{
    private const string DefaultFile = "gatehouse.yaml";

    private volatile string? _file = start.ConfigurationFile;

    /// <summary>Reads an environment variable.</summary>
    public Func<string, string?> Variable => environment;

    /// <summary>The file that was read last; null for the embedded default.</summary>
    public string? File => _file;

    /// <summary>The file that <see cref="Load"/> reads as soon as it is there.</summary>
    public string WatchedFile => start.ConfigurationFile ?? DefaultFile;

    public LoadedConfiguration Load()
    {
        // Once it was there it stays the file: a gateway must not fall back to the default because its file is gone for a moment.
        if (File is null && System.IO.File.Exists(DefaultFile))
        {
            _file = DefaultFile;
        }

        var errors = new ConfigurationErrors(File is null ? "embedded default" : Path.GetFileName(File));
        if (File is null)
        {
            return new LoadedConfiguration(Override(GatewayOptions.Embedded()), errors, Digest("embedded"));
        }

        try
        {
            var yaml = System.IO.File.ReadAllText(File);
            var values = new StringBuilder(yaml);
            var options = new YamlBinder(errors, name => Noted(name, environment(name)), path => Noted(path, System.IO.File.ReadAllText(path))!).Bind<GatewayOptions>(yaml);
            return new LoadedConfiguration(Override(options), errors, Digest(values.ToString()));

            string? Noted(string name, string? value)
            {
                _ = values.Append('\n').Append(name).Append('=').Append(value);
                return value;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            errors.Add("", $"cannot read the configuration: {exception.Message}");
            return new LoadedConfiguration(new GatewayOptions(), errors, "");
        }
    }

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private GatewayOptions Override(GatewayOptions options) => options with
    {
        Listen = start.Listen ?? options.Listen,
        Admin = options.Admin with { Listen = start.Admin ?? options.Admin.Listen },
        Storage = start.Data is null ? options.Storage : $"sqlite:{Path.Combine(start.Data, "gatehouse.db")}",
    };
}
