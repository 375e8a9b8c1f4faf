namespace Gatehouse.Limits.Queue;

/// <summary>How fast slots become free while all are taken: the time between two of them, as a moving average.</summary>
internal struct DrainPace
{
    /// <summary>Share of the newest time in the average: about the last ten count.</summary>
    private const double Weight = 0.1;

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private TimeSpan? _between;

    /// <param name="sinceLast">Since a slot became free before, or since all were taken.</param>
    public void SlotBecameFree(TimeSpan sinceLast) =>
        _between = _between is { } average ? average + ((sinceLast - average) * Weight) : sinceLast;

    /// <summary>When somebody who comes again can expect room: 1 to 60 seconds.</summary>
    /// <param name="before">How many wait.</param>
    /// <param name="sinceLast">As above; when nothing moves any more, this is longer than the average.</param>
    public readonly TimeSpan RetryAfter(int before, TimeSpan sinceLast)
    {
        var between = _between is { } average && average > sinceLast ? average : sinceLast;
        var seconds = between.TotalSeconds * (before + 1.0);
        return TimeSpan.FromSeconds(Math.Clamp(seconds, Shortest.TotalSeconds, Longest.TotalSeconds));
    }
}
