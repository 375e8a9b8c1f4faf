using Gatehouse.Limits.State;

namespace Gatehouse.Limits.Accounts;

/// <summary>Money, or what is counted for a run or for ever: what was used in the period that runs, and what is set aside.</summary>
internal sealed class PeriodAccount(long number, LimitRule rule, string bucket) : LimitAccount(number, rule, bucket)
{
    /// <summary>
    /// A clock that is put right does not bring an old period back. One that was wrong by more than this does: a budget must not wait for the
    /// year in which it was by mistake.
    /// </summary>
    private static readonly TimeSpan MostSetBack = TimeSpan.FromDays(1);

    private DateTimeOffset _start = DateTimeOffset.MaxValue;
    private DateTimeOffset _end = DateTimeOffset.MinValue;
    private LinkedList<LimitWaiter>? _waiters;
    private long _used;
    private long _held;
    private long _period;
    private int? _renewed;
    private DateTimeOffset _lastCharge;

    public override long Held => _held;

    /// <summary>Those that wait until something that is held comes back, the one that came first at the head.</summary>
    public LinkedList<LimitWaiter> Waiters => _waiters ??= new();

    public LimitWaiter? FirstWaiter => _waiters?.First?.Value;

    public int Waiting => _waiters?.Count ?? 0;

    /// <summary>How fast money goes.</summary>
    public SpendPace Pace { get; private set; }

    /// <summary>Percentages of <see cref="LimitRule.AlertAt"/> that have been passed in this period, as a count.</summary>
    public int AlertsRaised { get; set; }

    /// <summary>It was told that money goes too fast.</summary>
    public bool IsBurning { get; set; }

    /// <summary>Beginning and end of the period that runs.</summary>
    public (DateTimeOffset Start, DateTimeOffset End) Period(LimitMoment now)
    {
        Roll(now);
        return (_start, _end);
    }

    public override long Used(LimitMoment now)
    {
        Roll(now);
        return _used;
    }

    public override bool IsIdle(LimitMoment now) => Used(now) == 0 && _held == 0 && Waiting == 0;

    /// <summary>What was told of it is over, as its period is, or as it was raised.</summary>
    public void Renew()
    {
        _renewed = Math.Max(_renewed ?? 0, AlertsRaised);
        (AlertsRaised, IsBurning) = (0, false);
    }

    /// <returns>How many of its alerts had been raised when it was renewed; null when it was not since this was asked for.</returns>
    public int? TakeRenewed(LimitMoment now)
    {
        Roll(now);
        var renewed = _renewed;
        _renewed = null;
        return renewed;
    }

    public override TimeSpan? Reset(LimitMoment now)
    {
        Roll(now);
        return _end == DateTimeOffset.MaxValue ? null : _end - now.Utc;
    }

    public override TimeSpan? WaitFor(LimitMoment now, long amount) => amount <= Left(now) ? TimeSpan.Zero : amount > Most(now) ? null : Reset(now);

    public override long LeftFor(LimitMoment now, in LimitClaim claim)
    {
        var left = Left(now);
        return claim.Period == _period ? left : left - claim.Held;
    }

    /// <summary>A call that needs more when its period is over belongs to the next one from then on: else nothing would end it.</summary>
    public override void Extend(LimitMoment now, ref LimitClaim claim, long more)
    {
        Roll(now);
        _held += more;
        if (claim.Period != _period)
        {
            _held += claim.Held;
            Date(now, ref claim);
        }

        claim.Held += more;
    }

    public override void Restore(LimitMoment now, DateTimeOffset at, long used)
    {
        Roll(now);
        if (IsOfThisPeriod(at))
        {
            _used += used;
            NoteCharge(at, used);
        }
    }

    public override void Apply(LimitMoment now, LimitRule changed)
    {
        Roll(now);
        if (changed.Calendar != Rule.Calendar)
        {
            (_start, _end) = changed.Calendar.PeriodOf(changed.Period, now.Utc);
        }

        base.Apply(now, changed);
    }

    protected override void Add(LimitMoment now, long amount)
    {
        Roll(now);
        _held += amount;
    }

    protected override void Charge(LimitMoment now, in LimitClaim claim, long used)
    {
        Roll(now);
        if (claim.Period == _period)
        {
            _held -= claim.Held;
            _used += used;
            NoteCharge(claim.At.Utc, used);
            if (used > 0 && Rule.Unit == LimitUnit.Money)
            {
                Pace = Pace.With(now.Utc, used, Rule.Period);
            }
        }
    }

    protected override void Date(LimitMoment now, ref LimitClaim claim)
    {
        Roll(now);
        // A clock that was set back: what is written down of it must belong to the same period.
        (claim.Period, claim.At) = (_period, now.Utc < _start ? now with { Utc = _start } : now);
    }

    private void NoteCharge(DateTimeOffset at, long used)
    {
        if (used != 0 && at > _lastCharge)
        {
            _lastCharge = at;
        }
    }

    private bool IsOfThisPeriod(DateTimeOffset at) => at >= _start;

    /// <summary>What is held for exchanges of an earlier period is charged to that, and not to this.</summary>
    private void Roll(LimitMoment now)
    {
        var isFirst = _end == DateTimeOffset.MinValue;
        var isOver = !isFirst && now.Utc >= _end;
        if (!isFirst && !isOver && _start - now.Utc <= MostSetBack)
        {
            if (_used != 0 && _held == 0 && Rule.Period == LimitPeriod.Run && now.Utc - _lastCharge >= UsedPart.RunIdle)
            {
                // Nobody tells of a run's end.
                _used = 0;
                Renew();
            }

            return;
        }

        (_start, _end) = Rule.Calendar.PeriodOf(Rule.Period, now.Utc);
        if (isOver)
        {
            (_used, _held) = (0, 0);
            _period++;
            Renew();
        }
    }
}
