using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Dialects.Bedrock;
using Gatehouse.Protocols.Dialects.Cohere;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Catalog;

/// <summary>One reading of a recorded usage, with the price that genai-prices expects.</summary>
/// <param name="Provider">Its name there.</param>
/// <param name="Flavor">The form in which the usage is taken to be written.</param>
/// <param name="Input">USD.</param>
/// <param name="Output">USD.</param>
/// <param name="Total">USD, where calls are charged too.</param>
internal sealed record OracleCase(string Provider, string Flavor, string Model, JsonElement Usage, decimal Input, decimal Output, decimal? Total)
{
    public string Name => $"{Provider}/{Model}";

    /// <summary>The kind of provider, and its name of the model.</summary>
    public (string Kind, string Model) Target => Provider switch
    {
        // Recorded at Anthropic: the regional profile of the same model is meant.
        "aws" => ("bedrock", Model.StartsWith("claude", StringComparison.Ordinal) ? $"us.anthropic.{Model}" : Model),
        "azure" => ("azure-openai", Model),
        "google" => (Model.StartsWith("claude", StringComparison.Ordinal) ? "vertex" : "gemini", Model),
        "moonshotai" => ("moonshot", Model),
        "x-ai" => ("xai", Model),
        "zhipuai" => ("zhipu", Model),
        _ when Provider.StartsWith("huggingface_", StringComparison.Ordinal) => ("huggingface", $"{Model}:{Provider["huggingface_".Length..]}"),
        _ => (Provider, Model),
    };

    public Usage? Read() => Flavor switch
    {
        "anthropic" => AnthropicUsageReader.Read(Usage),
        "default" when Provider == "anthropic" => AnthropicUsageReader.Read(Usage),
        "default" when Provider == "google" => GeminiUsageReader.Read(Usage),
        "default" when Provider == "aws" => BedrockUsageReader.Read(Usage),
        _ when Provider == "cohere" => CohereUsageReader.Read(Usage),
        _ => OpenAiUsageReader.Read(Usage),
    };
}

internal static class PriceOracle
{
    /// <summary>The day of the oracle's own prices.</summary>
    public static readonly DateTimeOffset At = new(2026, 8, 21, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Every reading whose price is another one here: how many there are, and why. A line that is not needed any more fails the test, too.</summary>
    public static readonly Dictionary<string, (int Count, string Why)> Differing = new(StringComparer.Ordinal)
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

    /// <summary>Every recorded usage once, priced or not.</summary>
    public static IEnumerable<OracleReading> Readings()
    {
        foreach (var item in Items())
        {
            var usage = UsageOf(item);
            var (provider, flavor, read) = FormOf(usage);
            var expected = item.GetProperty("extracted").EnumerateArray().Single(reading => reading.GetProperty("extractors").EnumerateArray().Any(extractor =>
                extractor.GetProperty("provider_id").ValueEquals(provider) && extractor.GetProperty("api_flavor").ValueEquals(flavor))).GetProperty("usage");
            yield return new OracleReading(item.GetProperty("body").GetProperty("file").GetString()!, $"{provider} {flavor}", read(usage), expected);
        }
    }

    private static (string Provider, string Flavor, Func<JsonElement, Usage?> Read) FormOf(JsonElement usage)
    {
        return Has("promptTokenCount") ? ("google", "default", GeminiUsageReader.Read)
            : Has("inputTokens") ? ("aws", "default", BedrockUsageReader.Read)
            : Has("tokens") ? ("cohere", "default", CohereUsageReader.Read)
            : Has("billed_units") ? ("cohere", "embeddings", CohereUsageReader.Read)
            : Has("cache_creation_input_tokens") ? ("anthropic", "default", AnthropicUsageReader.Read)
            : Has("completion_tokens") ? ("openai", "chat", OpenAiUsageReader.Read)
            : Has("prompt_tokens") ? ("openai", "embeddings", OpenAiUsageReader.Read)
            : ("openai", "responses", OpenAiUsageReader.Read);

        bool Has(string name) => usage.TryGetProperty(name, out _);
    }

    private static JsonElement.ArrayEnumerator Items() => JsonDocument.Parse(
        SharedData.Read("prices.tar.gz").Single(entry => entry.Key.EndsWith("usage_cases.json", StringComparison.Ordinal)).Value).RootElement.EnumerateArray();

    private static JsonElement UsageOf(JsonElement item)
    {
        var body = item.GetProperty("body");
        return body.TryGetProperty("usage", out var found) || body.TryGetProperty("usageMetadata", out found) ? found : body.GetProperty("meta");
    }

    public static IEnumerable<OracleCase> Cases()
    {
        foreach (var item in Items())
        {
            var usage = UsageOf(item);
            var extractors = item.GetProperty("extracted").EnumerateArray().SelectMany(reading => reading.GetProperty("extractors").EnumerateArray());
            foreach (var extractor in extractors.Where(extractor => extractor.TryGetProperty("input_price", out _)))
            {
                yield return new OracleCase(
                    extractor.GetProperty("provider_id").GetString()!, extractor.GetProperty("api_flavor").GetString()!, item.GetProperty("model").GetString()!,
                    usage, Number("input_price")!.Value, Number("output_price")!.Value, Number("total_price"));

                decimal? Number(string name) => extractor.TryGetProperty(name, out var text) ? decimal.Parse(text.GetString()!, NumberStyles.Float, CultureInfo.InvariantCulture) : null;
            }
        }
    }
}

/// <summary>A recorded usage and what the oracle reads of it in the form in which it was written.</summary>
internal sealed record OracleReading(string File, string Form, Usage? Read, JsonElement Expected)
{
    public long? ExpectedCount(string name) => Expected.TryGetProperty(name, out var count) ? count.GetInt64() : null;
}
