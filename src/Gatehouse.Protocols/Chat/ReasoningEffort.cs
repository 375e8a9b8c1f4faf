namespace Gatehouse.Protocols.Chat;

/// <summary>
/// Between dialects that say how much to think in words and those that say it in tokens. No provider publishes such a table; the numbers
/// keep the order, stand inside the ranges that Anthropic (1,024 and more) and Gemini (0 to 32,768) take, and are documented.
/// </summary>
public static class ReasoningEffort
{
    /// <summary>From the least to the most; <c>none</c> stands before them.</summary>
    private static readonly (string Effort, long Budget)[] Table =
    [
        ("minimal", 1024), ("low", 2048), ("medium", 8192), ("high", 16384), ("xhigh", 24576), ("max", 32768),
    ];

    /// <summary>Tokens of thought for an effort; 0 for <c>none</c>; that of <c>medium</c> for a word that this version does not know.</summary>
    public static long BudgetOf(string effort)
    {
        if (effort == "none")
        {
            return 0;
        }

        var entry = Array.Find(Table, e => e.Effort == effort);
        return entry.Effort is null ? 8192 : entry.Budget;
    }

    /// <summary>The least effort that has at least this budget.</summary>
    public static string EffortOf(long budget) => budget <= 0 ? "none" : Array.Find(Table, e => e.Budget >= budget).Effort ?? "max";

    /// <summary>The nearest of the words that a target knows.</summary>
    /// <param name="effort">What is asked.</param>
    /// <param name="known">What the target knows, from the least to the most.</param>
    public static string Nearest(string effort, params ReadOnlySpan<string> known)
    {
        if (known.Contains(effort))
        {
            return effort;
        }

        var wanted = BudgetOf(effort);
        var nearest = known[0];
        foreach (var word in known)
        {
            if (Math.Abs(BudgetOf(word) - wanted) < Math.Abs(BudgetOf(nearest) - wanted))
            {
                nearest = word;
            }
        }

        return nearest;
    }
}
