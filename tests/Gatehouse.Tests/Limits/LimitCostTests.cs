using Gatehouse.Ledger;
using Gatehouse.Limits;
using Gatehouse.Limits.Accounts;
using Gatehouse.Limits.State;
using Gatehouse.Pipeline;
using Gatehouse.Storage;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>What five limits cost an exchange. It is run by hand: times are those of the machine.</summary>
public sealed class LimitCostTests(ITestOutputHelper output)
{
    private const int Exchanges = 200_000;
    private const int Group = 64;

    [Fact(Explicit = true)]
    public void Five_limits_cost_an_exchange_a_microsecond_and_the_journal_another()
    {
        var rules = LimitCompiler.Compile(
            [
                new LimitOptions { Name = "key", BudgetUsd = 1_000_000, Per = LimitPeriod.Month },
                new LimitOptions { Name = "team", BudgetUsd = 1_000_000, Per = LimitPeriod.Day, TimeZone = "Europe/Berlin" },
                new LimitOptions { Name = "requests", Requests = 1_000_000_000, Per = LimitPeriod.Minute },
                new LimitOptions { Name = "tokens", TotalTokens = 1_000_000_000_000, Per = LimitPeriod.Minute },
                new LimitOptions { Name = "parallel", Concurrency = 1000 },
            ],
            "");
        using var folder = new TemporaryFolder();
        using var database = Database.Open($"sqlite:{Path.Combine(folder.Path, "ledger.db")}", TimeProvider.System);
        using var connection = database.Connect();
        using var journal = new LimitJournal(connection, TimeProvider.System);
        using var transaction = connection.CreateCommand();
        var book = new LimitBook(TimeProvider.System);
        var charges = new LimitCharge[Exchanges][];
        for (var round = 0; round < 3; round++)
        {
            var began = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < Exchanges; i++)
            {
                var claims = new LimitClaim[rules.Length];
                for (var j = 0; j < claims.Length; j++)
                {
                    claims[j] = new LimitClaim(book.AccountOf(rules[j], ""), j == 4 ? 1 : 500);
                }

                var standing = default(LimitStanding);
                Assert.Null(book.TryReserve(claims, waiter: null, ref standing));
                var made = charges[i] = new LimitCharge[claims.Length];
                for (var j = 0; j < claims.Length; j++)
                {
                    _ = book.Settle(claims[j], 400);
                    made[j] = new LimitCharge(claims[j].Account, claims[j].At.Utc, j == 4 ? 0 : 400);
                }
            }

            output.WriteLine($"reserve and settle: {TimeProvider.System.GetElapsedTime(began).TotalNanoseconds / Exchanges:0} ns an exchange");
            var entries = charges.Select(Entry).Chunk(Group).Select(group => group.ToList()).ToArray();
            began = TimeProvider.System.GetTimestamp();
            foreach (var group in entries)
            {
                transaction.CommandText = "BEGIN IMMEDIATE";
                _ = transaction.ExecuteNonQuery();
                journal.Write(group);
                transaction.CommandText = "COMMIT";
                _ = transaction.ExecuteNonQuery();
            }

            output.WriteLine($"journal, with a commit for each {Group}: {TimeProvider.System.GetElapsedTime(began).TotalNanoseconds / Exchanges:0} ns an exchange");
        }
    }

    private static LedgerEntry Entry(LimitCharge[] charges) => new()
    {
        Id = "exc",
        StartedAtMicroseconds = 1,
        Kind = "model",
        Payer = Gatehouse.Identity.Payer.Nobody,
        Operation = "chat",
        Revision = 1,
        KeyId = "key",
        KeyName = "key",
        Run = "run",
        Requested = "m",
        Attempts = "[]",
        Status = 200,
        Outcome = "completed",
        IsStream = false,
        PriceRevision = 1,
        DeliveredBytes = 0,
        DeliveredText = 0,
        Timings = new ExchangeTimings(TimeProvider.System),
        Charges = charges,
    };
}
