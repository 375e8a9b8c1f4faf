using Gatehouse.Limits.Accounts;
using Gatehouse.Pipeline;

namespace Gatehouse.Limits;

/// <summary>What is set aside for one exchange. Used by one thread at a time.</summary>
internal sealed class LimitReservation(LimitBook book, KeyLimits limits)
{
    private LimitClaim[] _claims = new LimitClaim[limits.AtAdmission.Length + limits.AtTarget.Length];
    private int _count;
    private readonly List<LimitCharge> _charges = new(limits.AtAdmission.Length + limits.AtTarget.Length);
    private int _attempts;
    private bool _isOver;
    private LimitStanding _atAdmission;
    private LimitStanding _atTarget;

    public KeyLimits Limits => limits;

    public ReadOnlySpan<LimitClaim> Claims => _claims.AsSpan(0, _count);

    /// <summary>How the rates stood right after it was made, or refused.</summary>
    public LimitStanding Standing
    {
        get
        {
            var standing = _atAdmission;
            standing.Add(_atTarget);
            return standing;
        }
    }

    /// <summary>Some of it is money that there may not be more of.</summary>
    public bool HoldsMoney { get; private set; }

    /// <summary>The target whose price it was made at.</summary>
    public Target? PricedAt { get; set; }

    /// <summary>Nano-USD that are set aside of each budget that refuses; where budgets differ, of the one with the least.</summary>
    public long Held
    {
        get
        {
            var least = long.MaxValue;
            foreach (ref readonly var claim in Claims)
            {
                if (claim.Account.Rule is { Unit: LimitUnit.Money, Action: LimitAction.Refuse })
                {
                    least = Math.Min(least, claim.Held);
                }
            }

            return least;
        }
    }

    /// <summary>Sets aside what further claims ask for, or nothing of it.</summary>
    public LimitRefusal? TryAdd(Span<LimitClaim> claims, LimitWaiter? waiter)
    {
        var standing = default(LimitStanding);
        var refusal = book.TryReserve(claims, waiter, ref standing);
        (claims is [var first, ..] && first.Account.Rule.DependsOnTarget ? ref _atTarget : ref _atAdmission) = standing;
        if (refusal is not null)
        {
            return refusal;
        }

        if (_count + claims.Length > _claims.Length)
        {
            Array.Resize(ref _claims, _count + claims.Length);
        }

        claims.CopyTo(_claims.AsSpan(_count));
        _count += claims.Length;
        // One order for all gates, whoever takes them.
        Array.Sort(_claims, 0, _count, ByNumber.Instance);
        foreach (ref readonly var claim in claims)
        {
            HoldsMoney |= claim.Account.Rule is { Unit: LimitUnit.Money, Action: LimitAction.Refuse };
        }

        return null;
    }

    /// <summary>Waits until money that others hold comes back, and asks again, as long as there is any to wait for.</summary>
    /// <param name="waiter">Stands in the line of an account.</param>
    /// <param name="refusal">The answer for which it waits.</param>
    /// <param name="end">When it waits no longer.</param>
    /// <returns>Null as soon as it is set aside; else the last refusal.</returns>
    public async ValueTask<LimitRefusal?> WaitAsync(Memory<LimitClaim> claims, LimitWaiter waiter, LimitRefusal refusal, CancellationToken end)
    {
        while (waiter.Line is { } account)
        {
            await waiter.Turn.WaitAsync(end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (end.IsCancellationRequested)
            {
                LimitBook.Leave(waiter, account);
                return refusal;
            }

            waiter.Ask();
            var next = TryAdd(claims.Span, waiter);
            if (next is null || waiter.Line != account)
            {
                LimitBook.PassTurn(account);
            }

            if (next is null)
            {
                return null;
            }

            refusal = next;
        }

        return refusal;
    }

    /// <summary>Something is set aside for the target that is asked now.</summary>
    public bool HoldsTarget => Array.Exists(_claims[.._count], claim => claim.Account.Rule.DependsOnTarget);

    /// <summary>
    /// Goes on from one target to the next: gives back what was set aside for the first one, but for the call, if it was asked. What it has cost
    /// is known in the end.
    /// </summary>
    /// <param name="attempts">That have been made.</param>
    public void LeaveTarget(int attempts)
    {
        var use = new LimitUse(Requests: attempts > _attempts ? 1 : 0, 0, 0, 0);
        (_atTarget, _attempts) = (default, attempts);
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            if (_claims[i].Account.Rule.DependsOnTarget)
            {
                Charge(_claims[i], _claims[i].IsOfHedge ? 0 : use.Of(_claims[i].Account.Rule.Unit));
            }
            else
            {
                _claims[kept++] = _claims[i];
            }
        }

        _count = kept;
    }

    /// <summary>Of two attempts beside each other one is used: what was set aside for the other at its target comes back.</summary>
    public void EndHedge(bool secondWins)
    {
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            if (!_claims[i].Account.Rule.DependsOnTarget || _claims[i].IsOfHedge == secondWins)
            {
                _claims[kept++] = _claims[i] with { IsOfHedge = false };
            }
            else
            {
                _ = book.Settle(_claims[i], used: 0);
            }
        }

        _count = kept;
    }

    /// <inheritdoc cref="LimitBook.TryExtend"/>
    public long TryExtend(long least, long most, bool withOverdraft, out LimitRefusal? refusal) =>
        book.TryExtend(_claims.AsSpan(0, _count), least, most, withOverdraft, out refusal);

    /// <summary>The exchange is over. Only the first call counts.</summary>
    /// <returns>What is to be kept of it.</returns>
    public IReadOnlyList<LimitCharge> Settle(in LimitUse use) => Settle(use, use.NanoUsd);

    /// <param name="use">Of all attempts.</param>
    /// <param name="atTarget">Nano-USD for what was used at the target that was asked last.</param>
    /// <inheritdoc cref="Settle(in LimitUse)"/>
    public IReadOnlyList<LimitCharge> Settle(in LimitUse use, long atTarget)
    {
        if (_isOver)
        {
            return [];
        }

        _isOver = true;
        for (var i = 0; i < _count; i++)
        {
            var rule = _claims[i].Account.Rule;
            Charge(_claims[i], _claims[i].IsOfHedge ? 0 : rule is { Unit: LimitUnit.Money, DependsOnTarget: true } ? atTarget : use.Of(rule.Unit));
        }

        return _charges;
    }

    /// <summary>What was used at a target for which nothing is set aside any more.</summary>
    /// <param name="nanoUsd">Its own cost.</param>
    public void Charge(Exchange exchange, Target target, long nanoUsd)
    {
        foreach (var rule in limits.AtTarget)
        {
            if (rule.Unit == LimitUnit.Money && rule.Applies(exchange, target))
            {
                Charge(book.Open(book.AccountOf(rule, rule.BucketOf(exchange, target))), nanoUsd);
            }
        }
    }

    private void Charge(in LimitClaim claim, long used)
    {
        _ = book.Settle(claim, used);
        _charges.Add(new LimitCharge(claim.Account, claim.At.Utc, used));
    }

    private sealed class ByNumber : IComparer<LimitClaim>
    {
        public static readonly ByNumber Instance = new();

        public int Compare(LimitClaim x, LimitClaim y) => x.Account.Number.CompareTo(y.Account.Number);
    }
}

/// <summary>What an exchange has used in truth.</summary>
internal readonly record struct LimitUse(long Requests, long InputTokens, long OutputTokens, long NanoUsd)
{
    public long Of(LimitUnit unit) => unit switch
    {
        LimitUnit.Money => NanoUsd,
        LimitUnit.Requests => Requests,
        LimitUnit.InputTokens => InputTokens,
        LimitUnit.OutputTokens => OutputTokens,
        LimitUnit.TotalTokens => InputTokens + OutputTokens,
        _ => 0,
    };
}
