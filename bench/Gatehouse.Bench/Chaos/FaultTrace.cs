namespace Gatehouse.Bench.Chaos;

/// <summary>Which faults each request met, told by the upstreams.</summary>
internal sealed class FaultTrace(int requests)
{
    private readonly long[] _met = new long[requests];

    /// <summary>Requests of the warm-up have numbers past the run's, and are not followed.</summary>
    public void Meet(int number, Fault fault)
    {
        if (number < _met.Length)
        {
            _ = Interlocked.Or(ref _met[number], 1L << (int)fault);
        }
    }

    public bool HasMet(int number, Fault fault) => (Volatile.Read(ref _met[number]) & 1L << (int)fault) != 0;

    public bool HasMetAny(int number, IReadOnlyList<Fault> faults) => faults.Any(fault => HasMet(number, fault));
}
