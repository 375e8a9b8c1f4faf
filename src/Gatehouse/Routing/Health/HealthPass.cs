namespace Gatehouse.Routing.Health;

/// <summary>Ties what is said of an attempt to the attempt that was let in. The default value is that of one that was not: nothing said of it counts.</summary>
internal readonly record struct HealthPass(int Slot, int Number);

/// <summary>What is known of an attempt that runs.</summary>
internal struct RunningAttempt
{
    public BreakerTicket Breaker;

    /// <summary><see cref="QuotaGate.Period"/> at its beginning.</summary>
    public int QuotaPeriod;

    public AttemptVerdict Verdict;

    /// <summary>No exchange is made.</summary>
    public bool IsProbe;

    /// <summary>Of the pass that holds the slot; 0 while it is free.</summary>
    public int Number;

    /// <summary>While it is free: the next free one, -1 at the end.</summary>
    public int NextFree;
}

internal enum AttemptVerdict
{
    None,

    /// <summary>The head of a good answer came; its stream may still be cut.</summary>
    Succeeded,

    /// <summary>Final, for the target or against it.</summary>
    Decided,
}

/// <summary>
/// The attempts that run, in slots that are used again: entering allocates nothing, and a pass that is used twice or too late finds that its slot is
/// another's. Grows to the most that ever ran at once. Not thread-safe.
/// </summary>
internal sealed class RunningAttempts
{
    private RunningAttempt[] _slots = [];
    private int _free = -1;
    private int _lastNumber;

    public HealthPass Add(in BreakerTicket breaker, int quotaPeriod)
    {
        if (_free < 0)
        {
            Grow();
        }

        // Any number but 0, which is no pass.
        _lastNumber = _lastNumber == int.MaxValue ? 1 : _lastNumber + 1;
        var slot = _free;
        _free = _slots[slot].NextFree;
        _slots[slot] = new RunningAttempt { Breaker = breaker, QuotaPeriod = quotaPeriod, Number = _lastNumber };
        return new HealthPass(slot, _lastNumber);
    }

    public bool IsRunning(in HealthPass pass) => pass.Number != 0 && pass.Slot < _slots.Length && _slots[pass.Slot].Number == pass.Number;

    public ref RunningAttempt this[in HealthPass pass] => ref _slots[pass.Slot];

    public void Remove(in HealthPass pass)
    {
        _slots[pass.Slot] = new RunningAttempt { NextFree = _free };
        _free = pass.Slot;
    }

    private void Grow()
    {
        var before = _slots.Length;
        Array.Resize(ref _slots, Math.Max(4, before * 2));
        for (var slot = before; slot < _slots.Length; slot++)
        {
            _slots[slot].NextFree = slot + 1 < _slots.Length ? slot + 1 : -1;
        }

        _free = before;
    }
}
