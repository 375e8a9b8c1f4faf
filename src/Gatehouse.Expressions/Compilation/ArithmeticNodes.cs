using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Compilation;

/// <summary><c>+ - * / %</c> of any two values.</summary>
internal sealed class ArithmeticNode(string function, Node left, Node right, int offset) : Node(offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        var a = left.Evaluate(frame);
        if (frame.Failed)
        {
            return default;
        }

        var b = right.Evaluate(frame);
        if (frame.Failed)
        {
            return default;
        }

        var result = (a.Kind, b.Kind) switch
        {
            (CelKind.Int, CelKind.Int) => Arithmetic.Int(frame, function, a.Bits, b.Bits),
            (CelKind.UInt, CelKind.UInt) => Arithmetic.UInt(frame, function, a.AsUInt(), b.AsUInt()),
            (CelKind.Double, CelKind.Double) when function != Operators.Modulo => CelValue.From(Arithmetic.Double(function, a.Number, b.Number)),
            (CelKind.String or CelKind.Bytes or CelKind.List, _) when function == Operators.Add && a.Kind == b.Kind => Joining.Add(frame, a, b),
            (CelKind.Timestamp or CelKind.Duration, CelKind.Timestamp or CelKind.Duration) => TimeArithmetic.Calculate(frame, function, a, b),
            _ => frame.Fail(Messages.NoOverload(function, a, b)),
        };
        if (frame.Failed)
        {
            frame.Locate(Offset);
        }

        return result;
    }
}

internal sealed class NegateNode(Node operand, int offset) : Node(offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        var value = operand.Evaluate(frame);
        return frame.Failed ? default : value.Kind switch
        {
            CelKind.Int when value.Bits != long.MinValue => CelValue.From(-value.Bits),
            CelKind.Int => Fail(frame, Messages.Overflow),
            CelKind.Double => CelValue.From(-value.Number),
            _ => Fail(frame, Messages.NoOverload(Operators.Negate, value)),
        };
    }
}

internal static class Arithmetic
{
    public static CelValue Int(Frame frame, string function, long left, long right)
    {
        if (right == 0 && function is Operators.Divide or Operators.Modulo)
        {
            return frame.Fail(function == Operators.Divide ? Messages.DivisionByZero : Messages.ModulusByZero);
        }

        var result = function switch
        {
            Operators.Add => (Int128)left + right,
            Operators.Subtract => (Int128)left - right,
            Operators.Multiply => (Int128)left * right,
            Operators.Divide => right == -1 ? -(Int128)left : left / right,
            _ => right == -1 ? 0 : left % right,
        };
        return result >= long.MinValue && result <= long.MaxValue ? CelValue.From((long)result) : frame.Fail(Messages.Overflow);
    }

    public static CelValue UInt(Frame frame, string function, ulong left, ulong right)
    {
        if (right == 0 && function is Operators.Divide or Operators.Modulo)
        {
            return frame.Fail(function == Operators.Divide ? Messages.DivisionByZero : Messages.ModulusByZero);
        }

        var result = function switch
        {
            Operators.Add => (UInt128)left + right,
            Operators.Subtract when left < right => UInt128.MaxValue,
            Operators.Subtract => left - right,
            Operators.Multiply => (UInt128)left * right,
            Operators.Divide => left / right,
            _ => left % right,
        };
        return result <= ulong.MaxValue ? CelValue.From((ulong)result) : frame.Fail(Messages.Overflow);
    }

    public static double Double(string function, double left, double right) => function switch
    {
        Operators.Add => left + right,
        Operators.Subtract => left - right,
        Operators.Multiply => left * right,
        _ => left / right,
    };
}

/// <summary><c>+</c> of strings, bytes and lists.</summary>
internal static class Joining
{
    public static CelValue Add(Frame frame, in CelValue left, in CelValue right) => left.Kind switch
    {
        CelKind.String => frame.SpendText((long)left.Text.Length + right.Text.Length) ? CelValue.From(left.Text + right.Text) : default,
        CelKind.Bytes => frame.SpendText((long)left.ByteArray.Length + right.ByteArray.Length)
            ? CelValue.FromBytes([.. left.ByteArray, .. right.ByteArray])
            : default,
        _ => AddLists(frame, left.List, right.List),
    };

    private static CelValue AddLists(Frame frame, CelList left, CelList right)
    {
        var count = (long)left.Count + right.Count;
        if (!frame.Spend(count))
        {
            return default;
        }

        var items = new CelValue[count];
        for (var i = 0; i < left.Count; i++)
        {
            items[i] = left[i];
        }

        for (var i = 0; i < right.Count; i++)
        {
            items[left.Count + i] = right[i];
        }

        return CelValue.From(CelList.Over(items));
    }
}

/// <summary><c>+</c> and <c>-</c> of timestamps and durations, within the range of either.</summary>
internal static class TimeArithmetic
{
    private const string OutOfRange = "the time is out of range";

    public static CelValue Calculate(Frame frame, string function, in CelValue left, in CelValue right) => (function, left.Kind, right.Kind) switch
    {
        (Operators.Add, CelKind.Timestamp, CelKind.Duration) => Move(frame, left, right.Bits),
        (Operators.Add, CelKind.Duration, CelKind.Timestamp) => Move(frame, right, left.Bits),
        (Operators.Subtract, CelKind.Timestamp, CelKind.Duration) => Move(frame, left, -(Int128)right.Bits),
        (Operators.Add, CelKind.Duration, CelKind.Duration) => Duration(frame, (Int128)left.Bits + right.Bits),
        (Operators.Subtract, CelKind.Duration, CelKind.Duration) => Duration(frame, (Int128)left.Bits - right.Bits),
        (Operators.Subtract, CelKind.Timestamp, CelKind.Timestamp) => Duration(frame, Instant(left) - Instant(right)),
        _ => frame.Fail(Messages.NoOverload(function, left, right)),
    };

    private static Int128 Instant(in CelValue timestamp) => ((Int128)timestamp.Bits * TimeText.NanosecondsPerSecond) + timestamp.Nanoseconds;

    private static CelValue Duration(Frame frame, Int128 nanoseconds) =>
        nanoseconds >= long.MinValue && nanoseconds <= long.MaxValue ? CelValue.FromDuration((long)nanoseconds) : frame.Fail(OutOfRange);

    private static CelValue Move(Frame frame, in CelValue timestamp, Int128 nanoseconds)
    {
        var instant = Instant(timestamp) + nanoseconds;
        var seconds = (long)(instant / TimeText.NanosecondsPerSecond);
        var rest = (int)(instant % TimeText.NanosecondsPerSecond);
        if (rest < 0)
        {
            seconds--;
            rest += TimeText.NanosecondsPerSecond;
        }

        return seconds is >= TimeText.MinSeconds and <= TimeText.MaxSeconds
            ? CelValue.FromTimestamp(seconds, rest)
            : frame.Fail(OutOfRange);
    }
}
