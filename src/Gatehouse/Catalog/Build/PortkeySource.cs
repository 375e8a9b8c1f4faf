using System.Globalization;
using System.Text.Json;

namespace Gatehouse.Catalog.Build;

/// <summary>Portkey-AI/models: US cents per token or each, in <c>portkey_pricing.json</c>; capabilities in <c>portkey_general.json</c>.</summary>
internal static class PortkeySource
{
    private const decimal CentsPerTokenToUsdPerMillion = 10_000;
    private const decimal CentsToUsd = 0.01m;
    private const string ShortContext = "-lte-";
    private const string LongContext = "-gt-";

    private static readonly Dictionary<string, PriceKind> Kinds = new(StringComparer.Ordinal)
    {
        ["request_token"] = PriceKind.Input,
        ["response_token"] = PriceKind.Output,
        ["cache_read_input_token"] = PriceKind.CacheRead,
        ["cache_write_input_token"] = PriceKind.CacheWrite,
        ["cache_write_1h"] = PriceKind.CacheWriteOneHour,
        ["reasoning_token"] = PriceKind.Reasoning,
        ["request_audio_token"] = PriceKind.AudioInput,
        ["response_audio_token"] = PriceKind.AudioOutput,
        ["cache_read_audio_input_token"] = PriceKind.AudioCacheRead,
        ["request_image_token"] = PriceKind.ImageInput,
        ["image_token"] = PriceKind.ImageOutput,
        ["web_search"] = PriceKind.WebSearch,
    };

    private static readonly Dictionary<string, string> Supported = new(StringComparer.Ordinal)
    {
        ["tools"] = "tools",
        ["image"] = "vision",
        ["vision"] = "vision",
        ["pdf"] = "pdf",
        ["doc"] = "pdf",
        ["cache_control"] = "prompt_cache",
        ["video"] = "video_input",
    };

    public static IEnumerable<SourceModel> Read(JsonElement pricing, JsonElement general)
    {
        var models = new Dictionary<(string, string), SourceModel>();
        foreach (var entry in pricing.EnumerateObject())
        {
            if (CatalogProviders.OfPortkey(entry.Name) is not { } provider)
            {
                continue;
            }

            foreach (var model in entry.Value.EnumerateObject())
            {
                var (name, above) = WithoutContext(model.Name);
                if (CatalogIds.Clean(provider, name) is { } id)
                {
                    ref var known = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(models, (provider, id), out _);
                    known ??= Described(provider, entry.Name, id, general);
                    AddPrices(known.Prices, model.Value, above);
                }
            }
        }

        return models.Values.Select(WithSearchesAsRequests);
    }

    /// <summary>A reranking is charged by the search, which stands here as the price of a token.</summary>
    private static SourceModel WithSearchesAsRequests(SourceModel model)
    {
        const decimal DearestTokens = 100;
        var input = new PriceKey(PriceKind.Input);
        if (model.Id.Contains("rerank", StringComparison.Ordinal) && model.Prices.TryGetValue(input, out var price) && price >= DearestTokens)
        {
            _ = model.Prices.Remove(input);
            model.Prices[new PriceKey(PriceKind.Request)] = price / 1_000_000;
        }

        return model;
    }

    /// <summary>Google's models of old have an entry for each side of 128,000 tokens: <c>gemini-1.5-pro-gt-128k</c>.</summary>
    private static (string Id, int Above) WithoutContext(string id)
    {
        var at = id.IndexOf(LongContext, StringComparison.Ordinal) is >= 0 and var isLong ? isLong : id.IndexOf(ShortContext, StringComparison.Ordinal);
        if (at < 0 || !id.EndsWith('k'))
        {
            return (id, 0);
        }

        var isAbove = id.AsSpan(at).StartsWith(LongContext, StringComparison.Ordinal);
        var from = at + (isAbove ? LongContext.Length : ShortContext.Length);
        return int.TryParse(id.AsSpan(from, id.Length - from - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var thousands)
            ? (id[..at], isAbove ? thousands * 1000 : 0)
            : (id, 0);
    }

    private static void AddPrices(Dictionary<PriceKey, decimal> prices, JsonElement model, int above)
    {
        if (model.Member("pricing_config") is { } config)
        {
            Add(config, "pay_as_you_go", above, ServiceTier.Standard);
            Add(config, "batch_config", above, ServiceTier.Batch);
        }

        var custom = model.Member("custom_pricing");
        if (custom?.Member("regions")?.Member("default")?.Member("execution_modes") is not { } modes)
        {
            return;
        }

        foreach (var mode in modes.EnumerateObject())
        {
            if (!Enum.TryParse<ServiceTier>(mode.Name, ignoreCase: true, out var tier))
            {
                continue;
            }

            if (mode.Value.Member("pricing_config") is { } flat)
            {
                Add(flat, "pay_as_you_go", above, tier);
            }

            if (mode.Value.Member("context_tiers") is { } tiers && custom?.Member("context_tier_map") is { } map)
            {
                foreach (var step in map.EnumerateObject())
                {
                    if (tiers.Member(step.Value.GetString()!)?.Member("pricing_config") is { } stepped)
                    {
                        Add(stepped, "pay_as_you_go", int.Parse(step.Name, CultureInfo.InvariantCulture), tier);
                    }
                }
            }
        }

        void Add(JsonElement parent, string name, int from, ServiceTier tier)
        {
            if (parent.Member(name) is not { } block)
            {
                return;
            }

            AddFields(block, from, tier);
            if (block.Member("additional_units") is { } units)
            {
                AddFields(units, from, tier);
            }

            if (block.Member("image")?.Member("default")?.Member("default")?.Member("price") is { ValueKind: JsonValueKind.Number } each)
            {
                prices[new PriceKey(PriceKind.Image, from, tier)] = each.GetDecimal() * CentsToUsd;
            }
        }

        void AddFields(JsonElement block, int from, ServiceTier tier)
        {
            foreach (var field in block.EnumerateObject())
            {
                if (Kinds.TryGetValue(field.Name, out var kind) && field.Value.Member("price") is { ValueKind: JsonValueKind.Number } price)
                {
                    prices[new PriceKey(kind, from, tier)] = price.GetDecimal() * (kind.IsPerToken() ? CentsPerTokenToUsdPerMillion : CentsToUsd);
                }
            }
        }
    }

    private static SourceModel Described(string provider, string portkeyProvider, string id, JsonElement general)
    {
        string? mode = null;
        var capabilities = new HashSet<string>(StringComparer.Ordinal);
        if (general.Member(portkeyProvider)?.Member(id)?.Member("type") is { } type)
        {
            mode = type.Member("primary")?.GetString();
            if (type.Member("supported") is { } supported)
            {
                capabilities.UnionWith(supported.EnumerateArray().Select(item => Supported.GetValueOrDefault(item.GetString()!)).OfType<string>());
            }
        }

        return new SourceModel(PriceSource.Portkey, provider, id)
        {
            Mode = mode switch { "text" => "completion", "audio" => null, "image_generation" => "image", _ => mode },
            Capabilities = capabilities,
        };
    }
}
