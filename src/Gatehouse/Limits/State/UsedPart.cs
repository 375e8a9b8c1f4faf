using Gatehouse.Limits.Accounts;

namespace Gatehouse.Limits.State;

/// <summary>What was used of an account in a part of time: a period of a budget, or a sixtieth of a window that slides. Times are ticks, UTC.</summary>
/// <param name="From">The beginning; it tells parts of one account apart.</param>
/// <param name="Until">When it counts no more.</param>
internal readonly record struct UsedPart(long From, long Until, long Used)
{
    /// <summary>A run is over when it has made no call for so long.</summary>
    public static readonly TimeSpan RunIdle = TimeSpan.FromHours(24);

    /// <summary>The part that a time is in, nothing used; null for what is not kept.</summary>
    public static UsedPart? At(LimitRule rule, DateTimeOffset at)
    {
        var ticks = at.UtcTicks;
        if (rule.Window is { } window)
        {
            var width = window.Ticks / WindowAccount.Parts;
            var from = ticks - (ticks % width);
            return window <= TimeSpan.FromSeconds(1) ? null : new UsedPart(from, from + window.Ticks + (2 * width), 0);
        }

        switch (rule)
        {
            case { Unit: LimitUnit.Concurrency }:
                return null;
            case { Period: LimitPeriod.Run }:
                return new UsedPart(0, ticks + RunIdle.Ticks, 0);
            case { Period: LimitPeriod.Once }:
                return new UsedPart(0, DateTimeOffset.MaxValue.UtcTicks, 0);
            default:
                var (start, end) = rule.Calendar.PeriodOf(rule.Period, at);
                return new UsedPart(start.UtcTicks, end.UtcTicks, 0);
        }
    }

    /// <summary>Together with what else was used in the same part.</summary>
    public UsedPart With(in UsedPart later)
    {
        if (From == 0 && later.Until != Until)
        {
            // A run: what comes so much later belongs to another one.
            var (first, last) = Until < later.Until ? (this, later) : (later, this);
            if (last.Until - RunIdle.Ticks >= first.Until)
            {
                return last;
            }
        }

        return new UsedPart(From, Math.Max(Until, later.Until), Used + later.Used);
    }

    /// <summary>Adds it to an account after a start. An account's gate is held, or nobody else knows of it.</summary>
    public void Restore(LimitAccount account, LimitMoment now)
    {
        if (Until <= now.Utc.UtcTicks)
        {
            return;
        }

        var at = now.Utc;
        if (account.Rule.Window is { } window)
        {
            // Where in the part it was is not known: it counts as long as the last of it could.
            var end = From + (window.Ticks / WindowAccount.Parts);
            at = end < at.UtcTicks ? new DateTimeOffset(end, TimeSpan.Zero) : at;
        }

        else if (account.Rule.Period == LimitPeriod.Run)
        {
            at = new DateTimeOffset(Until - RunIdle.Ticks, TimeSpan.Zero);
        }

        account.Restore(now, at, Used);
    }
}

/// <summary>What was used of one account, as it is kept.</summary>
internal sealed record UsedAccount(string Rule, string Bucket, IReadOnlyList<UsedPart> Parts);
