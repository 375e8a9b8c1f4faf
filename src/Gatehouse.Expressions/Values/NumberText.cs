using System.Globalization;
using System.Text;

namespace Gatehouse.Expressions;

/// <summary>Numbers as text and back.</summary>
internal static class NumberText
{
    /// <summary>The shortest text that reads as the same double; an exponent below 1e-4 and from 1e21.</summary>
    public static string Double(double number)
    {
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
        }

        // "R" is the shortest text that reads back, as 123.456 or 1.5E-07; only its layout is .NET's own.
        var text = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture);
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var mantissa = mark < 0 ? text : text[..mark];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var exponent = (mark < 0 ? 0 : int.Parse(text.AsSpan(mark + 1), CultureInfo.InvariantCulture)) + (point < 0 ? mantissa.Length : point) - 1;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var significant = digits.TrimStart('0');
        exponent -= digits.Length - significant.Length;
        significant = significant.TrimEnd('0');
        return (double.IsNegative(number) ? "-" : "") + (significant.Length == 0 ? "0" : Layout(significant, exponent));
    }

    public static bool TryParseDouble(string text, out double number)
    {
        // Neither white space nor group separators; "NaN" and "Infinity" as the corpus writes them.
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        switch (text is ['+' or '-', ..] ? text[1..] : text)
        {
            case "NaN" or "nan":
                number = double.NaN;
                return true;
            case "Infinity" or "inf" or "Inf" or "infinity":
                number = text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
                return true;
            default:
                return double.TryParse(text, Style, CultureInfo.InvariantCulture, out number);
        }
    }

    /// <summary>Digits with the point behind the first one, times ten to the exponent.</summary>
    private static string Layout(string digits, int exponent)
    {
        var text = new StringBuilder();
        if (exponent is < -4 or >= 21)
        {
            text.Append(digits[0]).Append(digits.Length > 1 ? "." : "").Append(digits.AsSpan(1)).Append('e').Append(exponent < 0 ? '-' : '+');
            return text.Append(Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)).ToString();
        }

        if (exponent < 0)
        {
            return text.Append("0.").Append('0', -exponent - 1).Append(digits).ToString();
        }

        if (digits.Length <= exponent + 1)
        {
            return text.Append(digits).Append('0', exponent + 1 - digits.Length).ToString();
        }

        return text.Append(digits.AsSpan(0, exponent + 1)).Append('.').Append(digits.AsSpan(exponent + 1)).ToString();
    }
}
