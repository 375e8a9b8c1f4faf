namespace Gatehouse.Expressions;

/// <summary>What is wrong with an expression, and where. Line and column start at 1; a column is a code point.</summary>
public sealed record ExpressionError(string Message, int Line, int Column)
{
    public override string ToString() => $"{Line}:{Column}: {Message}";
}
