using System.Globalization;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Limits;

/// <summary>Validates limits and compiles them.</summary>
internal static class LimitCompiler
{
    private const decimal NanoPerUsd = 1_000_000_000;
    private const decimal MostUsd = 1_000_000_000;
    private const long MostUnits = 1_000_000_000_000_000;
    private const int MostCharacters = 200;

    /// <summary>Adds what is wrong to the list.</summary>
    /// <param name="path">Of the list, such as <c>keys[0].limits</c>.</param>
    public static void Check(IReadOnlyList<LimitOptions> items, string path, ConfigurationErrors errors) => Compile(items, scope: "", path, errors);

    /// <param name="items">Have been checked.</param>
    /// <param name="scope">Whose limits they are, such as <c>key:key_1</c>; empty for those at the top level.</param>
    /// <param name="whose">The same for people, such as <c>key laptop</c>; null where the scope says it.</param>
    public static LimitRule[] Compile(IReadOnlyList<LimitOptions> items, string scope, string? whose = null) => Compile(items, scope, "", new ConfigurationErrors(""), whose);

    private static LimitRule[] Compile(IReadOnlyList<LimitOptions> items, string scope, string path, ConfigurationErrors errors, string? whose = null)
    {
        var rules = new List<LimitRule>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Name.Length > 0 && items.Take(i).Any(other => string.Equals(other.Name, items[i].Name, StringComparison.Ordinal)))
            {
                errors.Add($"{path}[{i}].name", $"'{items[i].Name}' is used twice: refusals and alerts would not tell them apart");
            }

            Compile(items[i], scope, whose ?? scope.Replace(':', ' '), $"{path}[{i}]", errors, rules);
        }

        return [.. rules];
    }

    private static void Compile(LimitOptions item, string scope, string whose, string path, ConfigurationErrors errors, List<LimitRule> rules)
    {
        var conditions = Conditions(item, path, errors);
        var groups = Groups(item, path, errors);
        var calendar = Calendar(item, path, errors);
        CheckAlerts(item, path, errors);
        if (item.Name.Length > MostCharacters || item.Name.Any(char.IsControl))
        {
            errors.Add($"{path}.name", string.Create(CultureInfo.InvariantCulture, $"must be at most {MostCharacters} characters, on one line"));
        }

        (string Key, LimitUnit Unit, long? Most)[] amounts =
        [
            ("budget_usd", LimitUnit.Money, NanoUsd(item.BudgetUsd, $"{path}.budget_usd", errors)),
            ("requests", LimitUnit.Requests, item.Requests),
            ("input_tokens", LimitUnit.InputTokens, item.InputTokens),
            ("output_tokens", LimitUnit.OutputTokens, item.OutputTokens),
            ("total_tokens", LimitUnit.TotalTokens, item.TotalTokens),
            ("concurrency", LimitUnit.Concurrency, item.Concurrency),
        ];
        var written = amounts.Where(amount => amount.Most is not null).ToArray();
        if (written.Length == 0)
        {
            errors.Add(path, "limits nothing: write budget_usd, requests, input_tokens, output_tokens or total_tokens with per, or concurrency");
        }

        if (item.BudgetUsd is null && item.OverdraftUsd > 0)
        {
            errors.Add($"{path}.overdraft_usd", "belongs to budget_usd");
        }

        if (item.BudgetUsd is null && !string.Equals(item.TimeZone, "UTC", StringComparison.Ordinal))
        {
            errors.Add($"{path}.time_zone", "belongs to budget_usd: other amounts are counted over windows that slide");
        }

        var overdraft = NanoUsd(item.OverdraftUsd, $"{path}.overdraft_usd", errors) ?? 0;
        foreach (var (key, unit, most) in written)
        {
            if (most is < 1 or > MostUnits && unit != LimitUnit.Money)
            {
                errors.Add($"{path}.{key}", string.Create(CultureInfo.InvariantCulture, $"must be from 1 to {MostUnits}"));
            }

            if (PeriodOf(item, unit, key, path, errors) is not { } period)
            {
                continue;
            }

            if (period == LimitPeriod.Run && !groups.Exists(group => group.Field == LimitField.Run))
            {
                groups.Add(new LimitDimension(LimitField.Run));
            }

            var words = WordsOf(item, unit, period);
            var isNamed = item.Name.Length > 0;
            var rule = new LimitRule
            {
                // Keys, teams, ... may give their limits the same name.
                Id = !isNamed ? (scope.Length == 0 ? $"{words.Before}{words.Behind}" : $"{words.Before} of {scope}{words.Behind}")
                    : scope.Length == 0 ? $"{item.Name}|{unit}|{period}" : $"{item.Name}|{unit}|{period}|{scope}",
                Name = isNamed ? item.Name : null!,
                IsNamed = isNamed,
                Words = words,
                Whose = whose,
                Scope = scope,
                Unit = unit,
                Period = period,
                Most = most!.Value,
                Conditions = [.. conditions],
                GroupBy = [.. groups],
                Action = item.Action,
                Overdraft = overdraft,
                UnknownPrice = item.UnknownPrice,
                AlertAt = unit == LimitUnit.Money ? [.. item.AlertAt.Order()] : [],
                Calendar = calendar,
                DependsOnTarget = conditions.Exists(condition => condition.Dimension.DependsOnTarget) || groups.Exists(group => group.DependsOnTarget),
            };
            if (rules.Exists(other => string.Equals(other.Id, rule.Id, StringComparison.Ordinal)))
            {
                errors.Add(path, $"is there twice ({rule.Name}): keep one, or give them names");
            }

            rules.Add(rule);
        }
    }

    private static LimitPeriod? PeriodOf(LimitOptions item, LimitUnit unit, string key, string path, ConfigurationErrors errors)
    {
        if (unit == LimitUnit.Concurrency)
        {
            return item.Per == LimitPeriod.Run ? LimitPeriod.Run : LimitPeriod.Once;
        }

        var isFit = unit == LimitUnit.Money
            ? item.Per is LimitPeriod.Hour or LimitPeriod.Day or LimitPeriod.Week or LimitPeriod.Month or LimitPeriod.Run or LimitPeriod.Once
            : item.Per is LimitPeriod.Second or LimitPeriod.Minute or LimitPeriod.Hour or LimitPeriod.Day or LimitPeriod.Run;
        if (!isFit)
        {
            errors.Add(
                item.Per is null ? path : $"{path}.per",
                unit == LimitUnit.Money ? "budget_usd needs per: hour, day, week, month, run or once" : $"{key} needs per: second, minute, hour, day or run");
            return null;
        }

        return item.Per;
    }

    private static List<LimitCondition> Conditions(LimitOptions item, string path, ConfigurationErrors errors)
    {
        var conditions = new List<LimitCondition>();
        foreach (var (name, pattern) in item.Match)
        {
            if (LimitDimension.Of(name) is { } dimension)
            {
                conditions.Add(new LimitCondition(dimension, pattern));
            }
            else
            {
                errors.Add($"{path}.match.{name}", $"'{name}' is not known; known are {LimitDimension.Known}");
            }
        }

        return conditions;
    }

    private static List<LimitDimension> Groups(LimitOptions item, string path, ConfigurationErrors errors)
    {
        var groups = new List<LimitDimension>();
        foreach (var name in item.GroupBy)
        {
            if (LimitDimension.Of(name) is { } dimension)
            {
                groups.Add(dimension);
            }
            else
            {
                errors.Add($"{path}.group_by", $"'{name}' is not known; known are {LimitDimension.Known}");
            }
        }

        return groups;
    }

    private static LimitCalendar Calendar(LimitOptions item, string path, ConfigurationErrors errors)
    {
        if (item.AnchorDay is { } day && (day < 1 || day > (item.Per == LimitPeriod.Week ? 7 : 31) || item.Per is not (LimitPeriod.Week or LimitPeriod.Month)))
        {
            errors.Add($"{path}.anchor_day", "must be from 1 to 31 with per: month, or from 1 (Monday) to 7 (Sunday) with per: week");
        }

        if (TimeZoneInfo.TryFindSystemTimeZoneById(item.TimeZone, out var zone))
        {
            var calendar = new LimitCalendar(zone, item.AnchorDay ?? 1);
            return calendar == LimitCalendar.Utc ? LimitCalendar.Utc : calendar;
        }

        errors.Add($"{path}.time_zone", $"'{item.TimeZone}' is not a time zone that this machine knows; write an IANA name such as Europe/Berlin");
        return LimitCalendar.Utc;
    }

    private static void CheckAlerts(LimitOptions item, string path, ConfigurationErrors errors)
    {
        if (item.AlertAt.Any(percent => percent is < 1 or > 100))
        {
            errors.Add($"{path}.alert_at", "must be percentages from 1 to 100");
        }
    }

    private static long? NanoUsd(decimal? usd, string path, ConfigurationErrors errors)
    {
        if (usd is not { } amount)
        {
            return null;
        }

        if (amount is < 0 or > MostUsd)
        {
            errors.Add(path, string.Create(CultureInfo.InvariantCulture, $"must be from 0 to {MostUsd}"));
            return 0;
        }

        return (long)decimal.Round(amount * NanoPerUsd);
    }

    private static (string Before, string Behind) WordsOf(LimitOptions item, LimitUnit unit, LimitPeriod period)
    {
        var what = unit == LimitUnit.Money ? "budget" : YamlBinder.EnumKey(unit);
        var per = period == LimitPeriod.Once ? "" : $" per {YamlBinder.EnumKey(period)}";
        var zone = string.Equals(item.TimeZone, "UTC", StringComparison.Ordinal) ? "" : $" ({item.TimeZone})";
        var day = item.AnchorDay is { } anchor ? string.Create(CultureInfo.InvariantCulture, $" from day {anchor}") : "";
        var where = item.Match.Count == 0 ? "" : $" where {string.Join(" and ", item.Match.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"))}";
        var by = item.GroupBy.Count == 0 ? "" : $" by {string.Join(", ", item.GroupBy)}";
        // There are few of them, and perhaps many rules.
        return (string.Intern($"{what}{per}{day}{zone}"), $"{where}{by}");
    }
}
