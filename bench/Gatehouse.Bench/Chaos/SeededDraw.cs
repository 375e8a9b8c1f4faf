namespace Gatehouse.Bench.Chaos;

/// <summary>
/// Randomness that depends on the seed and on what is asked about, never on the order of events: two runs with one seed make the same
/// draws however the machine schedules them.
/// </summary>
internal static class SeededDraw
{
    /// <summary>Uniform in [0, 1).</summary>
    public static double Uniform(int seed, int purpose, int item)
    {
        // The finalizer of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
        var bits = ((ulong)(uint)seed << 32 | (uint)item) + (ulong)(purpose + 1) * 0x9E3779B97F4A7C15;
        bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ bits >> 27) * 0x94D049BB133111EB;
        bits ^= bits >> 31;
        return (bits >> 11) * (1.0 / (1UL << 53));
    }

    public static int Below(int limit, int seed, int purpose, int item) => (int)(Uniform(seed, purpose, item) * limit);

    /// <summary>Log-normal: half of the draws are below the median; with a spread of 0.5 one in a hundred is above 3.2 times it.</summary>
    public static double LogNormal(double median, double spread, int seed, int purpose, int item)
    {
        var radius = Math.Sqrt(-2 * Math.Log(1 - Uniform(seed, purpose, item)));
        var angle = 2 * Math.PI * Uniform(seed, purpose + 1, item);
        return median * Math.Exp(spread * radius * Math.Cos(angle));
    }
}
