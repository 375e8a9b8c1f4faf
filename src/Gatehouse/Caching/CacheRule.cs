using Gatehouse.Caching.Semantic;
using Gatehouse.Configuration.Binding;
using Gatehouse.Pipeline;

namespace Gatehouse.Caching;

/// <summary>How answers of a route, or of a key, are kept; what is null is not said.</summary>
internal sealed record CacheRule(bool? Exact, TimeSpan? Ttl, long? MaxEntry, double? VerifyPercent)
{
    /// <summary>Of a route: answers to questions that mean the same are taken, too. Null where they are not.</summary>
    public SemanticRule? Semantic { get; init; }

    private static readonly TimeSpan DefaultTtl = TimeSpan.FromMinutes(10);
    private static readonly long DefaultMaxEntry = ByteSize.MiB(1).Bytes;

    /// <param name="targetOf">Of a route: the target that a text names, or null after a mistake at a path. Null for a key.</param>
    /// <returns>Null where nothing is written.</returns>
    public static CacheRule? Compile(CacheRuleOptions? options, string path, ConfigurationErrors errors, Func<string, string, Target?>? targetOf = null)
    {
        if (options is null)
        {
            return null;
        }

        if (options.Ttl is { } ttl)
        {
            errors.CheckDuration($"{path}.ttl", ttl);
        }

        if (options.MaxEntry is { } size)
        {
            errors.CheckSize($"{path}.max_entry", size, least: new(1), CacheRuleOptions.MostEntry);
        }

        if (options.VerifyPercent is < 0 or > 100)
        {
            errors.Add($"{path}.verify_percent", "must be 0 to 100");
        }

        if (options.Semantic is not null && targetOf is null)
        {
            errors.Add($"{path}.semantic", "belongs to a route");
        }

        return new CacheRule(options.Exact, options.Ttl, options.MaxEntry?.Bytes, (double?)options.VerifyPercent)
        {
            Semantic = targetOf is null ? null : SemanticRule.Compile(options.Semantic, $"{path}.semantic", errors, targetOf),
        };
    }

    /// <summary>What holds for an exchange: the stricter of both.</summary>
    /// <returns>Null where answers are not kept.</returns>
    public static EffectiveCacheRule? Of(CacheRule? route, CacheRule? key)
    {
        if ((route is null && key is null) || route?.Exact == false || key?.Exact == false)
        {
            return null;
        }

        return new EffectiveCacheRule(
            Stricter(route?.Ttl, key?.Ttl) ?? DefaultTtl,
            Stricter(route?.MaxEntry, key?.MaxEntry) ?? DefaultMaxEntry,
            Math.Max(route?.VerifyPercent ?? 0, key?.VerifyPercent ?? 0),
            route?.Semantic);
    }

    private static T? Stricter<T>(T? one, T? other)
        where T : struct, IComparable<T> => one is { } a && other is { } b ? (a.CompareTo(b) < 0 ? a : b) : one ?? other;
}

/// <param name="Ttl">How long an answer is good for.</param>
/// <param name="MaxEntry">Bytes.</param>
/// <param name="VerifyPercent">0 to 100.</param>
/// <param name="Semantic">Null where only the same request gets the same answer.</param>
internal readonly record struct EffectiveCacheRule(TimeSpan Ttl, long MaxEntry, double VerifyPercent, SemanticRule? Semantic);
