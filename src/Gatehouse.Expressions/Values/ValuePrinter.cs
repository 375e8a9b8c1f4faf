using System.Globalization;
using System.Text;

namespace Gatehouse.Expressions;

/// <summary>Writes values as literals of the language, so that what is printed can be read again.</summary>
internal static class ValuePrinter
{
    private const int MaxLength = 1000;

    public static void Print(in CelValue value, StringBuilder output)
    {
        if (output.Length > MaxLength)
        {
            output.Append('…');
            return;
        }

        switch (value.Kind)
        {
            case CelKind.Null:
                output.Append("null");
                break;
            case CelKind.Bool:
                output.Append(value.IsTrue ? "true" : "false");
                break;
            case CelKind.Int:
                output.Append(value.Bits);
                break;
            case CelKind.UInt:
                output.Append(value.AsUInt()).Append('u');
                break;
            case CelKind.Double:
                PrintDouble(value.Number, output);
                break;
            case CelKind.String:
                PrintString(value.Text, output);
                break;
            case CelKind.Bytes:
                PrintBytes(value.ByteArray, output);
                break;
            case CelKind.Timestamp:
                output.Append("timestamp(\"").Append(TimeText.Timestamp(value)).Append("\")");
                break;
            case CelKind.Duration:
                output.Append("duration(\"").Append(TimeText.Duration(value)).Append("\")");
                break;
            case CelKind.Type:
                output.Append(value.Text);
                break;
            case CelKind.Optional:
                PrintOptional(value.Optional, output);
                break;
            case CelKind.List:
                PrintList(value.List, output);
                break;
            case CelKind.Map:
                PrintMap(value.Map, output);
                break;
            default:
                output.Append("error");
                break;
        }
    }

    public static void PrintString(string text, StringBuilder output)
    {
        output.Append('"');
        foreach (var character in text.AsSpan(0, Math.Min(text.Length, MaxLength)))
        {
            switch (character)
            {
                case '"' or '\\':
                    output.Append('\\').Append(character);
                    break;
                case '\n':
                    output.Append("\\n");
                    break;
                case '\r':
                    output.Append("\\r");
                    break;
                case '\t':
                    output.Append("\\t");
                    break;
                case < ' ' or '\x7f':
                    output.Append("\\x").Append(((int)character).ToString("x2", CultureInfo.InvariantCulture));
                    break;
                default:
                    output.Append(character);
                    break;
            }
        }

        output.Append(text.Length > MaxLength ? "…\"" : "\"");
    }

    private static void PrintDouble(double number, StringBuilder output)
    {
        var text = NumberText.Double(number);
        if (!double.IsFinite(number))
        {
            output.Append("double(\"").Append(text).Append("\")");
            return;
        }

        output.Append(text);
        if (!text.AsSpan().ContainsAny('.', 'e'))
        {
            output.Append(".0");
        }
    }

    private static void PrintBytes(byte[] bytes, StringBuilder output)
    {
        output.Append("b\"");
        foreach (var octet in bytes.AsSpan(0, Math.Min(bytes.Length, MaxLength)))
        {
            _ = octet is >= 0x20 and < 0x7f and not (byte)'"' and not (byte)'\\'
                ? output.Append((char)octet)
                : output.Append("\\x").Append(octet.ToString("x2", CultureInfo.InvariantCulture));
        }

        output.Append('"');
    }

    private static void PrintOptional(OptionalValue optional, StringBuilder output)
    {
        if (!optional.HasValue)
        {
            output.Append("optional.none()");
            return;
        }

        output.Append("optional.of(");
        Print(optional.Value, output);
        output.Append(')');
    }

    private static void PrintList(CelList list, StringBuilder output)
    {
        output.Append('[');
        for (var i = 0; i < list.Count && output.Length <= MaxLength; i++)
        {
            output.Append(i > 0 ? ", " : "");
            Print(list[i], output);
        }

        output.Append(']');
    }

    private static void PrintMap(CelMap map, StringBuilder output)
    {
        output.Append('{');
        var separator = "";
        foreach (var key in map.Keys.TakeWhile(_ => output.Length <= MaxLength))
        {
            output.Append(separator);
            Print(key, output);
            output.Append(": ");
            Print(map.TryGetValue(key, out var value) ? value : default, output);
            separator = ", ";
        }

        output.Append('}');
    }
}
