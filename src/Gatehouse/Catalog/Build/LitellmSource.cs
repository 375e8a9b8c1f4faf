using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Gatehouse.Catalog.Build;

/// <summary>BerriAI/litellm <c>model_prices_and_context_window.json</c>: USD per single unit.</summary>
internal static partial class LitellmSource
{
    private const decimal Million = 1_000_000;

    private static readonly Dictionary<string, PriceKind> Kinds = new(StringComparer.Ordinal)
    {
        ["input_cost_per_token"] = PriceKind.Input,
        ["output_cost_per_token"] = PriceKind.Output,
        ["cache_read_input_token_cost"] = PriceKind.CacheRead,
        ["cache_creation_input_token_cost"] = PriceKind.CacheWrite,
        ["cache_creation_input_token_cost_above_1hr"] = PriceKind.CacheWriteOneHour,
        ["output_cost_per_reasoning_token"] = PriceKind.Reasoning,
        ["input_cost_per_audio_token"] = PriceKind.AudioInput,
        ["cache_read_input_audio_token_cost"] = PriceKind.AudioCacheRead,
        ["output_cost_per_audio_token"] = PriceKind.AudioOutput,
        ["input_cost_per_image_token"] = PriceKind.ImageInput,
        ["output_cost_per_image_token"] = PriceKind.ImageOutput,
        ["input_cost_per_query"] = PriceKind.Request,
        ["input_cost_per_request"] = PriceKind.Request,
        ["input_cost_per_image"] = PriceKind.InputImage,
        ["output_cost_per_image"] = PriceKind.Image,
        ["input_cost_per_second"] = PriceKind.InputSecond,
        ["input_cost_per_audio_per_second"] = PriceKind.InputSecond,
        ["output_cost_per_second"] = PriceKind.Second,
        ["input_cost_per_character"] = PriceKind.InputCharacter,
        ["output_cost_per_character"] = PriceKind.Character,
        ["ocr_cost_per_page"] = PriceKind.Page,
    };

    private static readonly Dictionary<string, string> Capabilities = new(StringComparer.Ordinal)
    {
        ["supports_function_calling"] = "tools",
        ["supports_parallel_function_calling"] = "parallel_tools",
        ["supports_tool_choice"] = "tool_choice",
        ["supports_vision"] = "vision",
        ["supports_image_input"] = "vision",
        ["supports_audio_input"] = "audio_input",
        ["supports_audio_output"] = "audio_output",
        ["supports_video_input"] = "video_input",
        ["supports_pdf_input"] = "pdf",
        ["supports_prompt_caching"] = "prompt_cache",
        ["supports_reasoning"] = "reasoning",
        ["supports_response_schema"] = "structured_output",
        ["supports_web_search"] = "web_search",
        ["supports_computer_use"] = "computer_use",
        ["supports_system_messages"] = "system",
        ["supports_native_streaming"] = "streaming",
        ["supports_assistant_prefill"] = "prefill",
    };

    private static readonly Dictionary<string, string> Modes = new(StringComparer.Ordinal)
    {
        ["image_generation"] = "image",
        ["audio_transcription"] = "transcription",
        ["audio_speech"] = "speech",
        ["video_generation"] = "video",
    };

    public static IEnumerable<SourceModel> Read(JsonElement file)
    {
        foreach (var entry in file.EnumerateObject())
        {
            var model = entry.Value;
            if (Text(model, "litellm_provider") is { } name && CatalogProviders.OfLitellm(name) is { } provider
                && CatalogIds.Clean(provider, WithoutPrefix(entry.Name, name)) is { } id)
            {
                yield return Model(model, provider, id);
            }
        }
    }

    private static SourceModel Model(JsonElement model, string provider, string id)
    {
        var mode = Text(model, "mode");
        return new SourceModel(PriceSource.Litellm, provider, id)
        {
            Prices = Prices(model),
            Page = Text(model, "source") is { } page && page.StartsWith("https://", StringComparison.Ordinal) ? page : null,
            Mode = mode is null ? null : Modes.GetValueOrDefault(mode, mode),
            Context = Number(model, "max_input_tokens"),
            MaxOutput = Number(model, "max_output_tokens"),
            Input = Texts(model, "supported_modalities"),
            Output = Texts(model, "supported_output_modalities"),
            Capabilities = Capabilities.Where(pair => model.TryGetProperty(pair.Key, out var is_) && is_.ValueKind == JsonValueKind.True)
                .Select(pair => pair.Value).ToHashSet(StringComparer.Ordinal),
            Deprecated = Text(model, "deprecation_date") is { Length: 10 } day ? day : null,
        };
    }

    /// <summary>Names are prefixed with litellm's own name of the provider.</summary>
    private static string WithoutPrefix(string id, string provider)
    {
        var slash = id.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return id;
        }

        var prefix = id[..slash];
        return prefix == provider || provider.StartsWith(prefix + "-", StringComparison.Ordinal) || prefix is "bedrock" or "azure" or "cohere" or "vertex_ai" or "openai" && provider.Contains(prefix, StringComparison.Ordinal)
            ? id[(slash + 1)..]
            : id;
    }

    private static Dictionary<PriceKey, decimal> Prices(JsonElement model)
    {
        var prices = new Dictionary<PriceKey, decimal>();
        foreach (var field in model.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Number && KeyOf(field.Name) is { } key)
            {
                prices[key] = key.Kind.IsPerToken() ? field.Value.GetDecimal() * Million : field.Value.GetDecimal();
            }
        }

        if (model.TryGetProperty("search_context_cost_per_query", out var search) && search.TryGetProperty("search_context_size_medium", out var medium))
        {
            prices[new PriceKey(PriceKind.WebSearch)] = medium.GetDecimal();
        }

        if (model.TryGetProperty("tiered_pricing", out var tiers))
        {
            AddTiers(prices, tiers);
        }

        return prices;
    }

    /// <summary><c>[{ "range": [0, 32000], "input_cost_per_token": ... }]</c></summary>
    private static void AddTiers(Dictionary<PriceKey, decimal> prices, JsonElement tiers)
    {
        foreach (var tier in tiers.EnumerateArray().Where(tier => tier.TryGetProperty("range", out _)))
        {
            var above = (int)tier.GetProperty("range")[0].GetDecimal();
            foreach (var field in tier.EnumerateObject())
            {
                if (field.Value.ValueKind == JsonValueKind.Number && KeyOf(field.Name) is { } key)
                {
                    prices[key with { Above = above }] = field.Value.GetDecimal() * Million;
                }
            }
        }
    }

    private static PriceKey? KeyOf(string field)
    {
        var match = Field().Match(field);
        return Kinds.TryGetValue(match.Groups["kind"].Value, out var kind)
            ? new PriceKey(
                kind,
                match.Groups["above"] is { Success: true } above ? int.Parse(above.ValueSpan, CultureInfo.InvariantCulture) * 1000 : 0,
                match.Groups["tier"].Value switch
                {
                    "batches" => ServiceTier.Batch,
                    "flex" => ServiceTier.Flex,
                    "priority" => ServiceTier.Priority,
                    _ => ServiceTier.Standard,
                })
            : null;
    }

    private static string? Text(JsonElement model, string field) =>
        model.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement model, string field) =>
        model.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.Number && value.GetDouble() is > 0 and var number ? (long)number : null;

    private static HashSet<string> Texts(JsonElement model, string field) =>
        model.TryGetProperty(field, out var list) ? list.EnumerateArray().Select(item => item.GetString()!).ToHashSet(StringComparer.Ordinal) : [];

    [GeneratedRegex("^(?<kind>.+?)(_above_(?<above>[0-9]+)k_tokens)?(_(?<tier>batches|flex|priority))?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Field();
}
