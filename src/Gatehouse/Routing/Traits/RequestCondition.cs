using Gatehouse.Expressions;
using Gatehouse.Routing.Strategies;

namespace Gatehouse.Routing.Traits;

/// <summary>Conditions of routes, compiled from expressions over <see cref="RequestVariables"/>.</summary>
internal static class RequestCondition
{
    /// <returns>The condition, or what is wrong with its source.</returns>
    public static (RouteCondition? Condition, IReadOnlyList<ExpressionError> Errors) Compile(string source)
    {
        var result = ExpressionCompiler.CompileCondition(source, RequestVariables.Schema);
        if (result.Expression is not { } expression)
        {
            return (null, result.Errors);
        }

        return (context => expression.TryEvaluate(context.Variables, out var holds, out var error) ? (holds, null) : (false, error), []);
    }
}
