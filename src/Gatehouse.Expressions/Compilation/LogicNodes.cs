namespace Gatehouse.Expressions.Compilation;

/// <summary>
/// <c>&amp;&amp;</c> (decided by false) and <c>||</c> (decided by true) over any number of operands. "The logical operators are commutative: an
/// error or a value that is no bool on one side is ignored when the other side decides" (language definition, Logical Operators).
/// </summary>
internal sealed class LogicNode(Node[] operands, bool deciding, int offset) : BoolNode(offset)
{
    public override bool EvaluateBool(Frame frame)
    {
        for (var i = 0; i < operands.Length; i++)
        {
            var value = operands[i].EvaluateBool(frame);
            if (frame.Failed)
            {
                return EvaluateAfterError(frame, i + 1);
            }

            if (value == deciding)
            {
                return deciding;
            }
        }

        return !deciding;
    }

    private bool EvaluateAfterError(Frame frame, int next)
    {
        var (message, offset) = (frame.Error!, frame.ErrorOffset);
        for (var i = next; i < operands.Length; i++)
        {
            frame.Absorb();
            var value = operands[i].EvaluateBool(frame);
            if (!frame.Failed && value == deciding)
            {
                return deciding;
            }
        }

        // The first of several errors is the one that is told.
        frame.Fail(message, offset);
        return false;
    }
}

internal sealed class NotNode(Node operand, int offset) : BoolNode(offset)
{
    public override bool EvaluateBool(Frame frame) => !operand.EvaluateBool(frame);
}

internal sealed class ConditionalNode(Node condition, Node consequence, Node alternative, int offset) : Node(offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        var chosen = Choose(frame);
        return frame.Failed ? default : chosen.Evaluate(frame);
    }

    public override bool EvaluateBool(Frame frame)
    {
        var chosen = Choose(frame);
        return !frame.Failed && chosen.EvaluateBool(frame);
    }

    private Node Choose(Frame frame) => condition.EvaluateBool(frame) ? consequence : alternative;
}
