using FsCheck.Fluent;
using Gatehouse.Limits;
using Gatehouse.Limits.Accounts;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>The book against a naive one, over generated sequences of calls, ends and time.</summary>
public sealed class LimitBookPropertyTests
{
    private static readonly LimitRule Budget = Rule("budget", LimitUnit.Money, LimitPeriod.Day, 1000);
    private static readonly LimitRule Rate = Rule("rate", LimitUnit.Requests, LimitPeriod.Minute, 5);
    private static readonly LimitRule Tokens = Rule("tokens", LimitUnit.TotalTokens, LimitPeriod.Minute, 500);
    private static readonly LimitRule AtOnce = Rule("at once", LimitUnit.Concurrency, LimitPeriod.Once, 3);

    [Fact]
    public void Nothing_is_ever_passed_and_nothing_is_refused_that_fits()
    {
        // What happens, how much is asked for, how much is used of it in percent, seconds.
        var steps = Gen.Choose(0, 9).Zip(Gen.Choose(1, 400)).Zip(Gen.Choose(0, 100)).Zip(Gen.Choose(0, 20)).ListOf(80);
        Properties.Hold(steps, sequence => Run([.. sequence.Select(step => (step.Item1.Item1.Item1, step.Item1.Item1.Item2, step.Item1.Item2, step.Item2))]));
    }

    private static void Run((int Kind, int Amount, int Percent, int Seconds)[] steps)
    {
        var time = new ManualTime();
        var book = new LimitBook(time);
        var running = new List<(LimitClaim[] Claims, DateTimeOffset At)>();
        var requests = new List<DateTimeOffset>();
        var tokens = new List<(DateTimeOffset At, long Amount)>();
        var spent = new Dictionary<DateTime, long>();
        foreach (var (kind, amount, percent, seconds) in steps)
        {
            time.Advance(TimeSpan.FromSeconds(seconds * (kind == 9 ? 600 : 1)));
            var now = time.GetUtcNow();
            if (kind < 6)
            {
                LimitClaim[] claims =
                [
                    new(book.AccountOf(Tokens, ""), amount), new(book.AccountOf(Budget, ""), amount), new(book.AccountOf(AtOnce, ""), 1), new(book.AccountOf(Rate, ""), 1),
                ];
                var refusal = book.TryReserve(claims, waiter: null);
                // What is in the window for certain, and what may be in it at most: its edge is a sixtieth of it wide.
                var (surelyRequests, surelyTokens) = (requests.Count(at => now - at < Minute), tokens.Where(use => now - use.At < Minute).Sum(use => use.Amount));
                var (perhapsRequests, perhapsTokens) = (requests.Count(at => now - at <= Minute + Second), tokens.Where(use => now - use.At <= Minute + Second).Sum(use => use.Amount));
                var money = spent.GetValueOrDefault(now.Date) + running.Where(call => call.At.Date == now.Date).Sum(call => Held(call.Claims));
                if (refusal is null)
                {
                    Assert.True(surelyRequests < 5 && surelyTokens + amount <= 500 && running.Count < 3 && money + amount <= 1000);
                    running.Add((claims, now));
                    requests.Add(now);
                    tokens.Add((now, amount));
                }
                else
                {
                    Assert.True(perhapsRequests >= 5 || perhapsTokens + amount > 500 || running.Count >= 3 || money + amount > 1000);
                }
            }
            else if (running.Count > 0)
            {
                var (claims, at) = running[amount % running.Count];
                running.RemoveAt(amount % running.Count);
                var asked = Held(claims);
                var used = asked * percent / 100;
                foreach (var claim in claims)
                {
                    _ = book.Settle(claim, claim.Account.Rule.Unit is LimitUnit.Money or LimitUnit.TotalTokens ? used : 1);
                }

                tokens[tokens.FindIndex(use => use.At == at && use.Amount == asked)] = (at, used);
                spent[at.Date] = spent.GetValueOrDefault(at.Date) + used;
            }

            var moment = book.Now;
            Assert.Equal(running.Count, book.AccountOf(AtOnce, "").Used(moment));
            Assert.Equal(spent.GetValueOrDefault(now.Date), book.AccountOf(Budget, "").Used(moment));
            Assert.Equal(running.Where(call => call.At.Date == now.Date).Sum(call => Held(call.Claims)), book.AccountOf(Budget, "").Held);
        }
    }

    [Fact]
    public async Task Many_threads_never_pass_a_limit_and_leave_nothing_behind()
    {
        var book = new LimitBook(new ManualTime());
        var rules = Enumerable.Range(0, 6).Select(i => Rule($"r{i}", LimitUnit.Concurrency, LimitPeriod.Once, 3 + i)).ToArray();
        var running = new int[rules.Length];
        var failures = 0;

        await Task.WhenAll(Enumerable.Range(0, 8).Select(seed => Task.Run(() =>
        {
            var random = new SeededRandom(seed);
            for (var i = 0; i < 3000; i++)
            {
                // In any order: the book puts them into its own.
                var chosen = rules.Where(_ => random.Next(2) == 0).OrderBy(_ => random.Next()).ToArray();
                var claims = chosen.Select(rule => new LimitClaim(book.AccountOf(rule, ""), 1)).ToArray();
                if (book.TryReserve(claims, waiter: null) is not null)
                {
                    continue;
                }

                foreach (var rule in chosen)
                {
                    var index = Array.IndexOf(rules, rule);
                    if (Interlocked.Increment(ref running[index]) > rule.Most)
                    {
                        _ = Interlocked.Increment(ref failures);
                    }
                }

                foreach (var rule in chosen)
                {
                    _ = Interlocked.Decrement(ref running[Array.IndexOf(rules, rule)]);
                }

                foreach (var claim in claims)
                {
                    _ = book.Settle(claim, used: 0);
                }

                if (i % 100 == 0)
                {
                    book.Forget();
                }
            }
        })));

        Assert.Equal(0, failures);
        Assert.All(book.Accounts, account => Assert.Equal(0, account.Used(book.Now)));
    }

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static long Held(LimitClaim[] claims) => claims.Single(claim => claim.Account.Rule.Unit == LimitUnit.Money).Held;

    private static LimitRule Rule(string name, LimitUnit unit, LimitPeriod period, long most) => new() { Id = name, Name = name, Unit = unit, Period = period, Most = most };
}
