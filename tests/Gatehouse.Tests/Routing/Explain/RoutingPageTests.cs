using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Commands;
using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Routing.Explain;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Explain;

/// <summary>docs/routing.md: every configuration on it can be loaded, and what it shows of <c>route explain</c> is what that prints.</summary>
public sealed partial class RoutingPageTests
{
    /// <summary>The page does not repeat them in every example.</summary>
    private const string Providers = """
        providers:
          openai: { api_key: x }
          anthropic: { api_key: x }
          gemini: { api_key: x }
          groq: { api_key: x }
          mistral: { api_key: x }
          local: { kind: openai-compatible, base_url: "http://localhost:8000/v1" }

        """;

    [Fact]
    public void Every_configuration_can_be_loaded()
    {
        var blocks = Blocks().Where(block => block.Language == "yaml").ToArray();

        Assert.InRange(blocks.Length, 10, 100);
        Assert.All(blocks, block => Assert.Empty(Load(block.Text).Errors.Messages));
    }

    [Fact]
    public void What_is_shown_of_explanations_is_what_is_printed()
    {
        var (yaml, json, shown) = ("", "", 0);
        foreach (var (language, text) in Blocks())
        {
            yaml = language == "yaml" ? text : yaml;
            json = language == "json" ? text : json;
            if (language != "console" || !text.Contains("--config", StringComparison.Ordinal))
            {
                continue;
            }

            shown++;
            var name = Command().Match(text).Groups["name"].Value;
            var snapshot = Load(yaml).Snapshot;
            var (explanation, mistake) = new RouteExplainer(new ManualTime(), new SeededRandom(1)).Explain(
                snapshot, snapshot.Routes[name], new RouteExplainRequest { Request = JsonElement.Parse(json) });
            Assert.Null(mistake);
            Assert.Equal(text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..].TrimEnd(), RouteText.Of(explanation!));
        }

        Assert.InRange(shown, 1, 10);
    }

    private static (Snapshot Snapshot, ConfigurationErrors Errors) Load(string yaml)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "gatehouse.yaml");
        File.WriteAllText(file, yaml.StartsWith("providers:", StringComparison.Ordinal) || yaml.Contains("\nproviders:", StringComparison.Ordinal) ? yaml : Providers + yaml);
        var loaded = new ConfigurationLoader(new StartOptions(file), _ => "set").Load();
        return (new SnapshotCompiler(loaded.Errors, new ManualTime(), new SeededRandom(1), _ => "set").Compile(loaded.Options, storedKeys: [], previous: null), loaded.Errors);
    }

    private static IEnumerable<(string Language, string Text)> Blocks() => Fence()
        .Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "routing.md")))
        .Select(match => (match.Groups["language"].Value, match.Groups["text"].Value));

    [GeneratedRegex("^```(?<language>[a-z]+)\n(?<text>.*?)^```$", RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline, 5000)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^\$ gatehouse route explain (?<name>\S+) --config \S+ --request \S+\n", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Command();
}
