using Gatehouse.Limits;
using Gatehouse.Limits.Accounts;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>Budgets while their period ends, the clock is put right, or their calendar is changed, with calls on their way.</summary>
public sealed class PeriodAccountTests
{
    private readonly ManualTime _time = new();
    private readonly LimitBook _book;

    public PeriodAccountTests()
    {
        Set(new DateTimeOffset(2026, 3, 10, 23, 59, 0, TimeSpan.Zero));
        _book = new LimitBook(_time);
    }

    [Fact]
    public void A_clock_that_is_put_back_over_the_begin_of_a_period_loses_neither_what_is_held_nor_what_is_charged()
    {
        var account = _book.AccountOf(Daily(), "");
        _time.Advance(TimeSpan.FromMinutes(2));
        _ = account.Used(_book.Now);
        Set(_time.GetUtcNow() - TimeSpan.FromMinutes(3));

        LimitClaim[] claims = [new(account, 400)];
        Assert.Null(_book.TryReserve(claims, waiter: null));
        Assert.Equal(400, account.Held);
        _ = _book.Settle(claims[0], used: 300);

        Assert.Equal(0, account.Held);
        Assert.Equal(300, account.Used(_book.Now));
        // What is written down belongs to the same day.
        Assert.Equal(new DateTime(2026, 3, 11), claims[0].At.Utc.Date);
    }

    [Fact]
    public void A_clock_that_was_wrong_by_years_does_not_close_a_budget_for_years()
    {
        var account = _book.AccountOf(Daily(), "");
        Set(_time.GetUtcNow().AddYears(10));
        _ = account.Used(_book.Now);
        Set(_time.GetUtcNow().AddYears(-10));

        Assert.Equal(new DateTime(2026, 3, 11), ((PeriodAccount)account).Period(_book.Now).End.Date);
    }

    [Fact]
    public void A_calendar_that_changes_gives_back_what_calls_hold_that_began_before_its_period()
    {
        var account = _book.AccountOf(Daily(), "");
        LimitClaim[] claims = [new(account, 400)];
        _time.Advance(TimeSpan.FromSeconds(-30));
        Assert.Null(_book.TryReserve(claims, waiter: null));
        _time.Advance(TimeSpan.FromMinutes(1));

        // There it is past midnight, since half a minute.
        _ = _book.AccountOf(Daily(new LimitCalendar(TimeZoneInfo.CreateCustomTimeZone("x", TimeSpan.FromMinutes(1), "x", "x"))), "");
        _time.Advance(TimeSpan.FromMinutes(3));
        _ = _book.Settle(claims[0], used: 300);

        Assert.Equal(0, account.Held);
        Assert.Equal(300, account.Used(_book.Now));
    }

    [Fact]
    public void A_calendar_that_changes_when_a_period_is_over_does_not_bring_its_spending_into_the_next()
    {
        var account = _book.AccountOf(Daily(), "");
        LimitClaim[] claims = [new(account, 400)];
        Assert.Null(_book.TryReserve(claims, waiter: null));
        _ = _book.Settle(claims[0], used: 400);
        _time.Advance(TimeSpan.FromDays(3));

        _ = _book.AccountOf(Daily(new LimitCalendar(TimeZoneInfo.CreateCustomTimeZone("x", TimeSpan.FromMinutes(30), "x", "x"))), "");

        Assert.Equal(0, account.Used(_book.Now));
    }

    [Fact]
    public void A_stream_that_runs_into_the_next_period_takes_what_it_needs_further_of_that()
    {
        var account = _book.AccountOf(Daily(), "");
        LimitClaim[] claims = [new(account, 400)];
        Assert.Null(_book.TryReserve(claims, waiter: null));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(0, account.Used(_book.Now) + account.Held);

        Assert.Equal(500, _book.TryExtend(claims, least: 10, most: 500, withOverdraft: false, out _));
        Assert.Equal(900, account.Held);
        Assert.Equal(0, _book.TryExtend(claims, least: 101, most: 500, withOverdraft: false, out var refusal));
        Assert.NotNull(refusal);
        _ = _book.Settle(claims[0], used: 850);

        Assert.Equal(0, account.Held);
        Assert.Equal(850, account.Used(_book.Now));
        Assert.Equal(new DateTime(2026, 3, 11), claims[0].At.Utc.Date);
    }

    [Fact]
    public void What_a_call_is_on_its_way_to_use_is_not_forgotten()
    {
        // Nothing is set aside for it: what a session costs, say, is only known later.
        var account = _book.AccountOf(Daily(), "");
        LimitClaim[] claims = [new(account, 0)];
        Assert.Null(_book.TryReserve(claims, waiter: null));

        _book.Forget();
        _ = _book.Settle(claims[0], used: 700);

        Assert.Equal(700, _book.AccountOf(account.Rule, "").Used(_book.Now));
        _time.Advance(TimeSpan.FromDays(1));
        _book.Forget();
        Assert.Equal(0, _book.Count);
    }

    private void Set(DateTimeOffset now) => _time.Advance(now - _time.GetUtcNow());

    private static LimitRule Daily(LimitCalendar? calendar = null) =>
        new() { Id = "b", Name = "b", Unit = LimitUnit.Money, Period = LimitPeriod.Day, Most = 1000, Calendar = calendar ?? LimitCalendar.Utc };
}
