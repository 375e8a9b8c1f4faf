using System.IO.Enumeration;
using System.Text.Json;
using System.Text.Json.Serialization;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Upstream.Translation;

/// <summary>The rules of target-rules.json: what single providers and models refuse, or call by another name.</summary>
internal static class TargetRulesTable
{
    /// <summary>The model is served through the Responses API alone.</summary>
    public const string ResponsesOnly = "responses_only";

    /// <summary>Usage comes without being asked for, or not at all; <c>stream_options</c> may be refused.</summary>
    private const string NoStreamOptions = "no_stream_options";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    private static readonly IReadOnlyList<Rule> Rules = Load();

    /// <summary>Callers may invent names of models: so many are remembered for a provider, and the others looked up each time.</summary>
    private const int MaxRemembered = 1000;

    /// <summary>All that is known of a target; rules that come later in the file add to those before.</summary>
    public static TargetRules Of(Target target)
    {
        var remembered = target.Provider.Rules;
        if (remembered.TryGetValue(target.Model, out var rules))
        {
            return rules;
        }

        rules = Complete(Merge(target.Provider.Entry.Kind, target.Model), target);
        return remembered.Count < MaxRemembered ? remembered.GetOrAdd(target.Model, rules) : rules;
    }

    /// <summary>What the configuration of the provider says, and not its kind.</summary>
    private static TargetRules Complete(TargetRules rules, Target target) =>
        target.Provider.RequestStreamUsage ? rules : rules with { Traits = [.. rules.Traits, NoStreamOptions] };

    private static TargetRules Merge(string kind, string model)
    {
        var matching = Rules.Where(rule => rule.Matches(kind, model)).ToList();
        if (matching.Count == 0)
        {
            return TargetRules.None;
        }

        return new TargetRules
        {
            Drop = [.. matching.SelectMany(rule => rule.Drop).Distinct(StringComparer.Ordinal)],
            Rename = matching.SelectMany(rule => rule.Rename).GroupBy(pair => pair.Key, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.Last().Value, StringComparer.Ordinal),
            Traits = [.. matching.SelectMany(rule => rule.Traits).Distinct(StringComparer.Ordinal)],
            PromptCacheMinTokens = matching.LastOrDefault(rule => rule.PromptCacheMinTokens is not null)?.PromptCacheMinTokens,
        };
    }

    private static IReadOnlyList<Rule> Load()
    {
        using var stream = typeof(TargetRulesTable).Assembly.GetManifestResourceStream("target-rules.json")!;
        return JsonSerializer.Deserialize<RuleFile>(stream, Json)!.Rules;
    }

    private sealed record RuleFile(int Schema, IReadOnlyList<Rule> Rules);

    /// <summary>One rule.</summary>
    private sealed record Rule
    {
        /// <summary>Kinds of providers; all when empty.</summary>
        public IReadOnlyList<string> Kinds { get; init; } = [];

        /// <summary>Patterns of the target's own names of models, with <c>*</c>; all when empty.</summary>
        public IReadOnlyList<string> Models { get; init; } = [];

        /// <summary>Patterns of models of which the rule does not hold although <see cref="Models"/> has them.</summary>
        public IReadOnlyList<string> Except { get; init; } = [];

        public IReadOnlyList<string> Drop { get; init; } = [];

        public IReadOnlyDictionary<string, string> Rename { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

        public IReadOnlyList<string> Traits { get; init; } = [];

        public long? PromptCacheMinTokens { get; init; }

        public required string Source { get; init; }

        [JsonPropertyName("checked")]
        public required string Checked { get; init; }

        public bool Matches(string kind, string model) =>
            (Kinds.Count == 0 || Kinds.Contains(kind, StringComparer.Ordinal))
            && (Models.Count == 0 || Models.Any(pattern => IsLike(pattern, model)))
            && !Except.Any(pattern => IsLike(pattern, model));

        private static bool IsLike(string pattern, string model) => FileSystemName.MatchesSimpleExpression(pattern, model);
    }
}
