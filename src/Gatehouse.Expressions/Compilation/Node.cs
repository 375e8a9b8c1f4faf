namespace Gatehouse.Expressions.Compilation;

/// <summary>
/// A compiled piece of an expression. The typed methods spare the copying of values where the checker knows the type; a value of
/// another kind (from a dyn, or from a program that does not keep to its schema) is an error.
/// </summary>
internal abstract class Node(int offset)
{
    public int Offset { get; } = offset;

    public abstract CelValue Evaluate(Frame frame);

    public virtual bool EvaluateBool(Frame frame)
    {
        var value = Evaluate(frame);
        if (frame.Failed)
        {
            return false;
        }

        if (value.Kind != CelKind.Bool)
        {
            FailKind(frame, value, CelKind.Bool);
            return false;
        }

        return value.IsTrue;
    }

    public virtual long EvaluateInt(Frame frame)
    {
        var value = Evaluate(frame);
        if (frame.Failed)
        {
            return 0;
        }

        if (value.Kind != CelKind.Int)
        {
            FailKind(frame, value, CelKind.Int);
            return 0;
        }

        return value.Bits;
    }

    public virtual string EvaluateString(Frame frame)
    {
        var value = Evaluate(frame);
        if (frame.Failed)
        {
            return "";
        }

        if (value.Kind != CelKind.String)
        {
            FailKind(frame, value, CelKind.String);
            return "";
        }

        return value.Text;
    }

    protected CelValue Fail(Frame frame, string message) => frame.Fail(message, Offset);

    private void FailKind(Frame frame, in CelValue value, CelKind expected) =>
        frame.Fail($"no such overload: {TypeNames.Of(value)} where {TypeNames.Of(expected)} is expected", Offset);
}

/// <summary>A node that is true or false.</summary>
internal abstract class BoolNode(int offset) : Node(offset)
{
    public sealed override CelValue Evaluate(Frame frame) => CelValue.From(EvaluateBool(frame));

    public abstract override bool EvaluateBool(Frame frame);
}

internal sealed class ConstantNode(CelValue value, int offset) : Node(offset)
{
    public CelValue Value { get; } = value;

    public override CelValue Evaluate(Frame frame) => Value;
}

internal sealed class FailureNode(string message, int offset) : Node(offset)
{
    public override CelValue Evaluate(Frame frame) => Fail(frame, message);
}

internal sealed class SlotNode(int slot, int offset) : Node(offset)
{
    public override CelValue Evaluate(Frame frame) => frame.Variables.Read(slot);
}

/// <summary><c>has(variable)</c> of a variable of the schema: whether it has a value.</summary>
internal sealed class SlotTestNode(int slot, int offset) : BoolNode(offset)
{
    public override bool EvaluateBool(Frame frame) => frame.Variables.Read(slot).Kind != CelKind.Null;
}

internal sealed class LocalNode(int index, int offset) : Node(offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        ref var value = ref frame.Local(index);
        return value.Kind == CelValue.FailureKind ? frame.Fail(value.Text, (int)value.Bits) : value;
    }
}
