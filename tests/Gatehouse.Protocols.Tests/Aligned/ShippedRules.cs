using System.IO.Enumeration;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Aligned;

/// <summary>The rules that the program ships for its targets, as it would apply them.</summary>
internal static class ShippedRules
{
    private static readonly Lazy<JsonElement> File = new(() => JsonDocument.Parse(System.IO.File.ReadAllBytes(
        Path.Combine(Repository.Root, "src", "Gatehouse", "Upstream", "Translation", "target-rules.json"))).RootElement);

    public static TargetRules Of(string kind, string model)
    {
        var rules = File.Value.All("rules").Where(r => IsFor(r, kind, model)).ToList();
        var rename = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in rules.Select(r => r.At("rename")).OfType<JsonElement>().SelectMany(r => r.EnumerateObject()))
        {
            rename[pair.Name] = pair.Value.GetString()!;
        }

        return new TargetRules { Drop = Texts(rules, "drop"), Traits = Texts(rules, "traits"), Rename = rename };
    }

    private static bool IsFor(JsonElement rule, string kind, string model) =>
        (rule.At("kinds") is null || rule.All("kinds").Any(k => k.GetString() == kind))
        && (rule.At("models") is null || rule.All("models").Any(p => IsLike(p, model)))
        && !rule.All("except").Any(p => IsLike(p, model));

    private static bool IsLike(JsonElement pattern, string model) => FileSystemName.MatchesSimpleExpression(pattern.GetString(), model);

    private static List<string> Texts(List<JsonElement> rules, string name) => [.. rules.SelectMany(r => r.All(name)).Select(v => v.GetString()!).Distinct(StringComparer.Ordinal)];
}
