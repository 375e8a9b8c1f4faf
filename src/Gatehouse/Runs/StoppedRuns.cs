namespace Gatehouse.Runs;

/// <summary>Runs that were stopped, and those of them that may go on. Of too many, those that were decided first are forgotten.</summary>
internal sealed class StoppedRuns
{
    /// <summary>As many as the database keeps.</summary>
    public const int Most = 100_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<RunKey, (RunStop Stop, bool IsStopped)> _states = [];
    private readonly Queue<RunKey> _order = new();

    /// <param name="states">Of the database, oldest first.</param>
    public StoppedRuns(IEnumerable<RunStateRow> states)
    {
        foreach (var state in states)
        {
            Put(state.Key, state.Stop, state.IsStopped);
        }
    }

    public RunStop? Find(RunKey key)
    {
        lock (_gate)
        {
            return _states.Count > 0 && _states.TryGetValue(key, out var state) && state.IsStopped ? state.Stop : null;
        }
    }

    /// <summary>When a run was last told that it may go on; null for one that never was stopped, or is.</summary>
    public DateTimeOffset? ResumedAt(RunKey key)
    {
        lock (_gate)
        {
            return _states.TryGetValue(key, out var state) && !state.IsStopped ? state.Stop.At : null;
        }
    }

    public void Stop(RunKey key, RunStop stop) => Put(key, stop, isStopped: true);

    /// <returns>False when it was not stopped.</returns>
    public bool Resume(RunKey key, DateTimeOffset at)
    {
        if (Find(key) is not { } stop)
        {
            return false;
        }

        Put(key, stop with { At = at }, isStopped: false);
        return true;
    }

    private void Put(RunKey key, RunStop stop, bool isStopped)
    {
        lock (_gate)
        {
            if (!_states.ContainsKey(key))
            {
                _order.Enqueue(key);
                if (_order.Count > Most)
                {
                    _ = _states.Remove(_order.Dequeue());
                }
            }

            _states[key] = (stop, isStopped);
        }
    }
}
