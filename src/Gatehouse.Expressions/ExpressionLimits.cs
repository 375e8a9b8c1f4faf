namespace Gatehouse.Expressions;

/// <summary>What an expression may take. Going beyond is an error of the expression, never of the program.</summary>
public sealed record ExpressionLimits
{
    /// <summary>No depth beyond this is ever allowed: it must fit what is left of any thread's stack.</summary>
    internal const int HighestDepth = 150;

    public static ExpressionLimits Default { get; } = new();

    /// <summary>Length of the source in UTF-16 units.</summary>
    public int MaxSourceLength { get; init; } = 16 * 1024;

    /// <summary>
    /// How deep operators, calls and brackets may stand in one another; at most 150 counts. A chain of <c>&amp;&amp;</c> or <c>||</c> is one level,
    /// a chain of another operator one level each.
    /// </summary>
    public int MaxDepth { get; init; } = 100;

    /// <summary>
    /// Units of work of one evaluation: one per operation (in a comprehension: per operation and step), one per element that is
    /// copied or compared, one per 16 characters of text that is made or searched.
    /// </summary>
    public long MaxCost { get; init; } = 100_000;

    /// <summary>Length of a regular expression in UTF-16 units.</summary>
    public int MaxPatternLength { get; init; } = 1024;
}
