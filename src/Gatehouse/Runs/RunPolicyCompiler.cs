using System.Globalization;
using Gatehouse.Configuration.Binding;
using Gatehouse.Limits;

namespace Gatehouse.Runs;

/// <summary>Validates limits of runs and compiles them.</summary>
internal static class RunPolicyCompiler
{
    private const decimal NanoPerUsd = 1_000_000_000;
    private const decimal MostUsd = 1_000_000_000;
    private const long MostUnits = 1_000_000_000_000_000;
    private const string Known = "key, organization, team, project, user, agent, route, operation, run, label.NAME";

    /// <summary>Adds what is wrong to the list.</summary>
    public static RunPolicy[] Compile(IReadOnlyList<RunOptions> items, ConfigurationErrors errors)
    {
        var policies = new List<RunPolicy>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            var policy = Compile(items[i], $"runs[{i}]", errors);
            if (policies.Exists(other => string.Equals(other.Name, policy.Name, StringComparison.Ordinal)))
            {
                errors.Add($"runs[{i}].name", $"'{policy.Name}' is used twice");
            }

            policies.Add(policy);
        }

        return [.. policies];
    }

    private static RunPolicy Compile(RunOptions item, string path, ConfigurationErrors errors)
    {
        if (item is { Calls: null, Tokens: null, BudgetUsd: null, Depth: null, FanOut: null, WallTime: null, Amplification: null, Anomaly: null, Loops: false })
        {
            errors.Add(path, "limits nothing: write calls, tokens, budget_usd, depth, fan_out, wall_time, amplification, anomaly or loops");
        }

        CheckCount(item.Calls, $"{path}.calls", errors);
        CheckCount(item.Tokens, $"{path}.tokens", errors);
        CheckCount(item.Depth, $"{path}.depth", errors);
        CheckCount(item.FanOut, $"{path}.fan_out", errors);
        CheckRange(item.BudgetUsd, 0, MostUsd, $"{path}.budget_usd", errors);
        CheckRange(item.Amplification, 1, 1_000_000, $"{path}.amplification", errors);
        CheckRange(item.Anomaly, 1, 1000, $"{path}.anomaly", errors);
        errors.CheckDuration($"{path}.slow_by", item.SlowBy);
        if (item.WallTime is { } wallTime)
        {
            errors.CheckDuration($"{path}.wall_time", wallTime);
        }

        return new RunPolicy
        {
            Name = item.Name.Length > 0 ? item.Name : path,
            Conditions = Conditions(item, path, errors),
            Calls = item.Calls,
            Tokens = item.Tokens,
            Budget = item.BudgetUsd is >= 0 and <= MostUsd ? (long)decimal.Round(item.BudgetUsd.Value * NanoPerUsd) : null,
            Depth = item.Depth,
            FanOut = item.FanOut,
            WallTime = item.WallTime,
            Amplification = (double?)item.Amplification,
            Anomaly = (double?)item.Anomaly,
            Loops = item.Loops,
            Action = item.Action,
            SlowBy = item.SlowBy,
        };
    }

    private static LimitCondition[] Conditions(RunOptions item, string path, ConfigurationErrors errors)
    {
        var conditions = new List<LimitCondition>(item.Match.Count);
        foreach (var (name, pattern) in item.Match)
        {
            // Limits of a run are looked at before there is a target.
            if (LimitDimension.Of(name) is { DependsOnTarget: false } dimension)
            {
                conditions.Add(new LimitCondition(dimension, pattern));
            }
            else
            {
                errors.Add($"{path}.match.{name}", $"'{name}' is not known here; known are {Known}");
            }
        }

        return [.. conditions];
    }

    private static void CheckCount(long? value, string path, ConfigurationErrors errors)
    {
        if (value is < 1 or > MostUnits)
        {
            errors.Add(path, string.Create(CultureInfo.InvariantCulture, $"must be from 1 to {MostUnits}"));
        }
    }

    private static void CheckRange(decimal? value, decimal least, decimal most, string path, ConfigurationErrors errors)
    {
        if (value < least || value > most)
        {
            errors.Add(path, string.Create(CultureInfo.InvariantCulture, $"must be from {least} to {most}"));
        }
    }
}
