using Gatehouse.Limits;
using Gatehouse.Limits.Accounts;

namespace Gatehouse.Bench;

/// <summary>
/// What limits themselves cost: CPU time and allocated bytes of setting five claims aside and charging them, and the memory of many keys that have
/// each used a limit of requests and a budget.
/// </summary>
internal static class LimitCosts
{
    private const int Count = 200_000;
    private const int Keys = 100_000;

    public static void Run(Arguments arguments)
    {
        var (nanoseconds, bytes) = Reserve(arguments.Number("rounds"));
        var megabytes = MemoryOfKeys();
        Console.WriteLine($"""

            ## Limits alone

            | what | CPU ns | allocated bytes | MB |
            |---|---:|---:|---:|
            | five claims set aside and charged | {nanoseconds:N0} | {bytes:N0} | |
            | {Keys:N0} keys that have used two limits each | | | {megabytes:N0} |
            """);
    }

    private static (double Nanoseconds, double Bytes) Reserve(int rounds)
    {
        var book = new LimitBook(TimeProvider.System);
        LimitRule[] rules =
        [
            Rule("requests", LimitUnit.Requests, LimitPeriod.Minute),
            Rule("tokens", LimitUnit.TotalTokens, LimitPeriod.Minute),
            Rule("at once", LimitUnit.Concurrency, LimitPeriod.Once),
            Rule("team", LimitUnit.Requests, LimitPeriod.Day),
            Rule("budget", LimitUnit.Money, LimitPeriod.Day),
        ];
        var limits = new KeyLimits(rules);
        ReserveMany(book, limits);
        ReserveMany(book, limits);
        var (best, bytes) = (double.MaxValue, 0.0);
        for (var round = 0; round < rounds; round++)
        {
            var (cpu, allocated) = (Environment.CpuUsage.TotalTime, GC.GetAllocatedBytesForCurrentThread());
            ReserveMany(book, limits);
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - cpu).TotalNanoseconds / Count);
            bytes = (GC.GetAllocatedBytesForCurrentThread() - allocated) / (double)Count;
        }

        return (best, bytes);
    }

    private static void ReserveMany(LimitBook book, KeyLimits limits)
    {
        for (var i = 0; i < Count; i++)
        {
            var claims = new LimitClaim[limits.AtAdmission.Length];
            for (var rule = 0; rule < claims.Length; rule++)
            {
                claims[rule] = new LimitClaim(book.AccountOf(limits.AtAdmission[rule], ""), limits.AtAdmission[rule].Unit is LimitUnit.Money or LimitUnit.TotalTokens ? 1000 : 1);
            }

            var reservation = new LimitReservation(book, limits);
            if (reservation.TryAdd(claims, new LimitWaiter()) is not null)
            {
                throw new BenchException("There was no room.");
            }

            _ = reservation.Settle(new LimitUse(1, 300, 100, 900));
        }
    }

    private static double MemoryOfKeys()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var book = new LimitBook(TimeProvider.System);
        // A key keeps its limits as they were written, too.
        var keys = new (LimitOptions[] Options, KeyLimits Limits)[Keys];
        // Keys with equal limits share their items, as they do when they are read from the database.
        var options = new LimitOptions[] { new() { Requests = 600, Per = LimitPeriod.Minute }, new() { BudgetUsd = 25, Per = LimitPeriod.Day } };
        for (var key = 0; key < Keys; key++)
        {
            var limits = new KeyLimits(LimitCompiler.Compile(options, $"key:key_{key:x26}"));
            keys[key] = (options, limits);
            var claims = limits.AtAdmission.Select(rule => new LimitClaim(book.AccountOf(rule, ""), 1)).ToArray();
            var reservation = new LimitReservation(book, limits);
            if (reservation.TryAdd(claims, waiter: null) is not null)
            {
                throw new BenchException("There was no room.");
            }

            _ = reservation.Settle(new LimitUse(1, 300, 100, 900));
        }

        var megabytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1e6;
        GC.KeepAlive(keys);
        return book.Count == 2 * Keys ? megabytes : throw new BenchException($"{book.Count} accounts");
    }

    private static LimitRule Rule(string name, LimitUnit unit, LimitPeriod period) =>
        new() { Id = name, Name = name, Unit = unit, Period = period, Most = long.MaxValue / 4 };
}
