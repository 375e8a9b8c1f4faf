using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Ledger;
using Gatehouse.Limits;
using Gatehouse.Limits.Accounts;
using Gatehouse.Limits.State;
using Gatehouse.Storage;
using Gatehouse.Tests.Harness;
using Microsoft.Data.Sqlite;

namespace Gatehouse.Tests.Limits;

/// <summary>What was used of limits, after any end of the process, is what the ledger has of them.</summary>
public sealed class LimitJournalTests
{
    private static readonly LimitOptions[] Items =
    [
        new() { Name = "month", BudgetUsd = 1_000_000, Per = LimitPeriod.Month, TimeZone = "Europe/Berlin", AnchorDay = 20 },
        new() { Name = "hour", BudgetUsd = 1_000_000, Per = LimitPeriod.Hour, GroupBy = ["user"] },
        new() { Name = "ever", BudgetUsd = 1_000_000, Per = LimitPeriod.Once },
        new() { Name = "run", BudgetUsd = 1_000_000, Per = LimitPeriod.Run },
        new() { Name = "run calls", Requests = 1_000_000_000, Per = LimitPeriod.Run },
        new() { Name = "minute", Requests = 1_000_000_000, Per = LimitPeriod.Minute },
        new() { Name = "day", TotalTokens = 1_000_000_000_000_000, Per = LimitPeriod.Day, GroupBy = ["user"] },
        new() { Name = "second", Requests = 1_000_000_000, Per = LimitPeriod.Second },
        new() { Name = "at once", Concurrency = 1_000_000 },
    ];

    private static readonly Gen<Step[]> Steps = Gen.Choose(0, 99).Two().Select(pair => new Step(pair.Item1, pair.Item2)).ArrayOf(60);

    [Fact]
    public void After_any_order_of_charges_failures_and_restarts_an_account_has_what_the_ledger_has() => Properties.Hold(
        Steps,
        steps =>
        {
            using var model = new Model();
            foreach (var step in steps)
            {
                model.Take(step);
            }

            model.Restart();
            model.Check();
        },
        count: 60);

    [Fact]
    public void The_journal_stays_short_and_what_is_over_is_removed()
    {
        using var model = new Model();
        for (var i = 0; i < (2 * LimitJournal.MostGroups) + 10; i++)
        {
            model.Charge(user: i, amount: 5);
            model.Commit();
        }

        Assert.InRange(model.Count("limit_journal"), 1, LimitJournal.MostGroups);
        var accounts = model.Count("limit_accounts");
        model.Advance(TimeSpan.FromDays(3));
        model.Charge(user: 1, amount: 5);
        model.Commit();

        Assert.InRange(model.Count("limit_accounts"), 1, 8);
        Assert.True(accounts > 8);
        model.Charge(user: 1, amount: 5);
        model.Commit();
        model.Restart();
        model.Check();
    }

    [Fact]
    public void What_was_used_of_a_rule_that_comes_back_is_there_again()
    {
        using var model = new Model();
        model.Charge(user: 1, amount: 7);
        model.Commit();
        model.Restart(open: false);

        var changed = LimitCompiler.Compile([Items[2] with { BudgetUsd = 5 }], "");
        var account = model.Book.AccountOf(changed[0], "");

        Assert.Equal(7, account.Used(model.Book.Now));
        Assert.Equal(5_000_000_000 - 7, account.Left(model.Book.Now));
    }

    [Fact]
    public void A_window_goes_on_where_it_was_after_a_restart()
    {
        using var model = new Model();
        model.Charge(user: 1, amount: 1);
        model.Commit();
        model.Advance(TimeSpan.FromSeconds(50));
        model.Restart();

        Assert.Equal(1, model.Used("minute", ""));
        model.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal(1, model.Used("minute", ""));
        model.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(0, model.Used("minute", ""));
    }

    private readonly record struct Step(int What, int With);

    /// <summary>The gateway's book and journal on a real database, beside a list of all charges that were committed.</summary>
    private sealed class Model : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly ManualTime _time = new();
        private readonly Database _database;
        private readonly SqliteConnection _connection;
        private readonly LimitRule[] _rules = LimitCompiler.Compile(Items, "");
        private readonly List<(LimitRule Rule, string Bucket, DateTimeOffset At, long Used)> _committed = [];
        private readonly List<LedgerEntry> _waiting = [];
        private LimitJournal _journal;

        public Model()
        {
            _database = Database.Open($"sqlite:{Path.Combine(_folder.Path, "ledger.db")}", _time);
            _connection = _database.Connect();
            _journal = new LimitJournal(_connection, _time);
            Book = new LimitBook(_time);
        }

        public LimitBook Book { get; private set; }

        public void Take(Step step)
        {
            switch (step.What)
            {
                case < 45:
                    Charge(step.With % 4, (step.With * 7919L) + 1);
                    break;
                case < 70:
                    Commit();
                    break;
                case < 78:
                    Fail(early: step.With % 2 == 0);
                    break;
                case < 92:
                    Advance(step.With switch { < 40 => TimeSpan.FromSeconds(step.With / 4.0), < 80 => TimeSpan.FromMinutes(step.With - 40), _ => TimeSpan.FromHours(step.With - 80) });
                    Book.Forget();
                    break;
                default:
                    Restart();
                    Check();
                    break;
            }
        }

        public void Charge(int user, long amount)
        {
            var claims = new LimitClaim[_rules.Length];
            for (var i = 0; i < claims.Length; i++)
            {
                claims[i] = new LimitClaim(Book.AccountOf(_rules[i], BucketOf(_rules[i], user)), _rules[i].Unit == LimitUnit.Concurrency ? 1 : amount * 2);
            }

            Assert.Null(Book.TryReserve(claims, waiter: null));
            var charges = new List<LimitCharge>();
            foreach (var claim in claims)
            {
                _ = Book.Settle(claim, amount);
                charges.Add(new LimitCharge(claim.Account, claim.At.Utc, claim.Account is ConcurrencyAccount ? 0 : amount));
            }

            _waiting.Add(Entry(charges));
        }

        /// <summary>Writes what waits, as the ledger does.</summary>
        public void Commit()
        {
            Run("BEGIN IMMEDIATE");
            _journal.Write(_waiting);
            Run("COMMIT");
            _committed.AddRange(_waiting.SelectMany(entry => entry.Charges).Select(charge => (charge.Account.Rule, charge.Account.Bucket, charge.At, charge.Used)));
            _waiting.Clear();
        }

        public void Fail(bool early)
        {
            Run("BEGIN IMMEDIATE");
            if (!early)
            {
                _journal.Write(_waiting);
            }

            Run("ROLLBACK");
            _journal.Forget();
        }

        public void Advance(TimeSpan by) => _time.Advance(by);

        /// <summary>What was not committed is gone, as the exchanges are.</summary>
        public void Restart(bool open = true)
        {
            _waiting.Clear();
            _journal.Dispose();
            _journal = new LimitJournal(_connection, _time);
            Book = new LimitBook(_time);
            Book.Load(LimitState.Load(_database, _time.GetUtcNow()));
            if (open)
            {
                Book.Open(_rules);
            }
        }

        public long Used(string rule, string bucket) => Book.Find(_rules.Single(one => one.Name == rule).Id, bucket)?.Used(Book.Now) ?? 0;

        public void Check()
        {
            var now = _time.GetUtcNow();
            foreach (var rule in _rules)
            {
                for (var user = 0; user < 4; user++)
                {
                    var bucket = BucketOf(rule, user);
                    var all = _committed.Where(charge => charge.Rule.Id == rule.Id && charge.Bucket == bucket).ToArray();
                    var used = Used(rule.Name, bucket);
                    if (rule.Unit == LimitUnit.Concurrency || rule.Window < TimeSpan.FromSeconds(2))
                    {
                        Assert.Equal(0, used);
                    }
                    else if (rule.Window is { } window)
                    {
                        // All that lies in the window counts; what is older for no longer than two of its parts.
                        Assert.InRange(used, all.Where(charge => charge.At > now - window).Sum(charge => charge.Used), all.Where(charge => charge.At > now - (window * 62 / 60)).Sum(charge => charge.Used));
                    }
                    else if (rule.Period == LimitPeriod.Run)
                    {
                        Assert.Equal(RunSum(all, now), used);
                    }
                    else
                    {
                        var (start, _) = rule.Calendar.PeriodOf(rule.Period, now);
                        Assert.Equal(all.Where(charge => charge.At >= start).Sum(charge => charge.Used), used);
                    }
                }
            }
        }

        public long Count(string table)
        {
            using var command = _connection.CreateCommand();
            command.CommandText = $"SELECT count(*) FROM {table}";
            return (long)command.ExecuteScalar()!;
        }

        public void Dispose()
        {
            _journal.Dispose();
            _connection.Dispose();
            _database.Dispose();
            _folder.Dispose();
        }

        /// <summary>Steps in time are of less than a day each, but several can follow each other.</summary>
        private static long RunSum((LimitRule Rule, string Bucket, DateTimeOffset At, long Used)[] charges, DateTimeOffset now)
        {
            var sum = 0L;
            DateTimeOffset? last = null;
            foreach (var charge in charges)
            {
                sum = charge.At - last >= UsedPart.RunIdle ? charge.Used : sum + charge.Used;
                last = charge.At;
            }

            return now - last >= UsedPart.RunIdle ? 0 : sum;
        }

        private static string BucketOf(LimitRule rule, int user) => rule.GroupBy.Length == 0 ? "" : $"user-{user}";

        private void Run(string sql)
        {
            using var command = _connection.CreateCommand();
            command.CommandText = sql;
            _ = command.ExecuteNonQuery();
        }

        private static LedgerEntry Entry(IReadOnlyList<LimitCharge> charges) => LedgerRows.Of("exc", charges: charges);
    }
}
