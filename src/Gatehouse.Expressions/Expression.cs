using System.Runtime.CompilerServices;
using Gatehouse.Expressions.Compilation;
using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions;

/// <summary>A compiled expression. It has no state: any number of threads may evaluate it at once.</summary>
public sealed class Expression
{
    /// <summary>Shallower expressions fit on every stack that still bears a call.</summary>
    private const int ShallowDepth = 30;

    private const string TooDeep = "the stack has no room left for the evaluation";

    private readonly Node _root;
    private readonly EvaluationNeeds _needs;

    internal Expression(string source, CelType resultType, Node root, EvaluationNeeds needs)
    {
        Source = source;
        ResultType = resultType;
        _root = root;
        _needs = needs;
    }

    public string Source { get; }

    /// <summary>The type that the checker found; <see cref="CelType.Dyn"/> where it is known at evaluation only.</summary>
    public CelType ResultType { get; }

    public EvaluationResult Evaluate(IVariables variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        if (!FitsStack)
        {
            return new EvaluationResult(default, TooDeep);
        }

        var frame = Frame.Rent(variables, _needs.Locals, _needs.Budget);
        var value = _root.Evaluate(frame);
        var error = ErrorOf(frame);
        frame.Return();
        return error is null ? new EvaluationResult(value, null) : new EvaluationResult(default, error);
    }

    /// <summary>Evaluates a condition. An expression that gives something else than true or false is an error too.</summary>
    /// <returns>Whether there is a value; otherwise there is an error.</returns>
    public bool TryEvaluate(IVariables variables, out bool value, out string? error)
    {
        ArgumentNullException.ThrowIfNull(variables);
        if (!FitsStack)
        {
            (value, error) = (false, TooDeep);
            return false;
        }

        var frame = Frame.Rent(variables, _needs.Locals, _needs.Budget);
        value = _root.EvaluateBool(frame);
        error = ErrorOf(frame);
        frame.Return();
        value &= error is null;
        return error is null;
    }

    public override string ToString() => Source;

    private bool FitsStack => _needs.Depth <= ShallowDepth || RuntimeHelpers.TryEnsureSufficientExecutionStack();

    private string? ErrorOf(Frame frame)
    {
        // Whatever became of the error on its way up: who spent more than there was has no result.
        if (frame.Budget < 0)
        {
            return Frame.TooExpensive;
        }

        if (!frame.Failed)
        {
            return null;
        }

        var (line, column) = SourceText.Position(Source, Math.Max(frame.ErrorOffset, 0));
        return $"{line}:{column}: {frame.Error}";
    }
}

/// <summary>What an evaluation takes: places for locals, units of work, levels of calls.</summary>
internal readonly record struct EvaluationNeeds(int Locals, long Budget, int Depth);
