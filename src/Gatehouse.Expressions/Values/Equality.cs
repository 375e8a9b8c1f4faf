using System.Runtime.CompilerServices;

namespace Gatehouse.Expressions;

/// <summary>
/// CEL's equality: "numeric types are compared as if on one continuous number line" (language definition, Equality), lists by element,
/// maps by entry, any other two kinds unequal.
/// </summary>
internal static class Equality
{
    public static bool AreEqual(in CelValue left, in CelValue right)
    {
        var budget = long.MaxValue;
        return AreEqual(left, right, ref budget);
    }

    /// <summary>
    /// Compares at the expense of a budget, one unit per pair of values and per 16 characters. Values can share parts, so that they take far
    /// more work to walk than memory to hold; below zero the comparison is given up as false.
    /// </summary>
    public static bool AreEqual(in CelValue left, in CelValue right, ref long budget)
    {
        budget--;
        if (left.Kind != right.Kind)
        {
            return left.IsNumber && right.IsNumber && Ordering.CompareNumbers(left, right) == 0;
        }

        switch (left.Kind)
        {
            case CelKind.Null:
                return true;
            case CelKind.Double:
                return left.Number == right.Number;
            case CelKind.String or CelKind.Type:
                budget -= Math.Min(left.Text.Length, right.Text.Length) / 16;
                return string.Equals(left.Text, right.Text, StringComparison.Ordinal);
            case CelKind.Bytes:
                budget -= Math.Min(left.ByteArray.Length, right.ByteArray.Length) / 16;
                return left.ByteArray.AsSpan().SequenceEqual(right.ByteArray);
            case CelKind.Timestamp:
                return left.Bits == right.Bits && left.Nanoseconds == right.Nanoseconds;
            case CelKind.List:
                return ListsAreEqual(left.List, right.List, ref budget);
            case CelKind.Map:
                return MapsAreEqual(left.Map, right.Map, ref budget);
            case CelKind.Optional:
                return OptionalsAreEqual(left.Optional, right.Optional, ref budget);
            default:
                return left.Bits == right.Bits;
        }
    }

    public static int Hash(in CelValue value) => value.Kind switch
    {
        // Equal numbers of different types have one hash: that of the int, where there is one.
        CelKind.Int => value.Bits.GetHashCode(),
        CelKind.UInt => value.Bits.GetHashCode(),
        CelKind.Double => HashDouble(value.Number),
        CelKind.String or CelKind.Type => string.GetHashCode(value.Text, StringComparison.Ordinal),
        CelKind.Bytes => value.ByteArray.Length,
        CelKind.List => value.List.Count,
        CelKind.Map => value.Map.Count,
        CelKind.Optional => value.Optional.HasValue ? 1 : 0,
        _ => HashCode.Combine(value.Kind, value.Bits, value.Nanoseconds),
    };

    private static int HashDouble(double number)
    {
        if (number >= long.MinValue && number < 9223372036854775808.0)
        {
            return ((long)number).GetHashCode();
        }

        return number is >= 0 and < 18446744073709551616.0 ? unchecked((long)(ulong)number).GetHashCode() : number.GetHashCode();
    }

    private static bool ListsAreEqual(CelList left, CelList right, ref long budget)
    {
        if (left.Count != right.Count || !CanGoDeeper())
        {
            return false;
        }

        for (var i = 0; i < left.Count; i++)
        {
            if (budget < 0 || !AreEqual(left[i], right[i], ref budget))
            {
                return false;
            }
        }

        return true;
    }

    private static bool MapsAreEqual(CelMap left, CelMap right, ref long budget)
    {
        if (left.Count != right.Count || !CanGoDeeper())
        {
            return false;
        }

        foreach (var key in left.Keys)
        {
            if (budget < 0 || !left.TryGetValue(key, out var mine) || !right.TryGetValue(key, out var other)
                || !AreEqual(mine, other, ref budget))
            {
                return false;
            }
        }

        return true;
    }

    private static bool OptionalsAreEqual(OptionalValue left, OptionalValue right, ref long budget) =>
        left.HasValue == right.HasValue && (!left.HasValue || (CanGoDeeper() && AreEqual(left.Value, right.Value, ref budget)));

    /// <summary>Values nested beyond what the stack can bear are unequal: no expression makes them, only a program's own data can.</summary>
    private static bool CanGoDeeper() => RuntimeHelpers.TryEnsureSufficientExecutionStack();
}
