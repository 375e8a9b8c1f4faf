using System.Text.Json;
using Gatehouse.Catalog;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Catalog;

/// <summary><c>gatehouse catalog</c></summary>
public sealed class CatalogCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task List_shows_models_with_prices()
    {
        var (code, output, _) = await RunAsync("list", "--provider", "anthropic", "--filter", "sonnet-4-6");

        Assert.Equal(0, code);
        Assert.Matches("(?m)^anthropic/claude-sonnet-4-6 +chat +1,000,000 +3 +15 +0.3 +agreed$", output);
        Assert.DoesNotContain("opus", output, StringComparison.Ordinal);
        Assert.Contains($"of {CatalogFile.Embedded.Count} models, catalogue {CatalogFile.Embedded.Revision}", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_and_show_speak_JSON()
    {
        var (_, list, _) = await RunAsync("list", "--provider", "groq", "--json");
        var (_, show, _) = await RunAsync("show", "bedrock/us.anthropic.claude-sonnet-4-6-v1:0", "--json");

        Assert.All(JsonElement.Parse(list).EnumerateArray(), model => Assert.Equal("groq", model.GetProperty("provider").GetString()));
        Assert.Equal(3.3m, JsonElement.Parse(show).GetProperty("prices")[0].GetProperty("usd").GetDecimal());
    }

    [Fact]
    public async Task Show_tells_each_price_with_its_source_and_day()
    {
        var (code, output, _) = await RunAsync("show", "anthropic/claude-sonnet-5");

        Assert.Equal(0, code);
        Assert.Matches(@"(?m)^    input +2 +genai-prices 2026-08-21$", output);
        Assert.Matches(@"(?m)^    input from 2026-09-01 +3 +genai-prices 2026-08-21$", output);
        Assert.Matches(@"(?m)^    web_search +0.01 each +litellm 2026-08-01$", output);
    }

    [Fact]
    public async Task A_model_that_is_not_there_fails_with_what_may_be_meant()
    {
        var (code, _, error) = await RunAsync("show", "opnai/gpt-5");

        Assert.Equal(1, code);
        Assert.Contains("no model 'opnai/gpt-5'. Did you mean openai/gpt-5", error, StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync("list", "--provider", "nobody")).Code);
    }

    [Fact]
    public async Task Diff_shows_what_changed()
    {
        var text = await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "src", "Gatehouse", "Catalog", "catalog.json"), TestContext.Current.CancellationToken);
        var before = Path.Combine(_folder.Path, "before.json");
        await File.WriteAllLinesAsync(
            before,
            text.Where(line => !line.StartsWith("""{"id":"groq/gemma2-9b-it",""", StringComparison.Ordinal))
                .Select(line => line.StartsWith("""{"id":"anthropic/claude-sonnet-4-6",""", StringComparison.Ordinal) ? line.Replace("\"input\":3", "\"input\":4", StringComparison.Ordinal) : line),
            TestContext.Current.CancellationToken);

        var (code, output, _) = await RunAsync("diff", before);
        var (_, json, _) = await RunAsync("diff", before, "--json");

        Assert.Equal(0, code);
        Assert.Equal(
            ["~ anthropic/claude-sonnet-4-6  input: 4 -> 3", "+ groq/gemma2-9b-it", $"2 changes from {CatalogFile.Embedded.Revision} to {CatalogFile.Embedded.Revision}"],
            output.Split('\n'));
        Assert.Equal(2, JsonElement.Parse(json).GetArrayLength());
    }

    [Fact]
    public async Task Build_and_diff_fail_with_words_on_files_that_are_none()
    {
        var nothing = Path.Combine(_folder.Path, "nothing.json");
        Assert.Contains("litellm.json", (await RunAsync("build", "--sources", _folder.Path, "--out", nothing)).Error, StringComparison.Ordinal);

        await File.WriteAllTextAsync(nothing, "{}", TestContext.Current.CancellationToken);
        var (code, _, error) = await RunAsync("diff", nothing);
        Assert.Equal(1, code);
        Assert.Contains("not a catalogue", error, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) =>
        await GatewayProcess.RunAsync(["catalog", .. arguments], _folder.Path);
}
