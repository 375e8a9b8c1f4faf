namespace Gatehouse.Routing.Health;

/// <summary>
/// Counts what happened in the last stretch of time, in ten buckets. The stretch does not end on a bucket's edge, so there are two answers: one that
/// leaves out at most a bucket's worth of what lies in it, and one that holds all of it and at most a bucket's worth more. Not thread-safe.
/// </summary>
internal sealed class SlidingCount(TimeSpan window)
{
    private const int Buckets = 10;

    // One more than the window has: the oldest is partly outside.
    private readonly long[] _counts = new long[Buckets + 1];
    private readonly long _width = Math.Max(1, window.Ticks / Buckets);
    private long _newest;
    private long _sum;

    public TimeSpan Window => window;

    public void Add(TimeSpan now, int count = 1)
    {
        Advance(now);
        _counts[_newest % _counts.Length] += count;
        _sum += count;
    }

    /// <summary>Nothing that is older than the window, and all of its youngest nine tenths.</summary>
    public long AtLeast(TimeSpan now)
    {
        Advance(now);
        return _sum - _counts[(_newest + 1) % _counts.Length];
    }

    /// <summary>Everything in the window, and up to a tenth of a window before it.</summary>
    public long AtMost(TimeSpan now)
    {
        Advance(now);
        return _sum;
    }

    public void Clear()
    {
        Array.Clear(_counts);
        _sum = 0;
    }

    private void Advance(TimeSpan now)
    {
        var bucket = now.Ticks / _width;
        if (bucket - _newest >= _counts.Length)
        {
            Clear();
            _newest = bucket;
            return;
        }

        while (_newest < bucket)
        {
            _newest++;
            ref var oldest = ref _counts[_newest % _counts.Length];
            _sum -= oldest;
            oldest = 0;
        }
    }
}
