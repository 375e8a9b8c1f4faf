namespace Gatehouse.Expressions;

/// <summary>The order of values, within a kind and between numbers of different kinds.</summary>
internal static class Ordering
{
    /// <summary>What a comparison with NaN gives: neither less, nor equal, nor greater.</summary>
    public const int Unordered = int.MinValue;

    /// <summary>Whether two kinds have an order at all.</summary>
    public static bool AreComparable(in CelValue left, in CelValue right) => left.Kind == right.Kind
        ? left.Kind is CelKind.Bool or CelKind.Int or CelKind.UInt or CelKind.Double or CelKind.String or CelKind.Bytes
            or CelKind.Timestamp or CelKind.Duration
        : left.IsNumber && right.IsNumber;

    /// <summary>Compares two values for which <see cref="AreComparable"/> holds.</summary>
    public static int Compare(in CelValue left, in CelValue right) => left.Kind switch
    {
        CelKind.String => CompareStrings(left.Text, right.Text),
        CelKind.Bytes => left.ByteArray.AsSpan().SequenceCompareTo(right.ByteArray),
        CelKind.Timestamp => left.Bits != right.Bits ? left.Bits.CompareTo(right.Bits) : left.Nanoseconds.CompareTo(right.Nanoseconds),
        CelKind.Bool or CelKind.Duration => left.Bits.CompareTo(right.Bits),
        _ => CompareNumbers(left, right),
    };

    public static int CompareNumbers(in CelValue left, in CelValue right) => (left.Kind, right.Kind) switch
    {
        (CelKind.Int, CelKind.Int) => left.Bits.CompareTo(right.Bits),
        (CelKind.UInt, CelKind.UInt) => left.AsUInt().CompareTo(right.AsUInt()),
        (CelKind.Int, CelKind.UInt) => left.Bits < 0 ? -1 : ((ulong)left.Bits).CompareTo(right.AsUInt()),
        (CelKind.UInt, CelKind.Int) => right.Bits < 0 ? 1 : left.AsUInt().CompareTo((ulong)right.Bits),
        (CelKind.Double, CelKind.Double) => CompareDoubles(left.Number, right.Number),
        (CelKind.Double, CelKind.Int) => CompareDoubleToInt(left.Number, right.Bits),
        (CelKind.Int, CelKind.Double) => Reverse(CompareDoubleToInt(right.Number, left.Bits)),
        (CelKind.Double, CelKind.UInt) => CompareDoubleToUInt(left.Number, right.AsUInt()),
        _ => Reverse(CompareDoubleToUInt(right.Number, left.AsUInt())),
    };

    /// <summary>The order of code points, which is not that of UTF-16 units: a surrogate pair stands above U+E000 to U+FFFF.</summary>
    public static int CompareStrings(string left, string right)
    {
        var same = left.AsSpan().CommonPrefixLength(right);
        if (same == left.Length || same == right.Length)
        {
            return left.Length.CompareTo(right.Length);
        }

        var (a, b) = (left[same], right[same]);
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : -1;
    }

    private static int CompareDoubles(double left, double right) =>
        double.IsNaN(left) || double.IsNaN(right) ? Unordered : left < right ? -1 : left > right ? 1 : 0;

    // The corpus compares an int with a double as doubles inside the range of int ("lossy"), and by the range outside of it.
    private static int CompareDoubleToInt(double left, long right) => left switch
    {
        double.NaN => Unordered,
        < -9223372036854775808.0 => -1,
        > 9223372036854775808.0 => 1,
        _ => CompareDoubles(left, right),
    };

    private static int CompareDoubleToUInt(double left, ulong right) => left switch
    {
        double.NaN => Unordered,
        < 0 => -1,
        > 18446744073709551616.0 => 1,
        _ => CompareDoubles(left, right),
    };

    private static int Reverse(int order) => order == Unordered ? Unordered : -order;
}
