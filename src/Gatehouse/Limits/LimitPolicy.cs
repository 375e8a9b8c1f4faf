using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Gatehouse.Configuration;
using Gatehouse.Identity;
using Gatehouse.Pipeline;

namespace Gatehouse.Limits;

/// <summary>The limits of one snapshot. Those that can apply to a key are put together when it first calls.</summary>
/// <param name="stored">Made by the admin API.</param>
internal sealed class LimitPolicy(GatewayOptions options, IReadOnlyList<LimitOptions> stored)
{
    private readonly LimitRule[] _general =
    [
        .. LimitCompiler.Compile(options.Limits, scope: ""),
        .. options.Providers.SelectMany(provider => At(LimitField.Provider, provider.Key, provider.Value.Limits)),
        .. options.Routes.SelectMany(route => At(LimitField.Route, route.Key, route.Value.Limits)),
    ];

    private readonly LimitRule[] _stored = LimitCompiler.Compile(stored, scope: "");

    private readonly ConcurrentDictionary<string, KeyLimits> _keys = new(StringComparer.Ordinal);

    /// <summary>Keys that have called.</summary>
    public int Keys => _keys.Count;

    public KeyLimits Of(ApiKey key) => _keys.TryGetValue(key.Id, out var known) ? known : _keys.GetOrAdd(key.Id, static (_, made) => made.Policy.Compile(made.Key), (Policy: this, Key: key));

    /// <summary>Made by the admin API; where the file has the same one, that is in force.</summary>
    public IEnumerable<LimitRule> Stored => _stored.Where(rule => !Array.Exists(_general, general => string.Equals(general.Id, rule.Id, StringComparison.Ordinal)));

    /// <summary>All rules that can be shown without a key.</summary>
    public IEnumerable<LimitRule> Shared => _general
        .Concat(Stored)
        .Concat(Of(options.Organizations, "organization"))
        .Concat(Of(options.Teams, "team"))
        .Concat(Of(options.Projects, "project"));

    /// <summary>The rules that stand with a key.</summary>
    public static LimitRule[] OwnOf(ApiKey key) => LimitCompiler.Compile(key.Limits, $"key:{key.Id}", $"key {key.Name}");

    private KeyLimits Compile(ApiKey key)
    {
        var rules = new List<LimitRule>(OwnOf(key));
        Add(options.Projects, "project", key.Payer.Project);
        Add(options.Teams, "team", key.Payer.Team);
        Add(options.Organizations, "organization", key.Payer.Organization);
        rules.AddRange(_general.Concat(Stored).Where(rule => Array.TrueForAll(rule.Conditions, condition => condition.Dimension.MatchesAll(condition.Pattern, key) != false)));
        return rules.Count == 0 ? KeyLimits.None : new KeyLimits(rules);

        void Add(IReadOnlyDictionary<string, PayerOptions> payers, string kind, string? name)
        {
            if (name is not null && payers.TryGetValue(name, out var payer))
            {
                rules.AddRange(LimitCompiler.Compile(payer.Limits, $"{kind}:{name}"));
            }
        }
    }

    private static IEnumerable<LimitRule> Of(IReadOnlyDictionary<string, PayerOptions> payers, string kind) =>
        payers.SelectMany(payer => LimitCompiler.Compile(payer.Value.Limits, $"{kind}:{payer.Key}"));

    private static LimitRule[] At(LimitField field, string name, IReadOnlyList<LimitOptions> items)
    {
        var word = field.ToString().ToLowerInvariant();
        var matched = items.Select(item => item with { Match = new Dictionary<string, string>(item.Match, StringComparer.Ordinal) { [word] = name } });
        return LimitCompiler.Compile([.. matched], scope: "");
    }
}

/// <summary>The limits that can apply to exchanges of one key.</summary>
internal sealed class KeyLimits(IReadOnlyList<LimitRule> rules)
{
    public static readonly KeyLimits None = new([]);

    /// <summary>Decided before it is known where an exchange goes.</summary>
    public LimitRule[] AtAdmission { get; } = [.. rules.Where(rule => !rule.DependsOnTarget)];

    /// <summary>Decided at each target that is about to be asked.</summary>
    public LimitRule[] AtTarget { get; } = [.. rules.Where(rule => rule.DependsOnTarget)];

    public bool Any { get; } = rules.Count > 0;

    /// <summary>What a request will likely use has to be estimated.</summary>
    public bool CountsUse { get; } = rules.Any(rule => rule.CountsTokens || rule.Unit == LimitUnit.Money);

    /// <summary>The end user that the request names matters.</summary>
    public bool NeedsUser { get; } = rules.Any(rule => rule.GroupBy.Any(IsUser) || rule.Conditions.Any(condition => IsUser(condition.Dimension)));

    private static bool IsUser(LimitDimension dimension) => dimension.Field == LimitField.User;
}

/// <summary>Whether and where a rule counts an exchange.</summary>
internal static class LimitRuleMatching
{
    private const int MostCharacters = 256;

    /// <param name="target">Null while it is not known.</param>
    public static bool Applies(this LimitRule rule, Exchange exchange, Target? target)
    {
        foreach (var (dimension, pattern) in rule.Conditions)
        {
            if (!dimension.Matches(pattern, exchange, target))
            {
                return false;
            }
        }

        return true;
    }

    /// <returns>Empty for a rule that has one amount for all. What has none of the values that it is grouped by shares one amount.</returns>
    public static string BucketOf(this LimitRule rule, Exchange exchange, Target? target) => rule.GroupBy.Length switch
    {
        0 => "",
        1 => Short(ValueOf(rule.GroupBy[0], exchange, target)),
        _ => string.Join(", ", rule.GroupBy.Select(dimension => Quoted(Short(ValueOf(dimension, exchange, target))))),
    };

    private static string ValueOf(LimitDimension dimension, Exchange exchange, Target? target) => dimension.Field == LimitField.Run
        // Runs have names of the callers' making: those of others are not one's own.
        ? $"{exchange.Run} of {exchange.Payer.TenantOf(exchange.Key!.Id)}"
        : dimension.ValueOf(exchange, target) ?? "(none)";

    /// <summary>Of a long name (a model's may be as long as a request) the beginning, and what tells it from others.</summary>
    private static string Short(string value) => value.Length <= MostCharacters ? value
        : $"{value[..(MostCharacters / 2)]}... {Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(value.AsSpan())))}";

    /// <summary>Nobody can write two values into one and get to the amount of others by that.</summary>
    private static string Quoted(string value) => value.AsSpan().ContainsAny(",\"") ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value;
}
