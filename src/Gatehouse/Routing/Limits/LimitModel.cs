using Gatehouse.Configuration.Binding;

namespace Gatehouse.Routing.Limits;

internal enum LimitUnit
{
    Requests,
    InputTokens,
    OutputTokens,
    TotalTokens,
}

/// <param name="Most">In any stretch of time of this length.</param>
internal readonly record struct LimitRule(LimitUnit Unit, LimitPeriod Period, long Most)
{
    public TimeSpan Window => Period switch
    {
        LimitPeriod.Second => TimeSpan.FromSeconds(1),
        LimitPeriod.Minute => TimeSpan.FromMinutes(1),
        LimitPeriod.Hour => TimeSpan.FromHours(1),
        _ => TimeSpan.FromDays(1),
    };

    /// <summary><c>100 requests per minute</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Most} {YamlBinder.EnumKey(Unit).Replace('_', ' ')} per {YamlBinder.EnumKey(Period)}");
}

/// <summary>The limits of one target, compiled.</summary>
/// <param name="Rules">One for each unit and period.</param>
internal sealed record LimitModel(IReadOnlyList<LimitRule> Rules, int? Concurrency)
{
    /// <summary>What a request may use has to be estimated.</summary>
    public bool CountsTokens { get; } = Rules.Any(rule => rule.Unit != LimitUnit.Requests);

    /// <returns>Null where there is no limit.</returns>
    public static LimitModel? Compile(IReadOnlyList<LimitOptions> items, string path, ConfigurationErrors errors)
    {
        var rules = new List<LimitRule>();
        for (var i = 0; i < items.Count; i++)
        {
            Compile(items[i], $"{path}[{i}]", errors, rules);
        }

        var concurrency = items.Min(item => item.Concurrency);
        return rules.Count == 0 && concurrency is null
            ? null
            : new LimitModel([.. rules.GroupBy(rule => (rule.Unit, rule.Period)).Select(same => same.MinBy(rule => rule.Most))], concurrency);
    }

    private static void Compile(LimitOptions item, string path, ConfigurationErrors errors, List<LimitRule> rules)
    {
        (string Key, LimitUnit Unit, int? Most)[] amounts =
        [
            ("requests", LimitUnit.Requests, item.Requests), ("input_tokens", LimitUnit.InputTokens, item.InputTokens),
            ("output_tokens", LimitUnit.OutputTokens, item.OutputTokens), ("total_tokens", LimitUnit.TotalTokens, item.TotalTokens),
        ];
        var written = amounts.Where(amount => amount.Most is not null).ToArray();
        foreach (var (key, unit, most) in written)
        {
            errors.CheckNumber($"{path}.{key}", most!.Value, least: 1, int.MaxValue);
            if (item.Per is { } period)
            {
                rules.Add(new LimitRule(unit, period, most.Value));
            }
        }

        if (item.Concurrency is { } concurrency)
        {
            errors.CheckNumber($"{path}.concurrency", concurrency, least: 1, int.MaxValue);
        }

        if (written.Length > 0 && item.Per is null)
        {
            errors.Add(path, $"{written[0].Key} needs per: second, minute, hour or day");
        }
        else if (written.Length == 0 && item.Per is not null)
        {
            errors.Add($"{path}.per", "belongs to requests, input_tokens, output_tokens and total_tokens");
        }
        else if (written.Length == 0 && item.Concurrency is null)
        {
            errors.Add(path, "limits nothing: write requests, input_tokens, output_tokens or total_tokens with per, or concurrency; a target has no other limits yet");
        }
    }
}
