using System.Globalization;
using System.Text;
using Gatehouse.Expressions.Compilation;

namespace Gatehouse.Expressions.Library;

/// <summary>
/// <c>format</c> of the strings extension: %s, %d, %f, %e, %b, %o, %x, %X and %%, %f and %e with a precision of up to 100 digits.
/// </summary>
internal static class Formatting
{
    private const int MaxPrecision = 100;

    public static CelValue Format(Frame frame, in CelValue format, in CelValue arguments)
    {
        var text = format.Text;
        var output = new StringBuilder();
        var next = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                output.Append(text[i]);
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == '%')
            {
                output.Append('%');
                i++;
                continue;
            }

            if (!TryReadClause(frame, text, ref i, out var precision))
            {
                return default;
            }

            if (next >= arguments.List.Count)
            {
                return frame.Fail($"format: index {next} out of range, the list has {arguments.List.Count} values");
            }

            var before = output.Length;
            Write(frame, output, text[i], precision, arguments.List[next++]);
            if (frame.Failed || !frame.SpendText(output.Length - before))
            {
                return default;
            }
        }

        return frame.SpendText(output.Length) ? CelValue.From(output.ToString()) : default;
    }

    /// <summary>From the percent sign to the letter; the precision, or 6 where none is written.</summary>
    private static bool TryReadClause(Frame frame, string text, ref int i, out int precision)
    {
        precision = 6;
        i++;
        if (i < text.Length && text[i] == '.')
        {
            var start = ++i;
            while (i < text.Length && char.IsAsciiDigit(text[i]))
            {
                i++;
            }

            if (i == start || i - start > 3 || (precision = int.Parse(text.AsSpan(start, i - start), CultureInfo.InvariantCulture)) > MaxPrecision)
            {
                frame.Fail($"format: a precision is a number from 0 to {MaxPrecision}");
                return false;
            }
        }

        if (i < text.Length)
        {
            return true;
        }

        frame.Fail("format: the text ends within a clause; write %% for a percent sign");
        return false;
    }

    private static void Write(Frame frame, StringBuilder output, char clause, int precision, in CelValue value)
    {
        switch (clause)
        {
            case 's':
                WriteText(frame, output, value);
                break;
            case 'd' when value.IsNumber:
                output.Append(ConversionFunctions.ToText(value));
                break;
            case 'f' or 'e' when value.IsNumber:
                output.Append(Decimal(AsDouble(value), precision, clause == 'e'));
                break;
            case 'b' when value.Kind is CelKind.Int or CelKind.UInt or CelKind.Bool:
                output.Append(Digits(value, 1));
                break;
            case 'o' when value.Kind is CelKind.Int or CelKind.UInt:
                output.Append(Digits(value, 3));
                break;
            case 'x' or 'X' when Hexadecimal(value) is { } digits:
                output.Append(clause == 'x' ? digits : digits.ToUpperInvariant());
                break;
            default:
                frame.Fail(clause is 'd' or 'f' or 'e' or 'b' or 'o' or 'x' or 'X'
                    ? $"format: %{clause} does not take {TypeNames.Of(value)}"
                    : $"format: unrecognized formatting clause \"{clause}\"");
                break;
        }
    }

    private static void WriteText(Frame frame, StringBuilder output, in CelValue value)
    {
        if (!frame.Spend(1))
        {
            return;
        }

        switch (value.Kind)
        {
            case CelKind.Bytes:
                output.Append(Encoding.UTF8.GetString(value.ByteArray));
                break;
            case CelKind.List:
                WriteList(frame, output, value.List);
                break;
            case CelKind.Map:
                WriteMap(frame, output, value.Map);
                break;
            case CelKind.Optional:
                frame.Fail("format: %s does not take optional_type");
                break;
            default:
                var text = ConversionFunctions.ToText(value);
                if (frame.SpendText(text.Length))
                {
                    output.Append(text);
                }

                break;
        }
    }

    private static void WriteList(Frame frame, StringBuilder output, CelList list)
    {
        if (!CanGoDeeper(frame))
        {
            return;
        }

        output.Append('[');
        for (var i = 0; i < list.Count && !frame.Failed; i++)
        {
            output.Append(i > 0 ? ", " : "");
            WriteText(frame, output, list[i]);
        }

        output.Append(']');
    }

    /// <summary>Entries in the order of their keys as text, so that the result does not hang on how the map was made.</summary>
    private static void WriteMap(Frame frame, StringBuilder output, CelMap map)
    {
        if (!CanGoDeeper(frame) || !frame.Spend(map.Count))
        {
            return;
        }

        output.Append('{');
        var separator = "";
        foreach (var (text, key) in map.Keys.Select(key => (Text: ConversionFunctions.ToText(key), Key: key)).OrderBy(k => k.Text, StringComparer.Ordinal))
        {
            if (frame.Failed)
            {
                return;
            }

            output.Append(separator).Append(text).Append(": ");
            WriteText(frame, output, map.TryGetValue(key, out var value) ? value : default);
            separator = ", ";
        }

        output.Append('}');
    }

    private static bool CanGoDeeper(Frame frame)
    {
        if (System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            return true;
        }

        frame.Fail("format: the value is nested too deep");
        return false;
    }

    private static double AsDouble(in CelValue value) => value.Kind switch
    {
        CelKind.Int => value.Bits,
        CelKind.UInt => value.AsUInt(),
        _ => value.Number,
    };

    private static string Decimal(double number, int precision, bool isScientific)
    {
        if (!double.IsFinite(number))
        {
            return NumberText.Double(number);
        }

        // .NET writes an exponent of three digits ("E+003") and rounds exact halves of its decimal expansion to even, as C does.
        var text = number.ToString((isScientific ? "E" : "F") + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        if (!isScientific)
        {
            return HalfToEven(number, precision) ?? text;
        }

        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(text.AsSpan(mark + 2), CultureInfo.InvariantCulture).ToString("00", CultureInfo.InvariantCulture);
        return $"{text[..mark]}e{text[mark + 1]}{exponent}";
    }

    /// <summary>A number that lies exactly between two results goes to the even one; .NET's own format goes away from zero.</summary>
    private static string? HalfToEven(double number, int precision)
    {
        if (precision > 15 || Math.Abs(number) >= 1e15)
        {
            return null;
        }

        var exact = (decimal)number;
        return (double)exact == number
            ? Math.Round(exact, precision, MidpointRounding.ToEven).ToString("F" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
            : null;
    }

    private static string Digits(in CelValue value, int bits)
    {
        var isNegative = value.Kind == CelKind.Int && value.Bits < 0;
        var rest = isNegative ? unchecked(0UL - (ulong)value.Bits) : unchecked((ulong)value.Bits);
        var digits = new StringBuilder();
        do
        {
            digits.Insert(0, "0123456789abcdef"[(int)(rest & ((1UL << bits) - 1))]);
            rest >>= bits;
        }
        while (rest != 0);

        return (isNegative ? "-" : "") + digits;
    }

    private static string? Hexadecimal(in CelValue value) => value.Kind switch
    {
        CelKind.Int or CelKind.UInt => Digits(value, 4),
        CelKind.String => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(value.Text)),
        CelKind.Bytes => Convert.ToHexStringLower(value.ByteArray),
        _ => null,
    };
}
