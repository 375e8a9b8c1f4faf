using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Configuration;
using Gatehouse.Limits;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>docs/limits.md: its examples can be loaded, and every name on it is one that there is.</summary>
public sealed partial class LimitsPageTests
{
    [Fact]
    public void Every_configuration_can_be_loaded()
    {
        var blocks = Blocks("yaml").ToArray();

        Assert.InRange(blocks.Length, 2, 20);
        Assert.All(blocks, block =>
        {
            using var folder = new TemporaryFolder();
            var file = Path.Combine(folder.Path, "gatehouse.yaml");
            File.WriteAllText(file, "providers: { sandbox: {}, groq: { api_key: x } }\n" + block);
            var loaded = new ConfigurationLoader(new StartOptions(file), _ => "set").Load();
            var snapshot = new SnapshotCompiler(loaded.Errors, new ManualTime(), new SeededRandom(1), _ => "set").Compile(loaded.Options, storedKeys: [], previous: null);
            Assert.Empty(loaded.Errors.Messages);
            Assert.NotEmpty(snapshot.LimitRules);
        });
    }

    [Fact]
    public void Items_on_the_command_line_are_items()
    {
        var items = Item().Matches(Page()).Select(match => match.Groups["item"].Value).ToArray();

        Assert.NotEmpty(items);
        Assert.All(items, item =>
        {
            var errors = new Gatehouse.Configuration.Binding.ConfigurationErrors("the page");
            LimitCompiler.Check(LimitItems.Read($"[{item}]", errors), "limits", errors);
            Assert.Empty(errors.Messages);
        });
    }

    [Fact]
    public void The_error_on_the_page_is_what_callers_get()
    {
        var rule = LimitCompiler.Compile([new LimitOptions { Name = "search monthly", BudgetUsd = 400, Per = LimitPeriod.Month }], "")[0];
        var refusal = new LimitRefusal(rule, "", rule.Most, Needed: 310_000_000, Left: 120_000_000, Held: 0, Wait: null, new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero));
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Codecs.Of(Dialect.OpenAiChat).WriteError(refusal.ToError().ToChatError(), writer);
        }

        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(Assert.Single(Blocks("json"))), JsonElement.Parse(buffer.ToArray())), System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static string Page() => File.ReadAllText(Path.Combine(Repository.Root, "docs", "limits.md"));

    private static IEnumerable<string> Blocks(string language) => Fence().Matches(Page()).Where(match => match.Groups["language"].Value == language).Select(match => match.Groups["text"].Value);

    [GeneratedRegex("^```(?<language>[a-z]+)\n(?<text>.*?)^```$", RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline, 5000)]
    private static partial Regex Fence();

    [GeneratedRegex(@"limit create '(?<item>[^']+)'", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Item();
}
