using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Compilation;

/// <summary><c>==</c> and <c>!=</c> of any two values.</summary>
internal sealed class EqualNode(Node left, Node right, bool isNegated, int offset) : BoolNode(offset)
{
    public override bool EvaluateBool(Frame frame)
    {
        var a = left.Evaluate(frame);
        if (frame.Failed)
        {
            return false;
        }

        var b = right.Evaluate(frame);
        return !frame.Failed && frame.AreEqual(a, b, Offset) != isNegated;
    }
}

internal sealed class EqualStringNode(Node left, Node right, bool isNegated, int offset) : BoolNode(offset)
{
    public override bool EvaluateBool(Frame frame)
    {
        var a = left.EvaluateString(frame);
        if (frame.Failed)
        {
            return false;
        }

        var b = right.EvaluateString(frame);
        if (frame.Failed || (a.Length == b.Length && !frame.SpendOn(a)))
        {
            frame.Locate(Offset);
            return false;
        }

        return string.Equals(a, b, StringComparison.Ordinal) != isNegated;
    }
}

/// <summary>A comparison of two ints.</summary>
internal sealed class CompareIntNode(string function, Node left, Node right, int offset) : BoolNode(offset)
{
    private readonly (bool Less, bool Equal, bool Greater) _accepts = Orders.Accepted(function);

    public override bool EvaluateBool(Frame frame)
    {
        var a = left.EvaluateInt(frame);
        if (frame.Failed)
        {
            return false;
        }

        var b = right.EvaluateInt(frame);
        return !frame.Failed && (a < b ? _accepts.Less : a > b ? _accepts.Greater : _accepts.Equal);
    }
}

/// <summary>A comparison by order of any two values.</summary>
internal sealed class CompareNode(string function, Node left, Node right, int offset) : BoolNode(offset)
{
    private readonly (bool Less, bool Equal, bool Greater) _accepts = Orders.Accepted(function);

    public override bool EvaluateBool(Frame frame)
    {
        var a = left.Evaluate(frame);
        if (frame.Failed)
        {
            return false;
        }

        var b = right.Evaluate(frame);
        if (frame.Failed)
        {
            return false;
        }

        if (!frame.SpendOn(a))
        {
            frame.Locate(Offset);
            return false;
        }

        if (!Ordering.AreComparable(a, b))
        {
            Fail(frame, Messages.NoOverload(function, a, b));
            return false;
        }

        var order = Ordering.Compare(a, b);
        return order != Ordering.Unordered && (order < 0 ? _accepts.Less : order > 0 ? _accepts.Greater : _accepts.Equal);
    }
}

internal static class Orders
{
    public static (bool Less, bool Equal, bool Greater) Accepted(string function) => function switch
    {
        Operators.Less => (true, false, false),
        Operators.LessOrEqual => (true, true, false),
        Operators.Greater => (false, false, true),
        Operators.GreaterOrEqual => (false, true, true),
        Operators.Equal => (false, true, false),
        _ => (true, false, true),
    };
}

/// <summary><c>in</c> a list or the keys of a map.</summary>
internal sealed class InNode(Node element, Node container, int offset) : BoolNode(offset)
{
    public override bool EvaluateBool(Frame frame)
    {
        var item = element.Evaluate(frame);
        if (frame.Failed)
        {
            return false;
        }

        var values = container.Evaluate(frame);
        if (frame.Failed)
        {
            return false;
        }

        if (!frame.SpendOn(item))
        {
            frame.Locate(Offset);
            return false;
        }

        if (values.Kind == CelKind.Map)
        {
            return values.Map.TryGetValue(item, out _);
        }

        if (values.Kind != CelKind.List)
        {
            Fail(frame, Messages.NoOverload(Operators.In, item, values));
            return false;
        }

        var list = values.List;
        for (var i = 0; i < list.Count; i++)
        {
            if (frame.AreEqual(item, list[i], Offset))
            {
                return true;
            }

            if (frame.Failed)
            {
                return false;
            }
        }

        return false;
    }
}

/// <summary><c>in</c> a list of strings that is written out.</summary>
internal sealed class InStringsNode(Node element, string[] strings, int offset) : BoolNode(offset)
{
    private readonly HashSet<string>? _set = strings.Length > 8 ? new(strings, StringComparer.Ordinal) : null;

    public override bool EvaluateBool(Frame frame)
    {
        var item = element.Evaluate(frame);
        if (frame.Failed || item.Kind != CelKind.String || !frame.SpendOn(item))
        {
            frame.Locate(Offset);
            return false;
        }

        return _set?.Contains(item.Text) ?? Array.IndexOf(strings, item.Text) >= 0;
    }
}
