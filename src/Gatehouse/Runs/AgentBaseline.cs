namespace Gatehouse.Runs;

/// <summary>
/// What amplification is usual for an agent: of its last 64 runs the median and the median absolute deviation, which a few bad runs do not move,
/// and a mean that follows what becomes usual (EWMA). Not safe for many threads.
/// </summary>
internal sealed class AgentBaseline
{
    /// <summary>Before so many runs nothing is unusual.</summary>
    public const int LeastRuns = 20;

    private const int Window = 64;
    private const double Weight = 0.1;

    /// <summary>Of the median: where all runs are alike, the smallest difference is not an anomaly.</summary>
    private const double LeastDeviation = 0.05;

    private readonly double[] _values = new double[Window];

    /// <summary>Runs that have ended.</summary>
    public long Runs { get; private set; }

    public double Mean { get; private set; }

    public double Median { get; private set; }

    /// <summary>Median absolute deviation, at least a twentieth of the median.</summary>
    public double Deviation { get; private set; }

    public void Add(double amplification)
    {
        _values[(int)(Runs % Window)] = amplification;
        Mean = Runs == 0 ? amplification : Mean + (Weight * (amplification - Mean));
        Runs++;
        var values = _values[..(int)Math.Min(Runs, Window)];
        Median = MedianOf(values);
        Deviation = Math.Max(MedianOf([.. values.Select(value => Math.Abs(value - Median))]), Median * LeastDeviation);
    }

    /// <summary>The amplification from which on a run is unusual; null while too little is known.</summary>
    /// <param name="deviations">How many deviations it may be above.</param>
    public double? LimitOf(double deviations) => Runs < LeastRuns ? null : Math.Max(Median, Mean) + (deviations * Deviation);

    private static double MedianOf(double[] values)
    {
        Array.Sort(values);
        var middle = values.Length / 2;
        return values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
