namespace Gatehouse.Routing.Limits;

/// <summary>
/// Counts what was used in the last stretch of time, in sixty parts: all of the stretch and at most a sixtieth more, so that what is found to be
/// within the limit is so in any stretch that ends now. Not thread-safe.
/// </summary>
internal sealed class LimitWindow(LimitRule rule)
{
    private const int Parts = 60;

    // One more than the stretch has: the oldest is partly outside.
    private readonly long[] _counts = new long[Parts + 1];

    // Rounded up: the parts together must not be shorter than the stretch.
    private readonly long _width = (rule.Window.Ticks + Parts - 1) / Parts;
    private long _newest;
    private long _sum;

    public LimitRule Rule { get; set; } = rule;

    public bool HasRoomFor(TimeSpan now, long amount)
    {
        Advance(now);
        return _sum + amount <= Rule.Most;
    }

    /// <summary>When there is room, if nothing else is used until then; null for never.</summary>
    public TimeSpan? WaitFor(TimeSpan now, long amount)
    {
        Advance(now);
        var left = _sum + amount - Rule.Most;
        if (amount > Rule.Most)
        {
            return null;
        }

        for (var part = Math.Max(0, _newest - Parts); left > 0 && part <= _newest; part++)
        {
            left -= _counts[part % _counts.Length];
            if (left <= 0)
            {
                return TimeSpan.FromTicks((part + Parts + 1) * _width) - now;
            }
        }

        return TimeSpan.Zero;
    }

    public void Add(TimeSpan now, long amount)
    {
        Advance(now);
        _counts[_newest % _counts.Length] += amount;
        _sum += amount;
    }

    /// <summary>Takes back something of what was added at a time.</summary>
    public void Remove(TimeSpan now, TimeSpan addedAt, long amount)
    {
        Advance(now);
        var part = addedAt.Ticks / _width;
        if (part >= _newest - Parts)
        {
            _counts[part % _counts.Length] -= amount;
            _sum -= amount;
        }
    }

    private void Advance(TimeSpan now)
    {
        var part = now.Ticks / _width;
        if (part - _newest >= _counts.Length)
        {
            Array.Clear(_counts);
            _sum = 0;
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
