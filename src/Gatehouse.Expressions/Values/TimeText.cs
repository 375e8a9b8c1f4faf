using System.Buffers;
using System.Globalization;
using System.Text;

namespace Gatehouse.Expressions;

/// <summary>
/// Timestamps as RFC 3339 text with up to nanoseconds, and durations as Go's <c>time.ParseDuration</c> reads them
/// ("-1.5h", "1h45m47s", "100ms"), written in seconds.
/// </summary>
internal static class TimeText
{
    /// <summary>0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, the range that the language definition gives.</summary>
    public const long MinSeconds = -62135596800;
    public const long MaxSeconds = 253402300799;
    public const int NanosecondsPerSecond = 1_000_000_000;

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    private static readonly (string Unit, long Nanoseconds)[] Units =
    [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000),
        ("s", NanosecondsPerSecond), ("m", 60L * NanosecondsPerSecond), ("h", 3600L * NanosecondsPerSecond),
    ];

    public static string Timestamp(in CelValue value)
    {
        var text = DateTimeOffset.FromUnixTimeSeconds(value.Bits).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        return text + Fraction(value.Nanoseconds) + "Z";
    }

    public static string Duration(in CelValue value)
    {
        var seconds = Math.DivRem(value.Bits, NanosecondsPerSecond, out var rest);
        return $"{(value.Bits < 0 ? "-" : "")}{Magnitude(seconds)}{Fraction((int)Math.Abs(rest))}s";
    }

    public static bool TryParseTimestamp(string text, out CelValue value)
    {
        value = default;

        // 2009-02-13T23:31:30[.fraction](Z|±hh:mm)
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || text[10] is not ('T' or 't') || text[13] != ':' || text[16] != ':'
            || !Digits(text, 0, 4, out var year) || !Digits(text, 5, 2, out var month) || !Digits(text, 8, 2, out var day)
            || !Digits(text, 11, 2, out var hour) || !Digits(text, 14, 2, out var minute) || !Digits(text, 17, 2, out var second)
            || year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        var rest = text.AsSpan(19);
        if (!TryReadFraction(ref rest, out var nanoseconds) || !TryReadOffset(rest, out var offset))
        {
            return false;
        }

        var seconds = new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero).ToUnixTimeSeconds() - (offset * 60L);
        if (seconds is < MinSeconds or > MaxSeconds)
        {
            return false;
        }

        value = CelValue.FromTimestamp(seconds, nanoseconds);
        return true;
    }

    public static bool TryParseDuration(string text, out CelValue value)
    {
        value = default;
        var rest = text.AsSpan();
        var negative = rest is ['-', ..];
        if (rest is ['-' or '+', ..])
        {
            rest = rest[1..];
        }

        if (rest is "0")
        {
            value = CelValue.FromDuration(0);
            return true;
        }

        Int128 total = 0;
        if (rest.IsEmpty || rest.Length > 100)
        {
            return false;
        }

        while (!rest.IsEmpty)
        {
            if (!TryReadTerm(ref rest, out var term))
            {
                return false;
            }

            total += term;
        }

        total = negative ? -total : total;
        if (total < long.MinValue || total > long.MaxValue)
        {
            return false;
        }

        value = CelValue.FromDuration((long)total);
        return true;
    }

    private static bool TryReadTerm(ref ReadOnlySpan<char> rest, out Int128 nanoseconds)
    {
        nanoseconds = 0;
        var length = rest.IndexOfAnyExcept(NumberCharacters);
        if (length < 1)
        {
            return false;
        }

        var number = rest[..length];
        rest = rest[length..];
        var unitLength = rest.IndexOfAny(NumberCharacters);
        var unit = (unitLength < 0 ? rest : rest[..unitLength]).ToString();
        rest = unitLength < 0 ? default : rest[unitLength..];
        var scale = Array.Find(Units, u => u.Unit == unit).Nanoseconds;
        var point = number.IndexOf('.');
        var whole = point < 0 ? number : number[..point];
        var fraction = point < 0 ? default : number[(point + 1)..];
        if (scale == 0 || (whole.IsEmpty && fraction.IsEmpty) || whole.Length > 19 || fraction.Contains('.'))
        {
            return false;
        }

        nanoseconds = (whole.IsEmpty ? 0 : (Int128)ulong.Parse(whole, CultureInfo.InvariantCulture)) * scale;
        Int128 divisor = 1;
        Int128 part = 0;
        foreach (var digit in fraction[..Math.Min(fraction.Length, 18)])
        {
            part = (part * 10) + (digit - '0');
            divisor *= 10;
        }

        nanoseconds += part * scale / divisor;
        return true;
    }

    private static bool TryReadFraction(ref ReadOnlySpan<char> rest, out int nanoseconds)
    {
        nanoseconds = 0;
        if (rest is not ['.', ..])
        {
            return true;
        }

        rest = rest[1..];
        var length = rest.IndexOfAnyExceptInRange('0', '9');
        if (length is < 1 or > 9)
        {
            return false;
        }

        nanoseconds = int.Parse(rest[..length], CultureInfo.InvariantCulture);
        for (var i = length; i < 9; i++)
        {
            nanoseconds *= 10;
        }

        rest = rest[length..];
        return true;
    }

    private static bool TryReadOffset(ReadOnlySpan<char> rest, out int minutes)
    {
        minutes = 0;
        return rest is "Z" or "z" || (rest is ['+' or '-', ..] && TryParseOffset(rest, out minutes));
    }

    /// <summary>Reads "+hh:mm", "-hh:mm" or "hh:mm" as minutes east of UTC.</summary>
    public static bool TryParseOffset(ReadOnlySpan<char> text, out int minutes)
    {
        minutes = 0;
        var negative = text is ['-', ..];
        var digits = (text is ['+' or '-', ..] ? text[1..] : text).ToString();
        if (digits.Length != 5 || digits[2] != ':' || !Digits(digits, 0, 2, out var hours) || !Digits(digits, 3, 2, out var rest)
            || hours > 23 || rest > 59)
        {
            return false;
        }

        minutes = ((hours * 60) + rest) * (negative ? -1 : 1);
        return true;
    }

    private static bool Digits(string text, int start, int count, out int number)
    {
        number = 0;
        for (var i = start; i < start + count; i++)
        {
            if (!char.IsAsciiDigit(text[i]))
            {
                return false;
            }

            number = (number * 10) + (text[i] - '0');
        }

        return true;
    }

    private static string Fraction(int nanoseconds)
    {
        if (nanoseconds == 0)
        {
            return "";
        }

        var digits = new StringBuilder(".").Append(nanoseconds.ToString("000000000", CultureInfo.InvariantCulture));
        while (digits[^1] == '0')
        {
            digits.Length--;
        }

        return digits.ToString();
    }

    private static string Magnitude(long seconds) => seconds.ToString(CultureInfo.InvariantCulture).TrimStart('-');
}
