namespace Gatehouse.Expressions;

/// <summary>The value of an expression, or the error that took its place, with line and column in front.</summary>
public readonly record struct EvaluationResult(CelValue Value, string? Error)
{
    public bool IsError => Error is not null;
}
