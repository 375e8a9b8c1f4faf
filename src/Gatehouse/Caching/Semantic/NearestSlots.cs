namespace Gatehouse.Caching.Semantic;

/// <summary>
/// The slots with the smallest distances of those that are added, in constant time for each: once there are enough, the limit falls to the
/// distance beyond which no more are needed.
/// </summary>
internal ref struct NearestSlots
{
    private readonly Span<int> _kept;
    private readonly Span<int> _counts;
    private readonly int _wanted;
    private int _length;
    private int _within;
    private int _limit;

    /// <param name="room"><see cref="Room"/> numbers for slots and distances.</param>
    /// <param name="counts">A zero for each distance that there is.</param>
    /// <param name="wanted">Slots that are kept; up to twice as many where many are at one distance.</param>
    /// <param name="limit">Largest distance that is kept at all.</param>
    public NearestSlots(Span<int> room, Span<int> counts, int wanted, int limit)
    {
        _kept = room;
        _counts = counts;
        _wanted = wanted;
        _limit = limit;
    }

    public static int Room(int wanted) => wanted * 8;

    public void Add(int slot, int distance)
    {
        if (distance > _limit || (distance == _limit && _within >= _wanted))
        {
            return;
        }

        if (_length == _kept.Length)
        {
            Compact();
        }

        (_kept[_length], _kept[_length + 1]) = (slot, distance);
        _length += 2;
        _counts[distance]++;
        _within++;
        while (_within - _counts[_limit] >= _wanted)
        {
            _within -= _counts[_limit--];
        }
    }

    /// <summary>In the order of their addition.</summary>
    public ReadOnlySpan<int> Slots()
    {
        Compact();
        for (var i = 0; i < _length; i += 2)
        {
            _kept[i / 2] = _kept[i];
        }

        return _kept[..(_length / 2)];
    }

    /// <summary>Forgets what is beyond the limit by now: fewer than two times the wanted number stay.</summary>
    private void Compact()
    {
        var length = 0;
        for (var i = 0; i < _length; i += 2)
        {
            if (_kept[i + 1] <= _limit)
            {
                (_kept[length], _kept[length + 1]) = (_kept[i], _kept[i + 1]);
                length += 2;
            }
        }

        _length = length;
    }
}
