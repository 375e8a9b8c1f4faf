using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Compilation;

/// <summary>
/// <c>operand.field</c> and <c>operand[key]</c>, and their optional forms <c>.?</c> and <c>[?]</c>, which give an optional. In an optional they
/// look into what it holds, and give an optional again.
/// </summary>
internal sealed class AccessNode(Node operand, Node key, bool isField, bool isOptional, int offset) : Node(offset)
{
    private readonly string? _missing = (key as ConstantNode)?.Value is { } constant ? Messages.NoKey(constant) : null;

    public override CelValue Evaluate(Frame frame)
    {
        var value = operand.Evaluate(frame);
        if (frame.Failed)
        {
            return default;
        }

        var wanted = key.Evaluate(frame);
        if (frame.Failed || !frame.SpendOn(wanted))
        {
            frame.Locate(Offset);
            return default;
        }

        if (value.Kind == CelKind.Optional)
        {
            return Unwrap(frame, value.Optional, wanted);
        }

        if (!TryFind(frame, value, wanted, out var found))
        {
            return frame.Failed || !isOptional ? FailMissing(frame, value, wanted) : CelValue.FromOptional(OptionalValue.None);
        }

        return isOptional ? CelValue.FromOptional(OptionalValue.Of(found)) : found;
    }

    private CelValue Unwrap(Frame frame, OptionalValue optional, in CelValue wanted)
    {
        var found = CelValue.Null;
        var isThere = optional.HasValue && TryFind(frame, optional.Value, wanted, out found);
        return frame.Failed ? default : CelValue.FromOptional(isThere ? OptionalValue.Of(found) : OptionalValue.None);
    }

    private bool TryFind(Frame frame, in CelValue value, in CelValue wanted, out CelValue found)
    {
        if (value.Kind == CelKind.Map)
        {
            return value.Map.TryGetValue(wanted, out found);
        }

        found = default;
        if (value.Kind == CelKind.List && !isField)
        {
            return Index(wanted) is { } index && index >= 0 && index < value.List.Count && Take(value.List, (int)index, out found);
        }

        Fail(frame, isField
            ? $"no such field: {TypeNames.Of(value)} does not support field selection"
            : Messages.NoOverload(Operators.Index, value, wanted));
        return false;
    }

    private static bool Take(CelList list, int index, out CelValue found)
    {
        found = list[index];
        return true;
    }

    /// <summary>The index that a number means: an int, or a whole uint or double.</summary>
    private static long? Index(in CelValue wanted) => wanted.Kind switch
    {
        CelKind.Int => wanted.Bits,
        CelKind.UInt when wanted.Bits >= 0 => wanted.Bits,
        CelKind.Double when wanted.Number >= 0 && wanted.Number <= int.MaxValue && wanted.Number == Math.Floor(wanted.Number) => (long)wanted.Number,
        _ => null,
    };

    private CelValue FailMissing(Frame frame, in CelValue value, in CelValue wanted)
    {
        if (frame.Failed)
        {
            return default;
        }

        return value.Kind == CelKind.Map
            ? Fail(frame, _missing ?? Messages.NoKey(wanted))
            : Fail(frame, $"index {wanted} is not in the list of {value.List.Count} elements");
    }
}

/// <summary><c>has(operand.field)</c></summary>
internal sealed class HasNode(Node operand, string field, int offset) : BoolNode(offset)
{
    private readonly CelValue _key = CelValue.From(field);

    public override bool EvaluateBool(Frame frame)
    {
        var value = operand.Evaluate(frame);
        if (frame.Failed)
        {
            return false;
        }

        if (value.Kind == CelKind.Optional)
        {
            if (!value.Optional.HasValue)
            {
                return false;
            }

            value = value.Optional.Value;
        }

        if (value.Kind == CelKind.Map)
        {
            return value.Map.TryGetValue(_key, out _);
        }

        Fail(frame, $"no such field: {TypeNames.Of(value)} does not support field selection");
        return false;
    }
}
