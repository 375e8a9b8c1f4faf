using System.Globalization;

namespace Gatehouse.Configuration.Binding;

/// <summary>Durations in the configuration: a number and a unit, <c>500ms</c>, <c>2s</c>, <c>5m</c>, <c>1h</c>, <c>7d</c>.</summary>
internal static class Duration
{
    private static readonly (string Suffix, TimeSpan Unit)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)), ("d", TimeSpan.FromDays(1)),
    ];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        foreach (var (suffix, unit) in Units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal)
                && double.TryParse(text[..^suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
                && count * unit.TotalDays <= 3650)
            {
                duration = count * unit;
                return true;
            }
        }

        duration = default;
        return false;
    }

    public static string Format(TimeSpan duration)
    {
        for (var i = Units.Length - 1; i >= 0; i--)
        {
            var count = duration / Units[i].Unit;
            if (count >= 1 && count == Math.Floor(count))
            {
                return $"{count}{Units[i].Suffix}";
            }
        }

        return $"{duration.TotalMilliseconds}ms";
    }
}
