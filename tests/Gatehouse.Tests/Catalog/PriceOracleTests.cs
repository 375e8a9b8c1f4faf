using Gatehouse.Catalog;
using Gatehouse.Metering;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Tests.Catalog;

/// <summary>Recorded usages of all providers, with the price that somebody else computed for them.</summary>
public sealed class PriceOracleTests(ITestOutputHelper output)
{
    private const decimal NanoUsd = 1_000_000_000;

    /// <summary>Every reading whose price is another one here: how many there are, and why. A line that is not needed any more fails the test, too.</summary>
    private static readonly Dictionary<string, (int Count, string Why)> Differing = new(StringComparer.Ordinal)
    {
        ["anthropic/claude-sonnet-4-6 default"] = (1, "compaction, which Anthropic bills and the oracle leaves out"),
        ["aws/claude-sonnet-4-6 anthropic"] = (1, "compaction, which Anthropic bills and the oracle leaves out"),
        ["azure/claude-sonnet-4-6 anthropic"] = (1, "compaction, which Anthropic bills and the oracle leaves out"),
        ["azure/claude-sonnet-4-6 responses"] = (4, "compaction once; for the rest, the oracle reads Anthropic's usage as OpenAI's and leaves out the cache"),
        ["google/claude-sonnet-4-6 anthropic"] = (1, "compaction, which Anthropic bills and the oracle leaves out"),
        ["aws/claude-sonnet-4-5-20250929 anthropic"] = (1, "an input of 401,468 tokens; litellm has a price for long inputs in this profile, genai-prices has none"),
        ["aws/openai.gpt-5.6-luna anthropic"] = (3, "0.22 USD here (litellm, Portkey), 1.10 there"),
        ["azure/claude-haiku-4-5-20251001 responses"] = (1, "the oracle reads Anthropic's usage as OpenAI's, and so leaves out what was read from and written to the cache"),
        ["azure/claude-sonnet-5 responses"] = (1, "the oracle reads Anthropic's usage as OpenAI's, and so leaves out what was read from and written to the cache"),
        ["azure/claude-sonnet-4-20250514 anthropic"] = (10, "not in the catalogue: no source has it at this provider"),
        ["azure/claude-sonnet-4-20250514 responses"] = (10, "not in the catalogue: no source has it at this provider"),
        ["azure/claude-sonnet-4-5-20250929 responses"] = (3, "the oracle reads Anthropic's usage as OpenAI's, and so leaves out what was read from and written to the cache"),
        ["azure/gpt-5.6-sol responses"] = (1, "the oracle has no price for what is written to the cache"),
        ["azure/gpt-oss-120b chat"] = (4, "0.15 USD here (litellm, with Azure's page); the oracle takes another provider's"),
        ["azure/gpt-oss-120b embeddings"] = (4, "as above"),
        ["cerebras/qwen-3-coder-480b chat"] = (1, "the oracle has it free, the other sources have not"),
        ["deepseek/deepseek-r1-distill-llama-70b chat"] = (1, "not in the catalogue: no source has it at this provider"),
        ["google/claude-sonnet-4-5-20250929 anthropic"] = (1, "an input of 401,468 tokens; litellm and Portkey have a price for long inputs, genai-prices has none"),
        ["google/gemini-2.0-flash-exp default"] = (1, "not in the catalogue with a price"),
        ["mistral/mistral-large-latest default"] = (9, "0.5 USD here (litellm with Mistral's page, models.dev), 2 there: the name has moved on to a newer model"),
        ["openai/gpt-4o-audio-preview-2024-12-17 chat"] = (2, "the oracle has no price for audio"),
        ["openai/gpt-4o-audio-preview-2024-12-17 embeddings"] = (2, "as above"),
        ["openrouter/Qwen/Qwen2.5-VL-72B-Instruct chat"] = (2, "the sources disagree"),
        ["openrouter/qwen/qwen3-32b chat"] = (4, "the sources disagree"),
        ["zhipuai/glm-5.2 chat"] = (1, "the sources disagree"),
    };

    [Fact]
    public void Costs_are_what_the_oracle_expects_but_for_what_is_listed_here()
    {
        var cases = PriceOracle.Cases().ToArray();
        var differing = cases.Where(item => !Matches(item)).GroupBy(item => $"{item.Name} {item.Flavor}", StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        output.WriteLine($"{cases.Length - differing.Values.Sum()} of {cases.Length} match");

        Assert.Equal(1838, cases.Length);
        Assert.Equal(
            Differing.Select(line => $"{line.Value.Count} {line.Key}").Order(StringComparer.Ordinal),
            differing.Select(line => $"{line.Value} {line.Key}").Order(StringComparer.Ordinal));
        Assert.True(differing.Values.Sum() < 0.04 * cases.Length);
    }

    [Fact]
    public void Usage_is_read_as_the_oracle_reads_it()
    {
        var readings = PriceOracle.Readings().ToArray();

        // Mistral's num_cached_tokens is not known there, and compaction, which Anthropic bills, not counted.
        var differing = readings.Where(reading => !IsSame(reading)).ToArray();
        Assert.Equal(809, readings.Length);
        Assert.Equal(16, differing.Count(reading => reading.File.Contains("-mistral]", StringComparison.Ordinal) && reading.Read is { CacheReadTokens: > 0 }));
        Assert.Equal("models/cassettes/test_anthropic/test_anthropic_compaction_end_to_end.yaml", Assert.Single(differing, reading => !reading.File.Contains("-mistral]", StringComparison.Ordinal)).File);
    }

    private static bool IsSame(OracleReading reading)
    {
        if (reading.Read is not { } usage)
        {
            return false;
        }

        var input = usage.InputTokens + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0);
        return Same(input, "input_tokens") && Same(usage.OutputTokens, "output_tokens") && Same(usage.CacheReadTokens, "cache_read_tokens")
            && Same(usage.CacheWriteTokens, "cache_write_tokens") && Same(usage.ReasoningTokens, "output_reasoning_tokens") && Same(usage.WebSearchCalls, "web_searches")
            && Same((usage.AudioInputTokens ?? 0) + (usage.AudioCacheReadTokens ?? 0), "input_audio_tokens");

        bool Same(long? count, string name) => (count ?? 0) == (reading.ExpectedCount(name) ?? 0);
    }

    private static bool Matches(OracleCase item)
    {
        var (kind, model) = item.Target;
        if (ModelNames.Find(CatalogFile.Embedded, kind, model) is not { } entry || ModelPrice.Of(entry) is not { } price)
        {
            return false;
        }

        // Where it gives no total, the oracle leaves out the searches; its reading of embeddings leaves out the output.
        var usage = item.Read()!;
        usage = item.Total is null ? usage with { WebSearchCalls = null } : usage;
        usage = item.Flavor == "embeddings" ? new Usage { InputTokens = usage.InputTokens, CacheReadTokens = usage.CacheReadTokens, AudioInputTokens = usage.AudioInputTokens } : usage;
        return CostCalculator.Calculate(usage, price, ServiceTier.Standard, PriceOracle.At) is { } cost
            && cost.Input == item.Input * NanoUsd
            && cost.Output == item.Output * NanoUsd
            && (item.Total is not { } total || cost.NanoUsd == total * NanoUsd);
    }
}
