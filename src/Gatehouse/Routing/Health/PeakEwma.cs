namespace Gatehouse.Routing.Health;

/// <summary>
/// A moving average that believes bad news at once: a sample above it becomes it, samples below pull it down over time. After Finagle's PeakEwma
/// (https://twitter.github.io/finagle/guide/Clients.html#power-of-two-choices-p2c-least-loaded). Not thread-safe.
/// </summary>
internal sealed class PeakEwma
{
    // Finagle's default decay time: a spike is half forgotten after 7 s.
    private static readonly TimeSpan DecayTime = TimeSpan.FromSeconds(10);

    private double _value;
    private TimeSpan _at;

    /// <summary>As of the last sample; 0 before the first.</summary>
    public double Last => _value;

    /// <summary>
    /// As of now: what is not used is slowly forgotten, so that a target that was slow is tried again some time. It is below all others after a
    /// while, never negative.
    /// </summary>
    public double At(TimeSpan now) => _value * Weight(now);

    public void Observe(TimeSpan now, double sample)
    {
        var weight = Weight(now);
        _value = sample >= _value ? sample : (_value * weight) + (sample * (1 - weight));
        _at = now;
    }

    private double Weight(TimeSpan now) => Math.Exp(-Math.Max(0, (now - _at) / DecayTime));
}
