namespace Gatehouse.Bench;

internal static class Statistics
{
    public static double Median<T>(this IEnumerable<T> items, Func<T, double> value)
    {
        var sorted = items.Select(value).Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>/proc says kB and means KiB.</summary>
    public static double Megabytes(this long kibibytes) => kibibytes * 1024 / 1e6;
}
