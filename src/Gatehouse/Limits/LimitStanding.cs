using System.Runtime.CompilerServices;
using Gatehouse.Limits.Accounts;

namespace Gatehouse.Limits;

/// <summary>How one unit stands for an exchange: of all accounts that apply, the one with the fewest left.</summary>
/// <param name="ResetsAt">When as much as it could be is there again; null for never.</param>
internal readonly record struct UnitStanding(long Most, long Left, DateTimeOffset? ResetsAt);

/// <summary>
/// How the rates stand right after an exchange has taken its part, or when it was refused. It is taken under the gates: of exchanges at the same time no two
/// see the same.
/// </summary>
internal struct LimitStanding
{
    private const LimitUnit First = LimitUnit.Requests;

    private Units _units;

    public bool Any { get; private set; }

    /// <summary>Requests or tokens; null where no rule counts them.</summary>
    public readonly UnitStanding? this[LimitUnit unit] => _units[unit - First];

    public void Take(LimitMoment now, ReadOnlySpan<LimitClaim> claims)
    {
        foreach (ref readonly var claim in claims)
        {
            var account = claim.Account;

            // What is counted for a run is no rate: it does not come back.
            if (account.Rule is { Unit: LimitUnit.Money or LimitUnit.Concurrency } or { Action: LimitAction.Alert } or { Period: LimitPeriod.Run })
            {
                continue;
            }

            var left = account.Left(now);
            ref var unit = ref _units[account.Rule.Unit - First];
            if (unit is not { } known || left < known.Left)
            {
                unit = new UnitStanding(account.Most(now), left, now.Utc + account.Reset(now));
                Any = true;
            }
        }
    }

    /// <summary>Where another one has fewer left, that.</summary>
    public void Add(in LimitStanding other)
    {
        for (var unit = First; unit <= LimitUnit.TotalTokens; unit++)
        {
            if (other[unit] is { } standing && !(this[unit]?.Left <= standing.Left))
            {
                _units[unit - First] = standing;
                Any = true;
            }
        }
    }

    [InlineArray(LimitUnit.TotalTokens - First + 1)]
    private struct Units
    {
        private UnitStanding? _first;
    }
}
