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

        var round = number.ToString("E16", CultureInfo.InvariantCulture);
        for (var precision = 0; precision < 17; precision++)
        {
            var candidate = number.ToString("E" + precision, CultureInfo.InvariantCulture);
            if (double.Parse(candidate, CultureInfo.InvariantCulture) == number)
            {
                round = candidate;
                break;
            }
        }

        return Layout(round);
    }

    public static bool TryParseDouble(string text, out double number)
    {
        // Neither white space nor group separators; "NaN" and "Infinity" as the corpus writes them.
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        switch (text.TrimStart('+', '-'))
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

    private static string Layout(string scientific)
    {
        var negative = scientific[0] == '-';
        var mark = scientific.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(scientific.AsSpan(mark + 1), CultureInfo.InvariantCulture);
        var digits = scientific[(negative ? 1 : 0)..mark].Replace(".", "", StringComparison.Ordinal);
        var text = new StringBuilder(negative ? "-" : "");
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
