using Gatehouse.Alerts;
using Gatehouse.Limits;
using Gatehouse.Limits.Accounts;
using Gatehouse.Limits.State;
using Gatehouse.Storage;
using Gatehouse.Tests.Harness;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gatehouse.Tests.Limits;

/// <summary>What time brings: periods, raises and runs that are over.</summary>
public sealed class LimitSweepTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TemporaryFolder _folder = new();
    private readonly Database _database;
    private readonly LimitBook _book;
    private readonly Heard _heard = new();
    private readonly LimitAlerts _alerts;
    private readonly LimitRaises _raises;
    private readonly LimitSweep _sweep;

    public LimitSweepTests()
    {
        _database = Database.Open($"sqlite:{Path.Combine(_folder.Path, "ledger.db")}", _time);
        _book = new LimitBook(_time);
        _alerts = new LimitAlerts(_heard);
        _raises = new LimitRaises(_database, _book, _time, NullLogger<LimitRaises>.Instance);
        _sweep = new LimitSweep(_book, _alerts, _raises, _time, NullLogger<LimitSweep>.Instance);
    }

    public void Dispose()
    {
        _sweep.Dispose();
        _database.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Alerts_of_a_budget_end_with_its_period()
    {
        var rule = Rule(LimitPeriod.Hour);
        Spend(rule, 600);
        Assert.Equal(["budget_threshold all 50%"], _heard.Open);

        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(["budget_threshold all 50%"], _heard.Open);
        _time.Advance(TimeSpan.FromMinutes(2));

        Assert.Empty(_heard.Open);
        Assert.Equal(0, _book.Count);
    }

    [Fact]
    public void An_alert_of_the_new_period_is_not_taken_back_with_those_of_the_old()
    {
        var rule = Rule(LimitPeriod.Hour);
        Spend(rule, 600);
        _time.Advance(TimeSpan.FromMinutes(59.5));
        _time.Advance(TimeSpan.FromSeconds(29));
        _time.Advance(TimeSpan.FromSeconds(2));
        Spend(rule, 700);
        _time.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(["budget_threshold all 50%"], _heard.Open);
    }

    [Fact]
    public void A_raise_ends_the_alerts_and_its_end_brings_them_back()
    {
        var rule = Rule(LimitPeriod.Month);
        Spend(rule, 900);
        Assert.Equal(["budget_threshold all 80%"], _heard.Open);

        _raises.Set(rule, "", new LimitRaise(10_000, "why not", _time.GetUtcNow().AddHours(1)));
        _time.Advance(TimeSpan.FromMinutes(1));
        Spend(rule, 1);
        Assert.Empty(_heard.Open);
        Assert.Equal(11_000 - 901, _book.AccountOf(rule, "").Left(_book.Now));

        _time.Advance(TimeSpan.FromHours(1));
        Assert.Null(_raises.Find(rule.Id, ""));
        Spend(rule, 1);
        Assert.Equal(["budget_threshold all 80%"], _heard.Open);
    }

    [Fact]
    public void A_run_is_forgotten_a_day_after_its_last_call()
    {
        var rule = Rule(LimitPeriod.Run);
        Spend(rule, 1);
        _time.Advance(TimeSpan.FromHours(23));
        Spend(rule, 1);
        _time.Advance(TimeSpan.FromHours(23));
        Assert.Equal(2, _book.AccountOf(rule, "").Used(_book.Now));

        _time.Advance(TimeSpan.FromHours(2));

        Assert.Equal(0, _book.Count);
    }

    private static LimitRule Rule(LimitPeriod period) => LimitCompiler.Compile(
        [new LimitOptions { Name = "all", BudgetUsd = 0.000001m, Per = period, AlertAt = [50, 80] }], "")[0];

    private void Spend(LimitRule rule, long nano)
    {
        LimitClaim[] claims = [new(_book.AccountOf(rule, ""), nano)];
        Assert.Null(_book.TryReserve(claims, waiter: null));
        _ = _book.Settle(claims[0], nano);
        _alerts.Charged((PeriodAccount)claims[0].Account, _book.Now);
    }

    /// <summary>Which conditions are told and not over; the pace is left out.</summary>
    private sealed class Heard : IAlerts
    {
        public List<string> Open { get; } = [];

        public void Raise(Alert alert)
        {
            if (alert.Kind != LimitAlerts.BurnRate)
            {
                Open.Add($"{alert.Kind} {alert.Subject}");
            }
        }

        public void Resolve(string kind, string subject, string message) => _ = Open.Remove($"{kind} {subject}");
    }
}
