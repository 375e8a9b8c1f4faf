using System.Buffers;
using System.Globalization;

namespace Gatehouse.Upstream.Failures;

/// <summary>How providers write times and durations in headers and error bodies.</summary>
internal static class HeaderTime
{
    /// <summary>From here on a number is a time since 1970 in seconds, and 1,000 times later in milliseconds: no window is 30 years long.</summary>
    private const double FirstEpochSecond = 1e9;

    private const double FirstEpochMillisecond = 1e11;

    private static readonly SearchValues<char> Number = SearchValues.Create("0123456789.");

    /// <summary>The longest window of a limit that a provider has is a month; what is later is not believed to the letter.</summary>
    private static readonly TimeSpan LongestWindow = TimeSpan.FromDays(31);

    /// <summary><c>1h2m3.5s</c>, <c>20ms</c>, or seconds. Null for anything else, and for more than a year.</summary>
    public static TimeSpan? Duration(ReadOnlySpan<char> text)
    {
        if (Decimal(text) is { } seconds)
        {
            return Bounded(seconds);
        }

        var total = 0.0;
        var rest = text;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(Number);
            if (digits <= 0 || Decimal(rest[..digits]) is not { } number)
            {
                return null;
            }

            rest = rest[digits..];
            var unit = rest.IndexOfAny(Number) is var end and >= 0 ? rest[..end] : rest;
            var factor = unit switch { "h" => 3600, "m" => 60, "s" => 1, "ms" => 0.001, "us" or "µs" => 0.000_001, "d" => 86_400, _ => double.NaN };
            if (double.IsNaN(factor))
            {
                return null;
            }

            total += number * factor;
            rest = rest[unit.Length..];
        }

        return text.IsEmpty ? null : Bounded(total);
    }

    /// <summary>
    /// When a window begins anew: a duration (OpenAI, Groq), seconds (Azure, Cerebras, Together, Mistral), a time since 1970 in seconds or in
    /// milliseconds (OpenRouter), or RFC 3339 (Anthropic). At most a month away.
    /// </summary>
    public static DateTimeOffset? Reset(ReadOnlySpan<char> text, DateTimeOffset now)
    {
        var time = Decimal(text) switch
        {
            { } number when number is >= FirstEpochMillisecond and < 1e14 => DateTimeOffset.FromUnixTimeMilliseconds((long)number),
            { } number when number is >= FirstEpochSecond and < FirstEpochMillisecond => DateTimeOffset.FromUnixTimeMilliseconds((long)(number * 1000)),
            _ => Duration(text) is { } wait ? now + wait : Time(text),
        };
        return time > now + LongestWindow ? now + LongestWindow : time;
    }

    /// <summary>Digits, with a decimal point or without; unlike the framework's own parsing no sign, no <c>Infinity</c>.</summary>
    public static double? Decimal(ReadOnlySpan<char> text) =>
        !text.ContainsAnyExcept(Number) && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static DateTimeOffset? Time(ReadOnlySpan<char> text) =>
        text.Length >= "2026-01-01T00:00:00Z".Length && char.IsAsciiDigit(text[0])
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static TimeSpan? Bounded(double seconds) => seconds < TimeSpan.FromDays(366).TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
}
