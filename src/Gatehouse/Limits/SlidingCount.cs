namespace Gatehouse.Limits;

/// <summary>
/// Counts what happened in the last stretch of time, in parts of it. The stretch does not end on a part's edge, so there are two answers: one that
/// leaves out at most a part's worth of what lies in it, and one that holds all of it and at most a part's worth more. Not thread-safe.
/// </summary>
/// <param name="window">Rounded up to a multiple of its parts, in ticks: together they must not be shorter.</param>
internal sealed class SlidingCount(TimeSpan window, int parts = 10)
{
    // One more than the window has: the oldest is partly outside.
    private readonly long[] _counts = new long[parts + 1];
    private readonly long _width = Math.Max(1, (window.Ticks + parts - 1) / parts);
    private long _newest;
    private long _sum;

    public TimeSpan Window => window;

    public void Add(TimeSpan now, long count = 1)
    {
        Advance(now);
        _counts[_newest % _counts.Length] += count;
        _sum += count;
    }

    /// <summary>Adds what happened at an earlier time.</summary>
    public void Add(TimeSpan now, TimeSpan at, long count) => Remove(now, at, -count);

    /// <summary>Takes back something of what was added at a time.</summary>
    public void Remove(TimeSpan now, TimeSpan addedAt, long count)
    {
        Advance(now);
        var part = addedAt.Ticks / _width;
        if (part > _newest - _counts.Length)
        {
            _counts[part % _counts.Length] -= count;
            _sum -= count;
        }
    }

    /// <summary>Nothing that is older than the window, and all of its youngest parts but one.</summary>
    public long AtLeast(TimeSpan now)
    {
        Advance(now);
        return _sum - _counts[(_newest + 1) % _counts.Length];
    }

    /// <summary>Everything in the window, and up to a part of it before it.</summary>
    public long AtMost(TimeSpan now)
    {
        Advance(now);
        return _sum;
    }

    /// <summary>How long it takes, if nothing is added, until <see cref="AtMost"/> is less by so much.</summary>
    public TimeSpan WaitUntilLessBy(TimeSpan now, long count)
    {
        Advance(now);
        for (var part = Math.Max(0, _newest - parts); count > 0 && part <= _newest; part++)
        {
            count -= _counts[part % _counts.Length];
            if (count <= 0)
            {
                return TimeSpan.FromTicks((part + _counts.Length) * _width) - now;
            }
        }

        return TimeSpan.Zero;
    }

    public void Clear()
    {
        Array.Clear(_counts);
        _sum = 0;
    }

    private void Advance(TimeSpan now)
    {
        var part = now.Ticks / _width;
        if (part - _newest >= _counts.Length)
        {
            Clear();
            _newest = part;
            return;
        }

        while (_newest < part)
        {
            _newest++;
            ref var oldest = ref _counts[_newest % _counts.Length];
            _sum -= oldest;
            oldest = 0;
        }
    }
}
