using System.Text.Json;

namespace Gatehouse.Catalog.Build;

/// <summary>anomalyco/models.dev: USD per million tokens.</summary>
internal static class ModelsDevSource
{
    private static readonly Dictionary<string, PriceKind> Kinds = new(StringComparer.Ordinal)
    {
        ["input"] = PriceKind.Input,
        ["output"] = PriceKind.Output,
        ["cache_read"] = PriceKind.CacheRead,
        ["cached_input"] = PriceKind.CacheRead,
        ["cache_input"] = PriceKind.CacheRead,
        ["cache_write"] = PriceKind.CacheWrite,
        ["cached_write"] = PriceKind.CacheWrite,
        ["reasoning"] = PriceKind.Reasoning,
        ["input_audio"] = PriceKind.AudioInput,
        ["output_audio"] = PriceKind.AudioOutput,
    };

    public static IEnumerable<SourceModel> Read(JsonElement file)
    {
        foreach (var entry in file.EnumerateObject())
        {
            if (CatalogProviders.OfModelsDev(entry.Name) is not { } provider)
            {
                continue;
            }

            foreach (var model in entry.Value.GetProperty("models").EnumerateObject())
            {
                if (CatalogIds.Clean(provider, model.Name) is { } id)
                {
                    yield return Model(model.Value, provider, id);
                }
            }
        }
    }

    private static SourceModel Model(JsonElement model, string provider, string id)
    {
        var modalities = model.GetProperty("modalities");
        var limit = model.GetProperty("limit");
        return new SourceModel(PriceSource.ModelsDev, provider, id)
        {
            Prices = Prices(model),
            Mode = Mode(id, Texts(modalities, "output")),
            Context = Positive(limit, "context"),
            MaxOutput = Positive(limit, "output"),
            Input = Texts(modalities, "input"),
            Output = Texts(modalities, "output"),
            Capabilities = Capabilities(model, modalities),
        };
    }

    private static Dictionary<PriceKey, decimal> Prices(JsonElement model)
    {
        var prices = new Dictionary<PriceKey, decimal>();
        if (!model.TryGetProperty("cost", out var cost))
        {
            return prices;
        }

        Add(cost, 0, ServiceTier.Standard);
        if (cost.TryGetProperty("tiers", out var tiers))
        {
            foreach (var tier in tiers.EnumerateArray())
            {
                Add(tier, tier.GetProperty("tier").GetProperty("size").GetInt32(), ServiceTier.Standard);
            }
        }

        // OpenAI's "fast" modes are its service tier "priority".
        if (model.TryGetProperty("experimental", out var experimental) && experimental.TryGetProperty("modes", out var modes))
        {
            foreach (var mode in modes.EnumerateObject().Where(mode => mode.Value.ToString().Contains("\"service_tier\": \"priority\"", StringComparison.Ordinal)))
            {
                if (mode.Value.TryGetProperty("cost", out var fast))
                {
                    Add(fast, 0, ServiceTier.Priority);
                }
            }
        }

        return prices;

        void Add(JsonElement block, int above, ServiceTier tier)
        {
            foreach (var field in block.EnumerateObject())
            {
                if (field.Value.ValueKind == JsonValueKind.Number && Kinds.TryGetValue(field.Name, out var kind))
                {
                    prices[new PriceKey(kind, above, tier)] = field.Value.GetDecimal();
                }
            }
        }
    }

    private static HashSet<string> Capabilities(JsonElement model, JsonElement modalities)
    {
        var capabilities = new HashSet<string>(StringComparer.Ordinal);
        AddIf("tool_call", "tools");
        AddIf("reasoning", "reasoning");
        AddIf("structured_output", "structured_output");
        foreach (var input in Texts(modalities, "input"))
        {
            _ = input switch
            {
                "image" => capabilities.Add("vision"),
                "audio" => capabilities.Add("audio_input"),
                "video" => capabilities.Add("video_input"),
                "pdf" => capabilities.Add("pdf"),
                _ => false,
            };
        }

        if (Texts(modalities, "output").Contains("audio"))
        {
            _ = capabilities.Add("audio_output");
        }

        return capabilities;

        void AddIf(string field, string capability)
        {
            if (model.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.True)
            {
                _ = capabilities.Add(capability);
            }
        }
    }

    private static string Mode(string id, HashSet<string> output) =>
        id.Contains("embed", StringComparison.OrdinalIgnoreCase) ? "embedding"
        : id.Contains("rerank", StringComparison.OrdinalIgnoreCase) ? "rerank"
        : output.Contains("text") ? "chat"
        : output.Contains("image") ? "image"
        : output.Contains("video") ? "video"
        : output.Contains("audio") ? "speech"
        : "chat";

    private static long? Positive(JsonElement limit, string field) => limit.TryGetProperty(field, out var value) && value.GetInt64() is > 0 and var number ? number : null;

    private static HashSet<string> Texts(JsonElement parent, string field) =>
        parent.TryGetProperty(field, out var list) ? list.EnumerateArray().Select(item => item.GetString()!).ToHashSet(StringComparer.Ordinal) : [];
}
