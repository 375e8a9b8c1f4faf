namespace Gatehouse.Routing.Health;

internal sealed class RetryBudget(TimeProvider time)
{
    private double _ratio = time.TimestampFrequency > 0 ? 0.1 : 0;

    public void Apply(double ratio) => _ratio = ratio;

    public void CountRequest() => _ratio += 0;

    public bool TrySpend() => _ratio > 0;
}
