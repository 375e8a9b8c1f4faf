namespace Gatehouse.Limits;

/// <summary>
/// Counts what happened in the last stretch of time, in parts of it. The stretch does not end on a part's edge, so there are two answers: one that
/// leaves out at most a part's worth of what lies in it, and one that holds all of it and at most a part's worth more. Not thread-safe.
/// </summary>
/// <param name="window">Rounded up to a multiple of its parts, in ticks: together they must not be shorter.</param>
internal sealed class SlidingCount(TimeSpan window, int parts = 10)
{
    // One more than the window has: the oldest is partly outside. Most counts are small, and there may be very many of them.
    private readonly int[] _counts = new int[parts + 1];
    private readonly long _width = Math.Max(1, (window.Ticks + parts - 1) / parts);
    private long[]? _large;
    private long _newest;
    private long _sum;

    public TimeSpan Window => window;

    public void Add(TimeSpan now, long count = 1)
    {
        Advance(now);
        Change((int)(_newest % _counts.Length), count);
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
            Change((int)(part % _counts.Length), -count);
        }
    }

    /// <summary>Nothing that is older than the window, and all of its youngest parts but one.</summary>
    public long AtLeast(TimeSpan now)
    {
        Advance(now);
        return _sum - At(_newest + 1);
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
            count -= At(part);
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
        (_large, _sum) = (null, 0);
    }

    private long At(long part) => _large is { } large ? large[part % _counts.Length] : _counts[part % _counts.Length];

    private void Change(int index, long by)
    {
        _sum += by;
        if (_large is null && _counts[index] + by is var count and >= int.MinValue and <= int.MaxValue)
        {
            _counts[index] = (int)count;
            return;
        }

        _large ??= Array.ConvertAll(_counts, static small => (long)small);
        _large[index] += by;
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
            Change((int)(_newest % _counts.Length), -At(_newest));
        }
    }
}
