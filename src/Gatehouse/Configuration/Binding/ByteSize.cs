using System.Globalization;

namespace Gatehouse.Configuration.Binding;

/// <summary>A number of bytes, written as <c>512</c>, <c>64KiB</c>, <c>32MiB</c> or <c>1GiB</c>.</summary>
internal readonly record struct ByteSize(long Bytes)
{
    private static readonly (string Suffix, long Factor)[] Units = [("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("B", 1)];

    public static ByteSize MiB(long count) => new(count << 20);

    public static ByteSize KiB(long count) => new(count << 10);

    public static bool TryParse(string text, out ByteSize size)
    {
        var factor = 1L;
        foreach (var unit in Units)
        {
            if (text.EndsWith(unit.Suffix, StringComparison.OrdinalIgnoreCase))
            {
                text = text[..^unit.Suffix.Length];
                factor = unit.Factor;
                break;
            }
        }

        var isNumber = long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= long.MaxValue / factor;
        size = new ByteSize(isNumber ? count * factor : 0);
        return isNumber;
    }

    public override string ToString()
    {
        foreach (var (suffix, factor) in Units)
        {
            if (Bytes >= factor && Bytes % factor == 0)
            {
                return $"{Bytes / factor}{suffix}";
            }
        }

        return $"{Bytes}B";
    }
}
