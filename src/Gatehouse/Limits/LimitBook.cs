using System.Collections.Concurrent;
using Gatehouse.Limits.Accounts;
using Gatehouse.Limits.State;

namespace Gatehouse.Limits;

/// <summary>
/// All that was used of all limits. It decides in memory, for all claims of an exchange at once or not at all, and outlives every reload of
/// the configuration. Several gateways can share limits by it: what one of them may use of a limit is what its book says there is
/// (<see cref="LimitAccount.Most"/>), so a share of a cap that it is lent is a smaller cap; to a caller nothing is different.
/// </summary>
/// <param name="mostBuckets">Accounts of one rule.</param>
internal sealed class LimitBook(TimeProvider time, int mostBuckets = LimitBook.MostBuckets)
{
    /// <summary>
    /// Where all further buckets of a rule go when it has <see cref="MostBuckets"/>. Callers make up users, labels and runs: their names must not
    /// fill the memory, and a new name must not be a way around a limit.
    /// </summary>
    public const string Others = "(others)";

    /// <summary>Of one rule, in memory; what nothing is used of any more is forgotten each minute. An account takes 0.5 to 1 KB.</summary>
    public const int MostBuckets = 100_000;

    /// <summary>Windows reach back before the start: what was used in them then has a time, too.</summary>
    private static readonly TimeSpan Start = TimeSpan.FromDays(2);

    private readonly ConcurrentDictionary<(string Rule, string Bucket), LimitAccount> _accounts = new();
    private readonly ConcurrentDictionary<(string Rule, string Bucket), IReadOnlyList<UsedPart>> _before = new();
    private readonly ConcurrentDictionary<(string Rule, string Bucket), LimitRaise> _raises = new();
    private readonly ConcurrentDictionary<string, int> _buckets = new(StringComparer.Ordinal);
    private readonly long _origin = time.GetTimestamp();
    private long _numbers;

    public IEnumerable<LimitAccount> Accounts => _accounts.Values;

    public int Count => _accounts.Count;

    public LimitMoment Now => new(Start + time.GetElapsedTime(_origin), time.GetUtcNow());

    /// <returns>That of all others together where the rule has too many: <see cref="Others"/>.</returns>
    public LimitAccount AccountOf(LimitRule rule, string bucket)
    {
        var account = _accounts.GetValueOrDefault((rule.Id, bucket)) ?? Open(rule, bucket);

        if (!ReferenceEquals(account.Rule, rule))
        {
            lock (account.Gate)
            {
                account.Apply(Now, rule);
            }
        }

        return account;
    }

    /// <summary>Null when nothing has been used of it, or all of that is over.</summary>
    public LimitAccount? Find(string rule, string bucket) => _accounts.GetValueOrDefault((rule, bucket));

    /// <summary>What was used before this start: it stands with the account as soon as there is a rule for it.</summary>
    public void Load(IEnumerable<UsedAccount> used)
    {
        foreach (var account in used)
        {
            _before[(account.Rule, account.Bucket)] = account.Parts;
        }
    }

    /// <summary>Makes the accounts of rules that have been used before this start, to be seen.</summary>
    public void Open(IEnumerable<LimitRule> rules)
    {
        if (_before.IsEmpty && _raises.IsEmpty)
        {
            return;
        }

        var buckets = _before.Keys.Concat(_raises.Keys).ToLookup(key => key.Rule, key => key.Bucket, StringComparer.Ordinal);
        foreach (var rule in rules)
        {
            foreach (var bucket in buckets[rule.Id])
            {
                _ = AccountOf(rule, bucket);
            }
        }
    }

    /// <summary>Raises a limit for a while, or no more.</summary>
    public void Raise(string rule, string bucket, LimitRaise? raise)
    {
        if (raise is null)
        {
            _ = _raises.TryRemove((rule, bucket), out _);
        }
        else
        {
            _raises[(rule, bucket)] = raise;
        }

        if (Find(rule, bucket) is not { } account)
        {
            return;
        }

        lock (account.Gate)
        {
            account.Raise = raise;
            (account as PeriodAccount)?.Renew();
        }

        if (account is PeriodAccount waitedFor)
        {
            PassTurn(waitedFor);
        }
    }

    /// <summary>Sets aside what all claims ask for, or nothing.</summary>
    /// <param name="waiter">Of an exchange that would wait for money that is held: it stands in the line of the account when it must.</param>
    /// <returns>Which claim had no room; null when all of them had.</returns>
    public LimitRefusal? TryReserve(Span<LimitClaim> claims, LimitWaiter? waiter)
    {
        var standing = default(LimitStanding);
        return TryReserve(claims, waiter, ref standing);
    }

    /// <param name="standing">Gets how the rates stand then.</param>
    /// <inheritdoc cref="TryReserve(Span{LimitClaim}, LimitWaiter?)"/>
    public LimitRefusal? TryReserve(Span<LimitClaim> claims, LimitWaiter? waiter, ref LimitStanding standing)
    {
        Sort(claims);
        var now = Enter(claims);
        try
        {
            for (var i = 0; i < claims.Length; i++)
            {
                ref var claim = ref claims[i];
                if (claim.Account.Rule.Action == LimitAction.Alert || claim.Account.RoomFor(now, claim) is var room && room == LimitRoom.Free)
                {
                    continue;
                }

                if (room == LimitRoom.Held && waiter is not null && claim.Account is PeriodAccount { Rule.Unit: LimitUnit.Money } account)
                {
                    waiter.Join(account);
                }

                standing.Take(now, claims);
                return LimitRefusal.Of(now, claim);
            }

            foreach (ref var claim in claims)
            {
                claim.Account.Reserve(now, ref claim);
            }

            standing.Take(now, claims);

            return null;
        }
        finally
        {
            Exit(claims);
        }
    }

    /// <summary>Sets more money aside for an exchange that has been let in, from all its accounts of money or from none.</summary>
    /// <param name="claims">In the order in which they were reserved.</param>
    /// <param name="least">Nano-USD that there must be.</param>
    /// <param name="most">What is taken when there is as much.</param>
    /// <param name="withOverdraft">The budgets may be overdrawn as far as they say.</param>
    /// <returns>What was set aside; 0 when there is less than <paramref name="least"/>.</returns>
    public long TryExtend(Span<LimitClaim> claims, long least, long most, bool withOverdraft, out LimitRefusal? refusal)
    {
        var now = Enter(claims);
        refusal = null;
        try
        {
            foreach (ref var claim in claims)
            {
                var rule = claim.Account.Rule;
                if (rule.Unit != LimitUnit.Money || rule.Action == LimitAction.Alert)
                {
                    continue;
                }

                var left = claim.Account.LeftFor(now, claim) + (withOverdraft ? rule.Overdraft : 0);
                if (left < least)
                {
                    refusal = LimitRefusal.Of(now, new LimitClaim(claim.Account, least));
                    return 0;
                }

                most = Math.Min(most, left);
            }

            foreach (ref var claim in claims)
            {
                if (claim.Account.Rule.Unit == LimitUnit.Money)
                {
                    claim.Account.Extend(now, ref claim, most);
                }
            }

            return most;
        }
        finally
        {
            Exit(claims);
        }
    }

    /// <summary>A claim for which nothing is set aside, whether there is room or not: of what was used all the same.</summary>
    public LimitClaim Open(LimitAccount account)
    {
        Span<LimitClaim> one = [new LimitClaim(account, 0)];
        var now = Enter(one);
        try
        {
            one[0].Account.Reserve(now, ref one[0]);
            return one[0];
        }
        finally
        {
            Exit(one);
        }
    }

    /// <summary>The claim is over, and so much was used of it.</summary>
    public LimitMoment Settle(in LimitClaim claim, long used)
    {
        LimitWaiter? next = null;
        var account = claim.Account;
        LimitMoment now;
        lock (account.Gate)
        {
            now = Now;
            account.Settle(now, claim, used);
            next = TakeWaiter(account);
        }

        next?.Call();
        return now;
    }

    /// <summary>One that waited has been answered, one way or the other: it is the next one's turn to ask.</summary>
    public static void PassTurn(PeriodAccount account)
    {
        LimitWaiter? next;
        lock (account.Gate)
        {
            next = TakeWaiter(account);
        }

        next?.Call();
    }

    /// <summary>It waits no longer.</summary>
    public static void Leave(LimitWaiter waiter, PeriodAccount account)
    {
        bool wasCalled;
        lock (account.Gate)
        {
            wasCalled = !waiter.Leave(account);
        }

        if (wasCalled)
        {
            PassTurn(account);
        }
    }

    /// <summary>Forgets accounts of which nothing is used any more.</summary>
    public void Forget()
    {
        var ticks = Now.Utc.UtcTicks;
        foreach (var (key, parts) in _before)
        {
            if (parts.All(part => part.Until <= ticks))
            {
                _ = _before.TryRemove(key, out _);
            }
        }

        foreach (var (key, account) in _accounts)
        {
            lock (account.Gate)
            {
                if (account is { Claims: 0, Raise: null } && account.IsIdle(Now))
                {
                    account.IsGone = true;
                    if (_accounts.TryRemove(new KeyValuePair<(string, string), LimitAccount>(key, account)))
                    {
                        Closed(key.Rule);
                    }
                }
            }
        }
    }

    private void Closed(string rule)
    {
        if (_buckets.AddOrUpdate(rule, 0, static (_, count) => count - 1) == 0)
        {
            _ = _buckets.TryRemove(new KeyValuePair<string, int>(rule, 0));
        }
    }

    private LimitAccount Open(LimitRule rule, string bucket)
    {
        var key = (rule.Id, Bucket: bucket.Length > 0 && _buckets.GetValueOrDefault(rule.Id) >= mostBuckets ? Others : bucket);
        while (true)
        {
            if (_accounts.TryGetValue(key, out var known))
            {
                return known;
            }

            var account = NewAccount(rule, key.Bucket);
            if (_accounts.TryAdd(key, account))
            {
                _ = _buckets.AddOrUpdate(rule.Id, 1, static (_, count) => count + 1);
                // Only now: of two that make it at the same time, one is taken.
                _ = _before.TryRemove(key, out _);
                return account;
            }
        }
    }

    private static LimitWaiter? TakeWaiter(LimitAccount account)
    {
        if (account is not PeriodAccount { FirstWaiter: { } first } period)
        {
            return null;
        }

        _ = first.Leave(period);
        return first;
    }

    private LimitAccount NewAccount(LimitRule rule, string bucket)
    {
        var number = Interlocked.Increment(ref _numbers);
        LimitAccount account = rule.Unit == LimitUnit.Concurrency ? new ConcurrencyAccount(number, rule, bucket)
            : rule.Window is null ? new PeriodAccount(number, rule, bucket)
            : new WindowAccount(number, rule, bucket);
        account.Raise = _raises.GetValueOrDefault((rule.Id, bucket));
        if (_before.TryGetValue((rule.Id, bucket), out var parts))
        {
            var now = Now;
            foreach (var part in parts)
            {
                part.Restore(account, now);
            }
        }

        return account;
    }

    /// <summary>Takes the gates of all accounts, in the order of their numbers.</summary>
    private LimitMoment Enter(Span<LimitClaim> claims)
    {
        while (true)
        {
            var isWhole = true;
            foreach (ref var claim in claims)
            {
                claim.Account.Gate.Enter();
                isWhole &= !claim.Account.IsGone;
            }

            if (isWhole)
            {
                // Only now: else time could run backwards for an account.
                return Now;
            }

            // Forgotten since it was looked up.
            Exit(claims);
            foreach (ref var claim in claims)
            {
                claim.Account = AccountOf(claim.Account.Rule, claim.Account.Bucket);
            }

            Sort(claims);
        }
    }

    private static void Exit(Span<LimitClaim> claims)
    {
        foreach (ref var claim in claims)
        {
            claim.Account.Gate.Exit();
        }
    }

    /// <summary>There are few, and mostly they are in order.</summary>
    private static void Sort(Span<LimitClaim> claims)
    {
        for (var i = 1; i < claims.Length; i++)
        {
            for (var j = i; j > 0 && claims[j].Account.Number < claims[j - 1].Account.Number; j--)
            {
                (claims[j], claims[j - 1]) = (claims[j - 1], claims[j]);
            }
        }
    }
}
