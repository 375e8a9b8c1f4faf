using System.Collections.Frozen;
using Gatehouse.Expressions.Compilation;
using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions;

/// <summary>A compiled expression. It has no state: any number of threads may evaluate it at once.</summary>
public sealed class Expression
{
    private readonly Node _root;
    private readonly int _locals;
    private readonly long _budget;

    internal Expression(string source, CelType resultType, FrozenSet<int> slots, Node root, int locals, long budget)
    {
        Source = source;
        ResultType = resultType;
        Slots = slots;
        _root = root;
        _locals = locals;
        _budget = budget;
    }

    public string Source { get; }

    /// <summary>The type that the checker found; <see cref="CelType.Dyn"/> where it is known at evaluation only.</summary>
    public CelType ResultType { get; }

    /// <summary>The slots of the variables that the expression may read.</summary>
    public IReadOnlySet<int> Slots { get; }

    public EvaluationResult Evaluate(IVariables variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        var frame = Frame.Rent(variables, _locals, _budget);
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
        var frame = Frame.Rent(variables, _locals, _budget);
        value = _root.EvaluateBool(frame);
        error = ErrorOf(frame);
        frame.Return();
        value &= error is null;
        return error is null;
    }

    public override string ToString() => Source;

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
