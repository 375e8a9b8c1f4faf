using System.Diagnostics.CodeAnalysis;

namespace Gatehouse.Expressions;

/// <summary>An expression, or what is wrong with its source.</summary>
public sealed record CompilationResult(Expression? Expression, IReadOnlyList<ExpressionError> Errors)
{
    [MemberNotNullWhen(true, nameof(Expression))]
    public bool Succeeded => Expression is not null;
}
