using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Gatehouse.Catalog.Build;

/// <summary>
/// pydantic/genai-prices <c>data.json</c>: USD per million tokens. Its models are not names but rules for names ("contains
/// claude-sonnet-4"), so it is asked about the names that the other sources know, and about those that its own rules spell out.
/// </summary>
internal static partial class GenaiSource
{
    private static readonly Dictionary<string, PriceKind> Kinds = new(StringComparer.Ordinal)
    {
        ["input_mtok"] = PriceKind.Input,
        ["output_mtok"] = PriceKind.Output,
        ["cache_read_mtok"] = PriceKind.CacheRead,
        ["cache_write_mtok"] = PriceKind.CacheWrite,
        ["input_audio_mtok"] = PriceKind.AudioInput,
        ["output_audio_mtok"] = PriceKind.AudioOutput,
        ["cache_audio_read_mtok"] = PriceKind.AudioCacheRead,
        ["requests_kcount"] = PriceKind.Request,
    };

    /// <param name="known">Names of models that the other sources have, by provider.</param>
    public static IEnumerable<SourceModel> Read(JsonElement file, DateOnly asOf, ILookup<string, string> known)
    {
        var providers = file.EnumerateArray().ToDictionary(entry => entry.GetProperty("id").GetString()!, StringComparer.Ordinal);
        foreach (var (name, entry) in providers)
        {
            const string Router = "huggingface_";
            var isRouted = name.StartsWith(Router, StringComparison.Ordinal);
            foreach (var provider in isRouted ? ["huggingface"] : CatalogProviders.OfGenai(name))
            {
                var suffix = isRouted ? $":{name[Router.Length..]}" : "";
                var rules = RulesOf(entry, provider)
                    .Concat(Fallbacks(entry).SelectMany(fallback => RulesOf(providers[fallback], provider)))
                    .ToArray();
                var spelledOut = rules.Where(rule => !rule.IsFallback(name)).SelectMany(rule => rule.Names()).ToHashSet(StringComparer.OrdinalIgnoreCase);
                var names = spelledOut.Concat(isRouted ? [] : known[provider]);
                foreach (var id in names.Where(id => CatalogIds.Clean(provider, id) is not null).Distinct(StringComparer.OrdinalIgnoreCase))
                {
                    var normal = id.ToLowerInvariant();
                    if (Array.Find(rules, rule => rule.Matches(normal)) is { } rule)
                    {
                        yield return Model(rule.Model, provider, id + suffix, asOf) with { IsByRule = rule.IsFallback(name) || !(spelledOut.Contains(id) || rule.NamesVersionOf(normal)) };
                    }
                }
            }
        }
    }

    private static IEnumerable<Rule> RulesOf(JsonElement entry, string provider) => entry.GetProperty("models").EnumerateArray()
        // Two products of one provider: what is said of one is not said of the other.
        .Where(model => provider is not "gemini" || !model.GetProperty("id").GetString()!.StartsWith("claude", StringComparison.Ordinal))
        .Select(model => new Rule(model, entry.GetProperty("id").GetString()!));

    private static IEnumerable<string> Fallbacks(JsonElement entry) =>
        entry.TryGetProperty("fallback_model_providers", out var list) ? list.EnumerateArray().Select(item => item.GetString()!) : [];

    private static SourceModel Model(JsonElement model, string provider, string id, DateOnly asOf)
    {
        var result = new SourceModel(PriceSource.GenaiPrices, provider, id)
        {
            Context = model.TryGetProperty("context_window", out var window) && window.ValueKind == JsonValueKind.Number ? window.GetInt64() : null,
        };
        var prices = model.GetProperty("prices");
        if (prices.ValueKind == JsonValueKind.Object)
        {
            Add(prices, result.Prices);
            return result;
        }

        foreach (var period in prices.EnumerateArray())
        {
            var block = period.GetProperty("prices");
            if (period.TryGetProperty("constraint", out var constraint) && constraint.TryGetProperty("start_date", out var start)
                && DateOnly.Parse(start.GetString()!, CultureInfo.InvariantCulture) is var day && day > asOf)
            {
                Add(block, result.Later[day] = []);
                continue;
            }

            // A later period replaces an earlier one; of hours of the day, the last is the dear one.
            result.Prices.Clear();
            Add(block, result.Prices);
        }

        return result;
    }

    private static void Add(JsonElement block, Dictionary<PriceKey, decimal> prices)
    {
        foreach (var field in block.EnumerateObject())
        {
            if (!Kinds.TryGetValue(field.Name, out var kind))
            {
                continue;
            }

            if (field.Value.ValueKind == JsonValueKind.Number)
            {
                prices[new PriceKey(kind)] = kind == PriceKind.Request ? field.Value.GetDecimal() / 1000 : field.Value.GetDecimal();
                continue;
            }

            prices[new PriceKey(kind)] = field.Value.GetProperty("base").GetDecimal();
            foreach (var tier in field.Value.GetProperty("tiers").EnumerateArray())
            {
                prices[new PriceKey(kind, tier.GetProperty("start").GetInt32())] = tier.GetProperty("price").GetDecimal();
            }
        }
    }

    /// <summary>A model's rule for names.</summary>
    private sealed partial record Rule(JsonElement Model, string Provider)
    {
        private readonly Func<string, bool> _matches = Compile(Model.GetProperty("match"));

        public bool IsFallback(string provider) => Provider != provider;

        public bool Matches(string name) => _matches(name);

        /// <summary>Whether the rule spells out all of a name but its date or version.</summary>
        public bool NamesVersionOf(string name) => Leaves(Model.GetProperty("match")).Any(text =>
            name.IndexOf(text, StringComparison.Ordinal) is >= 0 and var at && Version().IsMatch(name[..at] + name[(at + text.Length)..]));

        private static IEnumerable<string> Leaves(JsonElement match) => match.EnumerateObject().SelectMany(rule =>
            rule.Value.ValueKind == JsonValueKind.Array ? rule.Value.EnumerateArray().SelectMany(Leaves) : [rule.Value.GetString()!]);

        /// <summary>Names that the rule spells out.</summary>
        public IEnumerable<string> Names()
        {
            var id = Model.GetProperty("id").GetString()!;
            return Equal(Model.GetProperty("match")).Concat(Matches(id.ToLowerInvariant()) && !id.StartsWith("regional.", StringComparison.Ordinal) ? [id] : []);
        }

        private static IEnumerable<string> Equal(JsonElement match) => match.EnumerateObject().SelectMany(rule => rule.Name switch
        {
            "equals" => [rule.Value.GetString()!],
            "or" => rule.Value.EnumerateArray().SelectMany(Equal),
            _ => Enumerable.Empty<string>(),
        });

        [GeneratedRegex("^(-?latest|[-@:.v0-9])*$", RegexOptions.ExplicitCapture, 1000)]
        private static partial Regex Version();

        private static Func<string, bool> Compile(JsonElement match)
        {
            var rule = match.EnumerateObject().Single();
            if (rule.Name is "or" or "and")
            {
                var parts = rule.Value.EnumerateArray().Select(Compile).ToArray();
                return rule.Name == "or" ? name => Array.Exists(parts, part => part(name)) : name => Array.TrueForAll(parts, part => part(name));
            }

            var text = rule.Value.GetString()!;
            return rule.Name switch
            {
                "equals" => name => name == text,
                "starts_with" => name => name.StartsWith(text, StringComparison.Ordinal),
                "ends_with" => name => name.EndsWith(text, StringComparison.Ordinal),
                "contains" => name => name.Contains(text, StringComparison.Ordinal),
                "regex" when new Regex(text, RegexOptions.None, TimeSpan.FromSeconds(1)) is var regex => regex.IsMatch,
                _ => throw new InvalidDataException($"genai_prices.json has a rule '{rule.Name}', which is not known here."),
            };
        }
    }
}
