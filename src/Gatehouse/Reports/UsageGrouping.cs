namespace Gatehouse.Reports;

/// <summary>By what a report can be grouped and filtered.</summary>
internal static class UsageGrouping
{
    public const string LabelPrefix = "label.";

    public const string None = "none";

    /// <summary>From the shortest.</summary>
    public static readonly string[] Times = ["hour", "day", "week", "month"];

    /// <summary>Each with what it is in the table of dimensions, or in the ledger where the columns have the same names.</summary>
    private static readonly Dictionary<string, string> Expressions = new(StringComparer.Ordinal)
    {
        ["key"] = "key_name",
        ["key_id"] = "key_id",
        ["organization"] = "organization",
        ["team"] = "team",
        ["project"] = "project",
        ["user"] = "user",
        ["agent"] = "agent",
        ["route"] = "route",
        ["target"] = "target",
        ["provider"] = "substr(target, 1, instr(target, '/') - 1)",
        ["model"] = "substr(target, instr(target, '/') + 1)",
        ["kind"] = "kind",
        ["operation"] = "operation",
        ["outcome"] = "outcome",
        ["cache"] = "coalesce(cache, 'bypass')",
        ["service_tier"] = "coalesce(service_tier, 'standard')",
        ["price_revision"] = "CAST(price_revision AS TEXT)",
    };

    public static IEnumerable<string> Filters => [.. Expressions.Keys, LabelPrefix + "NAME"];

    public static IEnumerable<string> Known => [.. Filters, .. Times, None];

    public static bool IsTime(string name) => Array.IndexOf(Times, name) >= 0;

    public static bool IsLabel(string name) => name.StartsWith(LabelPrefix, StringComparison.Ordinal) && name.Length > LabelPrefix.Length;

    public static bool IsFilter(string name) => Expressions.ContainsKey(name) || IsLabel(name);

    /// <summary>What is in a column of the answer; the name of a label is bound to the one mark in it.</summary>
    public static string ExpressionOf(string name) => IsLabel(name)
        ? $"CASE labels WHEN '{UsageDimensions.Other}' THEN labels ELSE (SELECT value FROM json_each(labels) WHERE key = ?) END"
        : Expressions[name];

    /// <summary>A condition; the name of a label is bound to the first mark, the value to the next. An empty value asks for those that have none.</summary>
    public static string ConditionOf(string name) => name == "key" ? "? IN (key_name, key_id)" : $"coalesce({ExpressionOf(name)}, '') = ?";
}
