using System.Globalization;
using System.Text;
using Gatehouse.Expressions.Checking;
using Gatehouse.Expressions.Compilation;
using static Gatehouse.Expressions.CelType;
using static Gatehouse.Expressions.Library.Signatures;

namespace Gatehouse.Expressions.Library;

/// <summary>The functions named after types, <c>type</c>, <c>dyn</c> and <c>size</c>.</summary>
internal static class ConversionFunctions
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static IEnumerable<Overload> All =>
    [
        Function("dyn", Dyn, A, (Frame _, in CelValue a) => a),
        Function("type", CelType.Type, A, (Frame _, in CelValue a) => CelValue.FromType(TypeNames.Of(a))),
        .. new[] { CelType.String, Bytes, ListOf(A), MapOf(A, B) }.SelectMany(Size),
        Function("bool", Bool, Bool, Same),
        Function("bool", Bool, CelType.String, (Frame frame, in CelValue a) => ToBool(frame, a.Text)),
        Function("int", Int, Int, Same),
        Function("int", Int, UInt, (Frame frame, in CelValue a) => a.Bits < 0 ? RangeError(frame, "int", a) : CelValue.From(a.Bits)),
        Function("int", Int, CelType.Double, (Frame frame, in CelValue a) => ToInt(frame, a)),
        Function("int", Int, CelType.String, (Frame frame, in CelValue a) =>
            long.TryParse(a.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? CelValue.From(number) : ParseError(frame, "int", a)),
        Function("int", Int, Timestamp, (Frame _, in CelValue a) => CelValue.From(a.Bits)),
        Function("uint", UInt, UInt, Same),
        Function("uint", UInt, Int, (Frame frame, in CelValue a) => a.Bits < 0 ? RangeError(frame, "uint", a) : CelValue.From((ulong)a.Bits)),
        Function("uint", UInt, CelType.Double, (Frame frame, in CelValue a) => ToUInt(frame, a)),
        Function("uint", UInt, CelType.String, (Frame frame, in CelValue a) =>
            ulong.TryParse(a.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? CelValue.From(number) : ParseError(frame, "uint", a)),
        Function("double", CelType.Double, CelType.Double, Same),
        Function("double", CelType.Double, Int, (Frame _, in CelValue a) => CelValue.From((double)a.Bits)),
        Function("double", CelType.Double, UInt, (Frame _, in CelValue a) => CelValue.From((double)a.AsUInt())),
        Function("double", CelType.Double, CelType.String, (Frame frame, in CelValue a) =>
            NumberText.TryParseDouble(a.Text, out var number) ? CelValue.From(number) : ParseError(frame, "double", a)),
        Function("string", CelType.String, CelType.String, Same),
        .. new[] { Bool, Int, UInt, CelType.Double, Timestamp, Duration }.Select(type => Function("string", CelType.String, type,
            (Frame _, in CelValue a) => CelValue.From(ToText(a)))),
        Function("string", CelType.String, Bytes, FromUtf8),
        Function("bytes", Bytes, Bytes, Same),
        Function("bytes", Bytes, CelType.String, (Frame frame, in CelValue a) =>
            frame.SpendText(a.Text.Length) ? CelValue.FromBytes(Encoding.UTF8.GetBytes(a.Text)) : default),
        Function("timestamp", Timestamp, Timestamp, Same),
        Function("timestamp", Timestamp, Int, (Frame frame, in CelValue a) =>
            a.Bits is >= TimeText.MinSeconds and <= TimeText.MaxSeconds ? CelValue.FromTimestamp(a.Bits, 0) : RangeError(frame, "timestamp", a)),
        Function("timestamp", Timestamp, CelType.String, (Frame frame, in CelValue a) =>
            TimeText.TryParseTimestamp(a.Text, out var time) ? time
                : frame.Fail($"{a} is no timestamp of RFC 3339 in the range of the years 1 to 9999, such as \"2026-01-31T12:00:00Z\"")),
        Function("duration", Duration, Duration, Same),
        Function("duration", Duration, CelType.String, (Frame frame, in CelValue a) =>
            TimeText.TryParseDuration(a.Text, out var time) ? time
                : frame.Fail($"{a} is no duration in the range of about 292 years, such as \"1h30m\" or \"500ms\"")),
    ];

    /// <summary>Numbers, booleans, timestamps and durations as <c>string()</c> writes them.</summary>
    public static string ToText(in CelValue value) => value.Kind switch
    {
        CelKind.Bool => value.IsTrue ? "true" : "false",
        CelKind.Int => value.Bits.ToString(CultureInfo.InvariantCulture),
        CelKind.UInt => value.AsUInt().ToString(CultureInfo.InvariantCulture),
        CelKind.Double => NumberText.Double(value.Number),
        CelKind.Timestamp => TimeText.Timestamp(value),
        CelKind.Duration => TimeText.Duration(value),
        CelKind.Null => "null",
        _ => value.Text,
    };

    public static CelValue FromUtf8(Frame frame, in CelValue bytes)
    {
        if (!frame.SpendText(bytes.ByteArray.Length))
        {
            return default;
        }

        return System.Text.Unicode.Utf8.IsValid(bytes.ByteArray)
            ? CelValue.From(Utf8.GetString(bytes.ByteArray))
            : frame.Fail("the bytes are invalid UTF-8");
    }

    private static Overload[] Size(CelType type) =>
    [
        Function("size", Int, type, SizeOf),
        Member("size", Int, type, SizeOf),
    ];

    private static CelValue Same(Frame frame, in CelValue value) => value;

    private static CelValue SizeOf(Frame frame, in CelValue value) => CelValue.From(value.Kind switch
    {
        CelKind.String => CodePoints.Count(value.Text),
        CelKind.Bytes => value.ByteArray.Length,
        CelKind.List => value.List.Count,
        _ => (long)value.Map.Count,
    });

    private static CelValue ToBool(Frame frame, string text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => CelValue.True,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => CelValue.False,
        _ => ParseError(frame, "bool", CelValue.From(text)),
    };

    // The corpus has both ends excluded: a double there cannot be told from one beyond.
    private static CelValue ToInt(Frame frame, in CelValue value) => value.Number is > long.MinValue and < 9223372036854775808.0
        ? CelValue.From((long)value.Number)
        : RangeError(frame, "int", value);

    private static CelValue ToUInt(Frame frame, in CelValue value) => value.Number is >= 0 and < 18446744073709551616.0
        ? CelValue.From((ulong)value.Number)
        : RangeError(frame, "uint", value);

    private static CelValue RangeError(Frame frame, string type, in CelValue value) => frame.Fail($"{value} is out of the range of {type}");

    private static CelValue ParseError(Frame frame, string type, in CelValue value) => frame.Fail($"{value} is no {type} (type conversion error)");
}
