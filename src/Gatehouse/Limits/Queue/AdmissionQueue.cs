using Gatehouse.Identity;

namespace Gatehouse.Limits.Queue;

/// <summary>
/// Who runs and who waits. A slot that becomes free goes to the highest class that waits (but see <see cref="MostPassedOver"/>), within
/// it to the key that holds the fewest, and within the key to the earliest deadline. It decides only when something happens: an arrival,
/// an end, a leave, the earliest deadline, another limit. Safe for many threads; nothing of others runs while it decides.
/// </summary>
internal sealed class AdmissionQueue : IDisposable
{
    /// <summary>
    /// A class that waits while this many slots went to others is next: of any 16 slots it has at least one, also when both of the lower
    /// classes are due at once and one of them has to let the other go first.
    /// </summary>
    private const int MostPassedOver = 14;

    private const int NoLimit = 0;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly ClassLine[] _lines = [.. Enum.GetValues<PriorityClass>().Select(priority => new ClassLine(priority))];
    private readonly int[] _runningOf = new int[Enum.GetValues<PriorityClass>().Length];
    private readonly Dictionary<string, AdmissionKey> _keys = new(StringComparer.Ordinal);
    private readonly SortedSet<AdmissionTicket> _byDeadline = new(KeyLine.EarliestDeadlineFirst);
    private int _concurrency;
    private int _room;
    private TimeSpan _maxWait;
    private int _running;
    private long _numbers;
    private long _grants;
    private long _armedFor = long.MaxValue;
    private DrainPace _pace;
    private long _lastFree;

    public AdmissionQueue(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static queue => ((AdmissionQueue)queue!).DeadlineCame(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many of a class hold a slot.</summary>
    public int Running(PriorityClass priority) => Volatile.Read(ref _runningOf[(int)priority]);

    /// <summary>How many of a class wait.</summary>
    public int Waiting(PriorityClass priority) => _lines[(int)priority].Count;

    /// <summary>Keys that are known because they have something that runs or waits.</summary>
    public int Keys
    {
        get
        {
            lock (_gate)
            {
                return _keys.Count;
            }
        }
    }

    private int AllWaiting => _byDeadline.Count;

    /// <summary>
    /// Puts limits in force at once. More slots are granted, and whoever the queue has no room for any more is turned away. Who runs goes
    /// on, and who waits keeps the deadline it came with.
    /// </summary>
    public void Configure(AdmissionOptions options)
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            Expire(now);
            Volatile.Write(ref _concurrency, options.Concurrency ?? NoLimit);
            (_room, _maxWait, _lastFree) = (options.Queue, options.MaxWait, now);
            GrantFree(now);
            while (AllWaiting > _room)
            {
                TurnAway(_lines.Last(line => line.Count > 0).Last, AdmissionVerdict.Displaced, now);
            }

            Arm(now);
        }
    }

    /// <param name="key">Id of the key.</param>
    /// <param name="patience">How long the caller would wait; null for as long as the gateway allows.</param>
    /// <returns>Null when nothing limits what runs; otherwise a ticket that must be ended.</returns>
    public AdmissionTicket? Arrive(string key, PriorityClass priority, TimeSpan? patience)
    {
        if (Volatile.Read(ref _concurrency) == NoLimit)
        {
            return null;
        }

        lock (_gate)
        {
            if (_concurrency == NoLimit)
            {
                return null;
            }

            var now = _time.GetTimestamp();
            Expire(now);
            var ticket = new AdmissionTicket(this, KeyOf(key), priority, ++_numbers);
            Take(ticket, patience is { } limit && limit < _maxWait ? limit : _maxWait, now);
            Update(ticket.Key);
            Arm(now);
            return ticket;
        }
    }

    public void Leave(AdmissionTicket ticket)
    {
        lock (_gate)
        {
            if (ticket.Verdict == AdmissionVerdict.Waiting)
            {
                Settle(ticket, AdmissionVerdict.Left, default);
            }
        }
    }

    public void End(AdmissionTicket ticket)
    {
        lock (_gate)
        {
            if (ticket.Verdict == AdmissionVerdict.Waiting)
            {
                Settle(ticket, AdmissionVerdict.Left, default);
            }
            else if (ticket.IsRunning)
            {
                var now = _time.GetTimestamp();
                Expire(now);
                Free(ticket, now);
                GrantFree(now);
                Update(ticket.Key);
                Arm(now);
            }
        }
    }

    public void Dispose() => _timer.Dispose();

    private void DeadlineCame()
    {
        lock (_gate)
        {
            _armedFor = long.MaxValue;
            var now = _time.GetTimestamp();
            Expire(now);
            Arm(now);
        }
    }

    /// <summary>Runs, waits or is turned away.</summary>
    private void Take(AdmissionTicket ticket, TimeSpan patience, long now)
    {
        // When there is a free slot nobody waits: each is granted as it becomes free.
        if (_running < _concurrency)
        {
            Grant(ticket, now);
        }
        else if (patience <= TimeSpan.Zero)
        {
            ticket.Settle(AdmissionVerdict.Expired, RetryAfter(now));
        }
        else if (AllWaiting >= _room && !MakeRoom(ticket, now))
        {
            ticket.Settle(AdmissionVerdict.Full, RetryAfter(now));
        }
        else
        {
            ticket.Wait(now + (long)(patience.TotalSeconds * _time.TimestampFrequency));
            _lines[(int)ticket.Priority].Add(ticket);
            _ = _byDeadline.Add(ticket);
        }
    }

    /// <summary>
    /// A place in the full queue for a newcomer: that of somebody in a lower class; or else of a key that has more of this class waiting,
    /// and not fewer than the newcomer's own when it has given one up, so that no two keys push each other out in turns.
    /// </summary>
    private bool MakeRoom(AdmissionTicket newcomer, long now)
    {
        var own = _lines[(int)newcomer.Priority];
        var lower = _lines.LastOrDefault(line => line.Priority > newcomer.Priority && line.Count > 0);
        var last = lower?.Last ?? (own.Count > 0 && own.CountOf(own.Last.Key) > own.CountOf(newcomer.Key) + 1 ? own.Last : null);
        if (last is null)
        {
            return false;
        }

        TurnAway(last, AdmissionVerdict.Displaced, now);
        return true;
    }

    private void GrantFree(long now)
    {
        while (AllWaiting > 0 && (_concurrency == NoLimit || _running < _concurrency))
        {
            var line = NextLine();
            var ticket = line.Next;
            foreach (var other in _lines.Where(other => other != line && other.Count > 0))
            {
                other.PassedOver++;
            }

            line.PassedOver = 0;
            Remove(ticket);
            Grant(ticket, now);
        }
    }

    private ClassLine NextLine()
    {
        var due = _lines.Where(line => line.Count > 0 && line.PassedOver >= MostPassedOver).MaxBy(line => line.PassedOver);
        return due ?? _lines.First(line => line.Count > 0);
    }

    private void Grant(AdmissionTicket ticket, long now)
    {
        ChangeSlots(ticket, by: 1);
        ticket.Grant();
        if (_running == _concurrency)
        {
            _lastFree = now;
        }
    }

    private void Free(AdmissionTicket ticket, long now)
    {
        if (_concurrency != NoLimit && _running >= _concurrency)
        {
            _pace.SlotBecameFree(_time.GetElapsedTime(_lastFree, now));
            _lastFree = now;
        }

        ticket.Finish();
        ChangeSlots(ticket, by: -1);
    }

    private void ChangeSlots(AdmissionTicket ticket, int by)
    {
        var key = ticket.Key;
        foreach (var line in _lines)
        {
            line.Unrank(key);
        }

        key.Running += by;
        if (by > 0)
        {
            key.Turn = ++_grants;
        }

        foreach (var line in _lines)
        {
            line.Rank(key);
        }

        _running += by;
        Volatile.Write(ref _runningOf[(int)ticket.Priority], _runningOf[(int)ticket.Priority] + by);
    }

    private void Expire(long now)
    {
        while (_byDeadline.Min is { } earliest && earliest.Deadline <= now)
        {
            TurnAway(earliest, AdmissionVerdict.Expired, now);
        }
    }

    private void TurnAway(AdmissionTicket ticket, AdmissionVerdict verdict, long now) => Settle(ticket, verdict, RetryAfter(now));

    private void Settle(AdmissionTicket ticket, AdmissionVerdict verdict, TimeSpan retryAfter)
    {
        Remove(ticket);
        ticket.Settle(verdict, retryAfter);
        Update(ticket.Key);
    }

    private void Remove(AdmissionTicket ticket)
    {
        _lines[(int)ticket.Priority].Remove(ticket);
        _ = _byDeadline.Remove(ticket);
    }

    private TimeSpan RetryAfter(long now) => _pace.RetryAfter(AllWaiting, _time.GetElapsedTime(_lastFree, now));

    /// <summary>A new key is behind those that have waited for longer, and before the one that was granted a slot last.</summary>
    private AdmissionKey KeyOf(string id) => _keys.GetValueOrDefault(id) ?? new AdmissionKey(id, ++_numbers, _grants - 1);

    /// <summary>A key is known as long as it has something that runs or waits.</summary>
    private void Update(AdmissionKey key)
    {
        if (key.IsIdle)
        {
            _ = _keys.Remove(key.Id);
        }
        else
        {
            // Not only when it is new: making room for its newcomer may have taken the last that it had waiting.
            _keys[key.Id] = key;
        }
    }

    /// <summary>One timer, for the earliest deadline. It may fire for one that was granted meanwhile; then it is set again.</summary>
    private void Arm(long now)
    {
        if (_byDeadline.Min is not { } earliest || earliest.Deadline >= _armedFor)
        {
            return;
        }

        _armedFor = earliest.Deadline;
        // The runtime's timers cut off parts of milliseconds, and would fire before the time has come.
        _ = _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(_time.GetElapsedTime(now, earliest.Deadline).TotalMilliseconds)), Timeout.InfiniteTimeSpan);
    }
}
