namespace Gatehouse.Routing.Health;

/// <summary>
/// A moving average of failures (1) and successes (0). Each counts a tenth of what came before; without any it goes to 0 by half in 42 s, so that a
/// target that is not tried because of it is tried again some time. Not thread-safe.
/// </summary>
internal sealed class ErrorEwma
{
    private const double Share = 0.1;
    private static readonly TimeSpan DecayTime = TimeSpan.FromSeconds(60);

    private double _value;
    private TimeSpan _at;

    public double At(TimeSpan now) => _value * Math.Exp(-Math.Max(0, (now - _at) / DecayTime));

    public void Observe(TimeSpan now, bool failed)
    {
        var before = _value == 0 ? 0 : At(now);
        _value = before + (Share * ((failed ? 1 : 0) - before));
        _at = now;
    }
}
