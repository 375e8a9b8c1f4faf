using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;

namespace Gatehouse.Tests.Routing.Health;

public sealed class CircuitBreakerTests
{
    private static readonly HealthModel Model = HealthModel.Default with { SlowStart = TimeSpan.Zero };

    [Fact]
    public void It_opens_after_failures_in_a_row_and_says_so()
    {
        var bench = new HealthBench(Model);
        for (var i = 0; i < 4; i++)
        {
            bench.Fail();
        }

        Assert.True(bench.Ask().IsOpen);
        bench.Fail();

        var refused = bench.Ask();
        Assert.False(refused.IsOpen);
        Assert.Matches(@"^its circuit breaker is open for another \d\.\d s \(5 failures in a row\)$", refused.Refusal);
        Assert.Equal(bench.Health.View().EjectedUntil, refused.Until);
        Assert.Equal("open", bench.Health.View().State);
    }

    [Fact]
    public void A_success_ends_the_row()
    {
        var bench = new HealthBench(Model);
        for (var i = 0; i < 9; i++)
        {
            if (i == 4)
            {
                bench.Succeed();
            }
            else
            {
                bench.Fail();
            }
        }

        Assert.Equal("closed", bench.Health.View().State);
        Assert.Equal(4, bench.Health.View().ConsecutiveFailures);
    }

    [Fact]
    public void Streams_that_are_cut_after_a_good_head_are_a_row_too()
    {
        var bench = new HealthBench(Model);
        for (var i = 0; i < 5; i++)
        {
            bench.Cut();
        }

        Assert.Contains("5 streams in a row were cut", bench.Ask().Refusal);
    }

    [Fact]
    public void A_stream_that_came_to_its_end_ends_the_row_of_those_that_were_cut()
    {
        var bench = new HealthBench(Model);
        for (var i = 0; i < 9; i++)
        {
            if (i == 4)
            {
                bench.Succeed();
            }
            else
            {
                bench.Cut();
            }
        }

        Assert.Equal("closed", bench.Health.View().State);
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(9, false)]
    public void It_opens_at_the_share_of_failures(int failuresOfTwenty, bool opens)
    {
        var bench = new HealthBench(Model);
        for (var i = 0; i < 20; i++)
        {
            if (i % 2 == 1 && i / 2 < failuresOfTwenty)
            {
                bench.Fail();
            }
            else
            {
                bench.Succeed();
            }
        }

        Assert.Equal(opens ? "open" : "closed", bench.Health.View().State);
        Assert.Equal(opens, bench.Ask().Refusal?.EndsWith("(10 of 20 requests failed)", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public void Fewer_requests_than_the_minimum_are_no_share()
    {
        var bench = new HealthBench(Model);
        for (var i = 0; i < 19; i++)
        {
            if (i % 4 == 0)
            {
                bench.Succeed();
            }
            else
            {
                bench.Fail();
            }
        }

        Assert.Equal("closed", bench.Health.View().State);
    }

    [Fact]
    public void What_is_older_than_the_window_is_forgotten()
    {
        var bench = new HealthBench(Model);
        for (var i = 0; i < 40; i++)
        {
            bench.Succeed();
            bench.Fail();
            bench.Advance(4);
        }

        Assert.Equal("closed", bench.Health.View().State);
    }

    [Fact]
    public void A_cut_stream_is_one_request()
    {
        var bench = new HealthBench(Model with { ConsecutiveFailures = 1000 });
        for (var i = 0; i < 19; i++)
        {
            bench.Cut();
        }

        Assert.Equal("closed", bench.Health.View().State);
        bench.Cut();
        Assert.Contains("20 of 20 requests failed", bench.Ask().Refusal);
    }

    [Fact]
    public void Streams_that_began_before_the_window_and_are_cut_in_it_are_requests_of_it()
    {
        var bench = new HealthBench(Model with { ConsecutiveFailures = 1000 });
        var passes = Enumerable.Range(0, 20).Select(_ => bench.Let()).ToList();
        passes.ForEach(pass => bench.Health.Succeeded(pass, TimeSpan.FromSeconds(1)));
        bench.Advance(60);
        passes.ForEach(pass => bench.Health.Failed(pass, Blame.Failure, null));

        Assert.Contains("20 of 20 requests failed", bench.Ask().Refusal);
    }

    [Fact]
    public void What_was_before_it_opened_counts_no_more_when_it_closed()
    {
        var bench = new HealthBench(Model with { ConsecutiveFailures = 20 });
        for (var i = 0; i < 20; i++)
        {
            bench.Fail();
        }

        bench.CoolDown();
        bench.Fail(Blame.None);
        bench.Fail();
        Assert.Equal(1, bench.Health.View().ConsecutiveFailures);
        Assert.Equal("closed", bench.Health.View().State);
    }

    [Fact]
    public void Nor_do_streams_that_were_cut()
    {
        var bench = new HealthBench(Model);
        for (var i = 0; i < 5; i++)
        {
            bench.Cut();
        }

        bench.CoolDown();
        bench.Fail(Blame.None);
        bench.Cut();
        Assert.Equal(1, bench.Health.View().ConsecutiveFailures);
    }

    [Fact]
    public void An_attempt_counts_once_whatever_is_said_of_it()
    {
        var bench = new HealthBench(Model);
        bench.Fail();
        var pass = bench.Let();
        for (var i = 0; i < 30; i++)
        {
            bench.Health.Failed(pass, Blame.Failure, null);
            bench.Health.Succeeded(pass, TimeSpan.FromSeconds(1));
        }

        bench.Health.Leave(pass);
        bench.Health.Failed(pass, Blame.Eject, null);
        Assert.Equal(2, bench.Health.View().ConsecutiveFailures);
        Assert.Equal(0.19, bench.Health.ErrorRate, 6);

        var good = bench.Let();
        for (var i = 0; i < 30; i++)
        {
            bench.Health.Succeeded(good, TimeSpan.FromSeconds(1));
        }

        Assert.Null(bench.Health.Percentile95);
        Assert.Equal(0.171, bench.Health.ErrorRate, 6);
    }

    [Fact]
    public void What_is_said_of_no_attempt_is_not_heard()
    {
        var bench = new HealthBench(Model);
        _ = bench.Let();
        bench.Health.Failed(default, Blame.Eject, null);
        bench.Health.Succeeded(default, TimeSpan.FromSeconds(1));
        bench.Health.Leave(default);
        bench.Health.Leave(new HealthPass(1000, 1));

        Assert.Equal(1, bench.Health.InFlight);
        Assert.Equal(0, bench.Health.LatencyMicroseconds);
        Assert.True(bench.Ask().IsOpen);
    }

    [Fact]
    public void A_dead_host_opens_it_at_once()
    {
        var bench = new HealthBench(Model);
        bench.Fail(Blame.Eject);

        Assert.Contains("a failure that trying again does not help against", bench.Ask().Refusal);
        Assert.Equal(HealthGrade.Ejected, bench.Health.Badness().Grade);
    }

    [Theory]
    [InlineData(Blame.None)]
    [InlineData(Blame.Quota)]
    internal void Nobodys_fault_never_opens_it(Blame blame)
    {
        var bench = new HealthBench(Model);
        for (var i = 0; i < 100; i++)
        {
            bench.Fail(blame);
            bench.Advance(61);
        }

        Assert.Equal("closed", bench.Health.View().State);
        Assert.Equal(0, bench.Health.ErrorRate);
    }

    [Fact]
    public void After_the_cool_down_one_trial_is_let_in_and_no_other()
    {
        var bench = new HealthBench(Model);
        bench.Open();

        var trial = bench.Let();
        Assert.Equal("its circuit breaker lets one trial request through, which has not answered yet", bench.Ask().Refusal);
        Assert.Null(bench.Ask().Until);
        bench.Advance(3600);
        Assert.False(bench.Ask().IsOpen);

        bench.Health.Succeeded(trial, TimeSpan.FromSeconds(1));
        Assert.Equal("closed", bench.Health.View().State);
        Assert.True(bench.Ask().IsOpen);
        bench.Health.Leave(trial);
    }

    [Fact]
    public void The_cool_down_ends_to_the_moment()
    {
        var bench = new HealthBench(Model);
        bench.Fail(Blame.Eject);
        bench.Time.Advance(bench.Health.View().EjectedUntil!.Value - bench.Time.GetUtcNow() - TimeSpan.FromTicks(1));
        Assert.StartsWith("its circuit breaker is open for another 0.1 s", bench.Ask().Refusal);

        bench.Time.Advance(TimeSpan.FromTicks(1));
        Assert.True(bench.Ask().IsOpen);
    }

    [Theory]
    [InlineData(Blame.None)]
    [InlineData(Blame.Quota)]
    internal void A_trial_that_is_answered_at_all_closes_it(Blame blame)
    {
        var bench = new HealthBench(Model);
        bench.Open();
        bench.Fail(blame);

        Assert.Equal("closed", bench.Health.View().State);
    }

    [Fact]
    public void A_trial_without_a_verdict_makes_room_for_the_next()
    {
        var bench = new HealthBench(Model);
        bench.Open();
        bench.Health.Leave(bench.Let());
        Assert.Equal("half_open", bench.Health.View().State);

        var next = bench.Let();
        Assert.False(bench.Ask().IsOpen);
        bench.Health.Leave(next);
    }

    [Fact]
    public void Each_failed_trial_doubles_the_cool_down_to_the_maximum_give_or_take_a_tenth()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var bench = new HealthBench(Model, seed);
            bench.Fail(Blame.Eject);
            foreach (var expected in new[] { 5.0, 10, 20, 40, 80, 160, 300, 300, 300 })
            {
                Assert.InRange(bench.Remaining(), expected * 0.9, expected * 1.1);
                bench.CoolDown();
                bench.Fail();
            }
        }
    }

    [Fact]
    public void The_jitter_is_one()
    {
        var cooldowns = Enumerable.Range(0, 20).Select(seed =>
        {
            var bench = new HealthBench(Model, seed);
            bench.Fail(Blame.Eject);
            return bench.Remaining();
        }).ToList();

        Assert.True(cooldowns.Distinct().Count() > 15);
        Assert.True(cooldowns.Max() - cooldowns.Min() > 0.5);
    }

    [Fact]
    public void One_that_fails_soon_after_it_came_back_is_left_alone_for_longer()
    {
        var bench = new HealthBench(Model);
        bench.Open();
        bench.Succeed();
        bench.Advance(29);
        bench.Fail(Blame.Eject);

        Assert.InRange(bench.Remaining(), 9, 11);
    }

    [Fact]
    public void One_that_stayed_well_for_a_while_begins_anew()
    {
        var bench = new HealthBench(Model);
        bench.Open();
        bench.Succeed();
        bench.Advance(30);
        bench.Fail(Blame.Eject);

        Assert.InRange(bench.Remaining(), 4.5, 5.5);
    }

    [Fact]
    public void A_while_is_at_least_the_last_cool_down()
    {
        var bench = new HealthBench(Model);
        bench.Fail(Blame.Eject);
        for (var i = 0; i < 5; i++)
        {
            bench.CoolDown();
            bench.Fail();
        }

        // 160 s now
        bench.CoolDown();
        bench.Succeed();
        bench.Advance(100);
        bench.Fail(Blame.Eject);

        Assert.InRange(bench.Remaining(), 270, 330);
    }

    [Fact]
    public void Retry_after_is_the_least_cool_down_and_a_day_the_most_that_is_believed()
    {
        var bench = new HealthBench(Model);
        bench.Fail(Blame.Eject, retryAfter: 60);
        Assert.Equal(60, bench.Remaining());

        bench = new HealthBench(Model);
        bench.Fail(Blame.Eject, retryAfter: 1);
        Assert.InRange(bench.Remaining(), 4.5, 5.5);

        bench = new HealthBench(Model);
        bench.Fail(Blame.Eject, retryAfter: 1e9);
        Assert.Equal(86400, bench.Remaining());
        Assert.Contains("for another 1440.0 min", bench.Ask().Refusal);
    }

    [Fact]
    public void Late_results_of_attempts_from_before_it_opened_neither_close_it_nor_count_twice()
    {
        var bench = new HealthBench(Model);
        var late = Enumerable.Range(0, 20).Select(_ => bench.Let()).ToList();
        bench.Fail(Blame.Eject);
        var until = bench.Health.View().EjectedUntil;

        foreach (var pass in late.Take(10))
        {
            bench.Health.Failed(pass, Blame.Eject, TimeSpan.FromHours(1));
        }

        bench.Health.Succeeded(late[10], TimeSpan.FromSeconds(1));
        Assert.Equal(until, bench.Health.View().EjectedUntil);
        Assert.Equal(1, bench.Health.View().OpenedCount);
        Assert.False(bench.Ask().IsOpen);

        // and neither do they after it closed again, while a trial runs or afterwards
        bench.CoolDown();
        var trial = bench.Let();
        bench.Health.Succeeded(late[11], TimeSpan.FromSeconds(1));
        bench.Health.Failed(late[12], Blame.Eject, null);
        Assert.Equal("half_open", bench.Health.View().State);
        Assert.False(bench.Ask().IsOpen);

        bench.Health.Succeeded(trial, TimeSpan.FromSeconds(1));
        bench.Health.Failed(late[13], Blame.Eject, null);
        Assert.Equal("closed", bench.Health.View().State);
    }

    [Fact]
    public void The_stream_of_a_trial_may_still_be_cut()
    {
        var bench = new HealthBench(Model with { ConsecutiveFailures = 1 });
        bench.Open();
        bench.Cut();

        Assert.Equal("open", bench.Health.View().State);
        Assert.InRange(bench.Remaining(), 9, 11);
    }

    [Fact]
    public void A_forced_attempt_that_gets_through_ends_the_cool_down_but_does_not_close()
    {
        var bench = new HealthBench(Model);
        bench.Fail(Blame.Eject);
        var forced = bench.Health.Enter();
        Assert.False(bench.Ask().IsOpen);
        bench.Health.Succeeded(forced, TimeSpan.FromSeconds(1));
        bench.Health.Leave(forced);

        Assert.Equal("half_open", bench.Health.View().State);
        bench.Succeed();
        Assert.Equal("closed", bench.Health.View().State);
    }

    [Fact]
    public void Forced_attempts_that_fail_do_not_lengthen_the_cool_down_but_tell_how_long_to_wait()
    {
        var bench = new HealthBench(Model);
        bench.Fail(Blame.Eject);
        var until = bench.Health.View().EjectedUntil;
        for (var i = 0; i < 10; i++)
        {
            var forced = bench.Health.Enter();
            bench.Health.Failed(forced, Blame.Failure, null);
            bench.Health.Leave(forced);
        }

        Assert.Equal(until, bench.Health.View().EjectedUntil);

        var told = bench.Health.Enter();
        bench.Health.Failed(told, Blame.Failure, TimeSpan.FromSeconds(90));
        bench.Health.Leave(told);
        Assert.Equal(90, bench.Remaining());
    }

    [Fact]
    public void What_a_forced_attempt_is_told_holds_when_the_trial_that_runs_says_nothing()
    {
        var bench = new HealthBench(Model);
        bench.Open();
        var trial = bench.Let();
        bench.Health.Failed(bench.Health.Enter(), Blame.Failure, TimeSpan.FromSeconds(90));
        Assert.Equal("half_open", bench.Health.View().State);

        bench.Health.Leave(trial);
        Assert.Equal("open", bench.Health.View().State);
        Assert.Equal(90, bench.Remaining());
    }

    [Fact]
    public void A_forced_attempt_is_the_trial_when_one_is_due()
    {
        var bench = new HealthBench(Model);
        bench.Open();
        var forced = bench.Health.Enter();
        Assert.False(bench.Ask().IsOpen);

        bench.Health.Succeeded(forced, TimeSpan.FromSeconds(1));
        Assert.Equal("closed", bench.Health.View().State);
        bench.Health.Leave(forced);
    }

    [Fact]
    public void Limits_change_with_the_configuration_and_what_is_known_stays()
    {
        var bench = new HealthBench(Model);
        bench.Fail();
        bench.Fail();
        bench.Health.Apply(Model with { ConsecutiveFailures = 3, Cooldown = TimeSpan.FromSeconds(60), Window = TimeSpan.FromSeconds(10) });
        bench.Fail();

        Assert.InRange(bench.Remaining(), 54, 66);
        bench.Health.Apply(Model);
        Assert.InRange(bench.Remaining(), 54, 66);
    }
}
