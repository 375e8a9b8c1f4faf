using Gatehouse.Limits.State;

namespace Gatehouse.Limits.Accounts;

/// <summary>
/// What was used of one limit by those who share it. Everything but the identity is guarded by <see cref="Gate"/>; whoever needs several
/// accounts takes their gates in the order of <see cref="Number"/>.
/// </summary>
/// <param name="number">Unlike that of any other.</param>
/// <param name="bucket">The values that it is grouped by; empty for a limit that is one for all.</param>
internal abstract class LimitAccount(long number, LimitRule rule, string bucket)
{
    public Lock Gate { get; } = new();

    public long Number => number;

    public string Bucket => bucket;

    /// <summary>Of the configuration that was used last.</summary>
    public LimitRule Rule { get; private set; } = rule;

    /// <summary>An amount beside that of the rule, for a while.</summary>
    public LimitRaise? Raise { get; set; }

    /// <summary>When it was asked for last.</summary>
    public TimeSpan LastUsed { get; set; }

    /// <summary>What the journal knows of it; of the ledger's thread alone.</summary>
    public KeptAccount? Kept { get; set; }

    /// <summary>Claims that have been let in and are not over: as long as there are any it is not forgotten, for what they used is charged here.</summary>
    public int Claims { get; private set; }

    /// <summary>It has been forgotten: whoever still has it looks it up again.</summary>
    public bool IsGone { get; set; }

    /// <summary>Used and not set aside.</summary>
    public abstract long Used(LimitMoment now);

    /// <summary>Set aside for those that are on their way.</summary>
    public abstract long Held { get; }

    /// <summary>Nothing is used or held of it: it need not be kept.</summary>
    public abstract bool IsIdle(LimitMoment now);

    /// <summary>How much there is in all at a moment.</summary>
    public long Most(LimitMoment now) => Rule.Most + (Raise is { } raise && raise.Until > now.Utc ? raise.Amount : 0);

    /// <summary>Used or set aside by others; below 0 where more was used than there is.</summary>
    public long Left(LimitMoment now) => Most(now) - Used(now) - Held;

    /// <summary>When there is as much as it could be again, at the latest; null where it does not come back.</summary>
    public abstract TimeSpan? Reset(LimitMoment now);

    /// <summary>When there is room for an amount if nothing else is used until then; null for never.</summary>
    public abstract TimeSpan? WaitFor(LimitMoment now, long amount);

    public LimitRoom RoomFor(LimitMoment now, in LimitClaim claim)
    {
        if (claim.Least <= Left(now))
        {
            return LimitRoom.Free;
        }

        return Held == 0
            ? claim.LeastAlone <= Left(now) ? LimitRoom.Free : LimitRoom.Full
            : claim.LeastAlone <= Left(now) + Held ? LimitRoom.Held : LimitRoom.Full;
    }

    /// <summary>Sets a claim aside, or what is left of it.</summary>
    public void Reserve(LimitMoment now, ref LimitClaim claim)
    {
        claim.Held = Rule.Action == LimitAction.Alert ? claim.Amount : Math.Max(0, Math.Min(claim.Amount, Left(now)));
        Add(now, claim.Held);
        Date(now, ref claim);
        Claims++;
        LastUsed = now.Elapsed;
    }

    /// <summary>What there is for a claim beside what it has.</summary>
    public virtual long LeftFor(LimitMoment now, in LimitClaim claim) => Left(now);

    /// <summary>Sets more aside for a claim that has been let in.</summary>
    public virtual void Extend(LimitMoment now, ref LimitClaim claim, long more)
    {
        claim.Held += more;
        Add(now, more);
    }

    /// <summary>The claim is over.</summary>
    /// <param name="used">What was used in truth; what was set aside comes back.</param>
    public void Settle(LimitMoment now, in LimitClaim claim, long used)
    {
        Claims--;
        Charge(now, claim, used);
    }

    /// <summary>What was used before this start.</summary>
    public abstract void Restore(LimitMoment now, DateTimeOffset at, long used);

    public virtual void Apply(LimitMoment now, LimitRule changed) => Rule = changed;

    protected abstract void Add(LimitMoment now, long amount);

    /// <summary>Gives back what is set aside for a claim, and takes what it used.</summary>
    protected abstract void Charge(LimitMoment now, in LimitClaim claim, long used);

    /// <summary>The claim belongs to what runs now.</summary>
    protected virtual void Date(LimitMoment now, ref LimitClaim claim) => claim.At = now;
}

/// <summary>A temporary raise of a limit.</summary>
/// <param name="Amount">In the unit of the limit.</param>
internal sealed record LimitRaise(long Amount, string Reason, DateTimeOffset Until);
