using Gatehouse.Expressions.Checking;

namespace Gatehouse.Expressions.Compilation;

/// <summary>A call of a function: the first overload that takes the kinds of the arguments is the one that is called.</summary>
internal abstract class CallNode(string function, Overload[] overloads, Node[] arguments, int offset) : Node(offset)
{
    protected Overload[] Overloads { get; } = overloads;

    protected Node[] Arguments { get; } = arguments;

    public static Node Create(string function, IReadOnlyList<Overload> overloads, Node[] arguments, int offset)
    {
        Overload[] candidates = [.. overloads.Where(o => o.Implementation is not null && o.Parameters.Count == arguments.Length)];
        return arguments.Length switch
        {
            _ when candidates.Length == 0 => new FailureNode($"no such overload: {function}() with {arguments.Length} arguments", offset),
            0 => new ConstantNode(((Func<CelValue>)candidates[0].Implementation!)(), offset),
            1 => new UnaryCallNode(function, candidates, arguments, offset),
            2 => new BinaryCallNode(function, candidates, arguments, offset),
            3 => new TernaryCallNode(function, candidates, arguments, offset),
            _ => new QuaternaryCallNode(function, candidates, arguments, offset),
        };
    }

    protected CelValue Finish(Frame frame, CelValue result)
    {
        if (frame.Failed)
        {
            frame.Locate(Offset);
        }

        return result;
    }

    protected CelValue NoOverload(Frame frame, params ReadOnlySpan<CelValue> values)
    {
        var kinds = string.Join(", ", values.ToArray().Select(value => TypeNames.Of(value)));
        return Fail(frame, $"no such overload: {function}({kinds})");
    }
}

internal sealed class UnaryCallNode(string function, Overload[] overloads, Node[] arguments, int offset)
    : CallNode(function, overloads, arguments, offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        var a = Arguments[0].Evaluate(frame);
        if (frame.Failed)
        {
            return default;
        }

        foreach (var overload in Overloads)
        {
            if (overload.Accepts(0, a))
            {
                return Finish(frame, frame.SpendOn(a) ? ((Unary)overload.Implementation!)(frame, a) : default);
            }
        }

        return NoOverload(frame, a);
    }
}

internal sealed class BinaryCallNode(string function, Overload[] overloads, Node[] arguments, int offset)
    : CallNode(function, overloads, arguments, offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        var a = Arguments[0].Evaluate(frame);
        if (frame.Failed)
        {
            return default;
        }

        var b = Arguments[1].Evaluate(frame);
        if (frame.Failed)
        {
            return default;
        }

        foreach (var overload in Overloads)
        {
            if (overload.Accepts(0, a) && overload.Accepts(1, b))
            {
                return Finish(frame, frame.SpendOn(a) && frame.SpendOn(b) ? ((Binary)overload.Implementation!)(frame, a, b) : default);
            }
        }

        return NoOverload(frame, a, b);
    }
}

internal sealed class TernaryCallNode(string function, Overload[] overloads, Node[] arguments, int offset)
    : CallNode(function, overloads, arguments, offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        var a = Arguments[0].Evaluate(frame);
        var b = frame.Failed ? default : Arguments[1].Evaluate(frame);
        var c = frame.Failed ? default : Arguments[2].Evaluate(frame);
        if (frame.Failed)
        {
            return default;
        }

        foreach (var overload in Overloads)
        {
            if (overload.Accepts(0, a) && overload.Accepts(1, b) && overload.Accepts(2, c))
            {
                return Finish(frame, frame.SpendOn(a) && frame.SpendOn(b) ? ((Ternary)overload.Implementation!)(frame, a, b, c) : default);
            }
        }

        return NoOverload(frame, a, b, c);
    }
}

internal sealed class QuaternaryCallNode(string function, Overload[] overloads, Node[] arguments, int offset)
    : CallNode(function, overloads, arguments, offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        var a = Arguments[0].Evaluate(frame);
        var b = frame.Failed ? default : Arguments[1].Evaluate(frame);
        var c = frame.Failed ? default : Arguments[2].Evaluate(frame);
        var d = frame.Failed ? default : Arguments[3].Evaluate(frame);
        if (frame.Failed)
        {
            return default;
        }

        foreach (var overload in Overloads)
        {
            if (overload.Accepts(0, a) && overload.Accepts(1, b) && overload.Accepts(2, c) && overload.Accepts(3, d))
            {
                return Finish(frame, frame.SpendOn(a) && frame.SpendOn(b) ? ((Quaternary)overload.Implementation!)(frame, a, b, c, d) : default);
            }
        }

        return NoOverload(frame, a, b, c, d);
    }
}

internal enum StringTest
{
    StartsWith,
    EndsWith,
    Contains,
}

/// <summary>startsWith, endsWith and contains of strings.</summary>
internal sealed class StringTestNode(StringTest test, Node text, Node part, int offset) : BoolNode(offset)
{
    public override bool EvaluateBool(Frame frame)
    {
        var a = text.EvaluateString(frame);
        if (frame.Failed)
        {
            return false;
        }

        var b = part.EvaluateString(frame);
        if (frame.Failed)
        {
            return false;
        }

        if (!frame.SpendOn(test == StringTest.Contains ? a : b))
        {
            frame.Locate(Offset);
            return false;
        }

        return test switch
        {
            StringTest.StartsWith => a.StartsWith(b, StringComparison.Ordinal),
            StringTest.EndsWith => a.EndsWith(b, StringComparison.Ordinal),
            _ => a.Contains(b, StringComparison.Ordinal),
        };
    }
}

/// <summary><c>matches</c> with a pattern that is written out, compiled once.</summary>
internal sealed class MatchNode(Library.Pattern pattern, Node text, int offset) : BoolNode(offset)
{
    public override bool EvaluateBool(Frame frame)
    {
        var value = text.EvaluateString(frame);
        if (frame.Failed)
        {
            return false;
        }

        var isMatch = pattern.IsMatch(frame, value);
        frame.Locate(Offset);
        return isMatch;
    }
}

/// <summary>The size of a string, bytes, list or map.</summary>
internal sealed class SizeNode(Node operand, int offset) : Node(offset)
{
    public override CelValue Evaluate(Frame frame) => CelValue.From(EvaluateInt(frame));

    public override long EvaluateInt(Frame frame)
    {
        var value = operand.Evaluate(frame);
        if (frame.Failed)
        {
            return 0;
        }

        switch (value.Kind)
        {
            case CelKind.String:
                return frame.SpendText(value.Text.Length) ? Library.CodePoints.Count(value.Text) : 0;
            case CelKind.Bytes:
                return value.ByteArray.Length;
            case CelKind.List:
                return value.List.Count;
            case CelKind.Map:
                return value.Map.Count;
            default:
                Fail(frame, Messages.NoOverload("size", value));
                return 0;
        }
    }
}

/// <summary><c>or</c> and <c>orValue</c> of optionals: the other side is evaluated only where it is needed.</summary>
internal sealed class OptionalOrNode(Node optional, Node other, bool isValue, int offset) : Node(offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        var value = optional.Evaluate(frame);
        if (frame.Failed)
        {
            return default;
        }

        if (value.Kind != CelKind.Optional)
        {
            return Fail(frame, Messages.NoOverload(isValue ? "orValue" : "or", value));
        }

        if (value.Optional.HasValue)
        {
            return isValue ? value.Optional.Value : value;
        }

        var otherwise = other.Evaluate(frame);
        return frame.Failed || isValue || otherwise.Kind == CelKind.Optional ? otherwise : Fail(frame, Messages.NoOverload("or", otherwise));
    }
}
