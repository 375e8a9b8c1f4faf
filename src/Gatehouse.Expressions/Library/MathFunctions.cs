using Gatehouse.Expressions.Checking;
using Gatehouse.Expressions.Compilation;
using static Gatehouse.Expressions.CelType;
using static Gatehouse.Expressions.Library.Signatures;

namespace Gatehouse.Expressions.Library;

/// <summary>The math extension. <c>math.greatest</c> and <c>math.least</c> of several arguments come here as those of a list.</summary>
internal static class MathFunctions
{
    private static readonly CelType[] Numbers = [Int, UInt, CelType.Double];

    public static IEnumerable<Overload> All =>
    [
        .. Numbers.SelectMany(type => Extreme("math.greatest", type, 1)),
        .. Numbers.SelectMany(type => Extreme("math.least", type, -1)),
        OfDouble("math.ceil", Math.Ceiling),
        OfDouble("math.floor", Math.Floor),
        OfDouble("math.round", number => Math.Round(number, MidpointRounding.AwayFromZero)),
        OfDouble("math.trunc", Math.Truncate),
        OfDouble("math.sqrt", Math.Sqrt),
        Function("math.sqrt", CelType.Double, Int, (Frame _, in CelValue a) => CelValue.From(Math.Sqrt(a.Bits))),
        Function("math.sqrt", CelType.Double, UInt, (Frame _, in CelValue a) => CelValue.From(Math.Sqrt(a.AsUInt()))),
        Test("math.isNaN", double.IsNaN),
        Test("math.isInf", double.IsInfinity),
        Test("math.isFinite", double.IsFinite),
        Function("math.abs", Int, Int, (Frame frame, in CelValue a) =>
            a.Bits == long.MinValue ? frame.Fail(Messages.Overflow) : CelValue.From(Math.Abs(a.Bits))),
        Function("math.abs", UInt, UInt, (Frame _, in CelValue a) => a),
        OfDouble("math.abs", Math.Abs),
        Function("math.sign", Int, Int, (Frame _, in CelValue a) => CelValue.From((long)Math.Sign(a.Bits))),
        Function("math.sign", UInt, UInt, (Frame _, in CelValue a) => CelValue.From(a.Bits == 0 ? 0UL : 1UL)),
        OfDouble("math.sign", number => double.IsNaN(number) ? number : Math.Sign(number)),
        .. Bits("math.bitAnd", (a, b) => a & b),
        .. Bits("math.bitOr", (a, b) => a | b),
        .. Bits("math.bitXor", (a, b) => a ^ b),
        Function("math.bitNot", Int, Int, (Frame _, in CelValue a) => CelValue.From(~a.Bits)),
        Function("math.bitNot", UInt, UInt, (Frame _, in CelValue a) => CelValue.From(~a.AsUInt())),
        .. Shift("math.bitShiftLeft", (bits, count) => bits << count),
        .. Shift("math.bitShiftRight", (bits, count) => bits >> count),
    ];

    private static Overload[] Extreme(string function, CelType type, int sign) =>
    [
        Function(function, type, type, (Frame _, in CelValue a) => a),
        Function(function, type, ListOf(type), (Frame frame, in CelValue a) => FindExtreme(frame, function, a.List, sign)),
    ];

    private static CelValue FindExtreme(Frame frame, string function, CelList list, int sign)
    {
        if (list.Count == 0)
        {
            return frame.Fail($"{function}() of an empty list");
        }

        if (!frame.Spend(list.Count))
        {
            return default;
        }

        var result = list[0];
        for (var i = 0; i < list.Count; i++)
        {
            var item = list[i];
            if (!item.IsNumber)
            {
                return frame.Fail($"no such overload: {function}() of {TypeNames.Of(item)}");
            }

            // Of equal numbers the first stays.
            var order = Ordering.CompareNumbers(item, result);
            result = order != Ordering.Unordered && order * sign > 0 ? item : result;
        }

        return result;
    }

    private static Overload OfDouble(string function, Func<double, double> calculate) =>
        Function(function, CelType.Double, CelType.Double, (Frame _, in CelValue a) => CelValue.From(calculate(a.Number)));

    private static Overload Test(string function, Func<double, bool> test) =>
        Function(function, Bool, CelType.Double, (Frame _, in CelValue a) => CelValue.From(test(a.Number)));

    private static Overload[] Bits(string function, Func<long, long, long> combine) =>
    [
        Function(function, Int, Int, Int, (Frame _, in CelValue a, in CelValue b) => CelValue.From(combine(a.Bits, b.Bits))),
        Function(function, UInt, UInt, UInt, (Frame _, in CelValue a, in CelValue b) => CelValue.From(unchecked((ulong)combine(a.Bits, b.Bits)))),
    ];

    /// <summary>Shifts are logical for ints too; by 64 and more they give 0, by a negative number an error.</summary>
    private static Overload[] Shift(string function, Func<ulong, int, ulong> shift)
    {
        return
        [
            Function(function, Int, Int, Int, (Frame frame, in CelValue a, in CelValue b) => CelValue.From(unchecked((long)Calculate(frame, a, b)))),
            Function(function, UInt, UInt, Int, (Frame frame, in CelValue a, in CelValue b) => CelValue.From(Calculate(frame, a, b))),
        ];

        ulong Calculate(Frame frame, in CelValue a, in CelValue b)
        {
            if (b.Bits < 0)
            {
                frame.Fail($"{function}() by a negative offset: {b}");
            }

            return b.Bits is < 0 or > 63 ? 0 : shift(unchecked((ulong)a.Bits), (int)b.Bits);
        }
    }
}
