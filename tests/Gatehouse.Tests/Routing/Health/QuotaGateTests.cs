using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;
using Gatehouse.Upstream;

namespace Gatehouse.Tests.Routing.Health;

public sealed class QuotaGateTests
{
    [Fact]
    public void A_target_without_requests_left_is_not_used_until_its_reset()
    {
        var bench = new HealthBench();
        bench.Health.Observe(new ProviderQuota(0, bench.Time.GetUtcNow() + TimeSpan.FromSeconds(4.5), 1000, null));

        Assert.Equal("its provider says that no requests are left until 12:00:05Z", bench.Ask().Refusal);
        Assert.Equal(bench.Time.GetUtcNow() + TimeSpan.FromSeconds(4.5), bench.Ask().Until);
        Assert.Equal(HealthGrade.OutOfQuota, bench.Health.Badness().Grade);

        bench.Advance(4.4);
        Assert.False(bench.Ask().IsOpen);
        bench.Advance(0.1);
        Assert.True(bench.Ask().IsOpen);
        Assert.Null(bench.Health.View().QuotaUntil);
        Assert.NotNull(bench.Health.View().LastRefusal);
    }

    [Fact]
    public void Nor_is_one_without_tokens_left()
    {
        var bench = new HealthBench();
        bench.Health.Observe(new ProviderQuota(null, null, 0, bench.Time.GetUtcNow() + TimeSpan.FromMinutes(1)));

        Assert.Equal("its provider says that no tokens are left until 12:01:00Z", bench.Ask().Refusal);
    }

    [Fact]
    public void The_later_of_two_resets_counts()
    {
        var bench = new HealthBench();
        var now = bench.Time.GetUtcNow();
        bench.Health.Observe(new ProviderQuota(0, now + TimeSpan.FromSeconds(60), 0, now + TimeSpan.FromSeconds(5)));
        bench.Health.Observe(new ProviderQuota(0, now + TimeSpan.FromSeconds(2), null, null));

        Assert.Equal("its provider says that no requests are left until 12:01:00Z", bench.Ask().Refusal);
    }

    [Fact]
    public void What_is_left_or_not_said_keeps_nobody_out()
    {
        var bench = new HealthBench();
        bench.Health.Observe(default);
        bench.Health.Observe(new ProviderQuota(1, bench.Time.GetUtcNow() + TimeSpan.FromMinutes(1), 1, null));
        bench.Health.Observe(new ProviderQuota(0, bench.Time.GetUtcNow(), null, null));
        bench.Health.Observe(new ProviderQuota(0, DateTimeOffset.MinValue, null, null));

        Assert.True(bench.Ask().IsOpen);
    }

    [Fact]
    public void An_hour_is_the_most_that_is_believed_and_a_second_what_is_assumed()
    {
        var bench = new HealthBench();
        bench.Health.Observe(new ProviderQuota(0, null, null, null));
        Assert.Equal(TimeSpan.FromSeconds(1), bench.Ask().Until - bench.Time.GetUtcNow());

        bench.Health.Observe(new ProviderQuota(0, DateTimeOffset.MaxValue, null, null));
        Assert.Equal(TimeSpan.FromHours(1), bench.Ask().Until - bench.Time.GetUtcNow());
    }

    [Fact]
    public void A_429_that_says_for_how_long_is_believed_for_a_day_at_most()
    {
        var bench = new HealthBench();
        bench.Fail(Blame.Quota, retryAfter: 7);
        Assert.Equal("its provider answered 429 and asked to wait until 12:00:07Z", bench.Ask().Refusal);

        bench = new HealthBench();
        bench.Fail(Blame.Quota, retryAfter: 1e9);
        Assert.Equal("its provider answered 429 and asked to wait until 2026-11-21T12:00:00Z", bench.Ask().Refusal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0.0)]
    [InlineData(-5.0)]
    public void One_that_does_not_say_is_left_alone_for_longer_each_time_until_it_answers(double? retryAfter)
    {
        var bench = new HealthBench();
        foreach (var expected in new[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            bench.Fail(Blame.Quota, retryAfter);
            Assert.Equal(TimeSpan.FromSeconds(expected), bench.Ask().Until - bench.Time.GetUtcNow());
            bench.Advance(expected);
        }

        bench.Succeed();
        bench.Fail(Blame.Quota, retryAfter);
        Assert.Equal(TimeSpan.FromSeconds(1), bench.Ask().Until - bench.Time.GetUtcNow());
    }

    [Fact]
    public void Many_that_are_refused_together_are_refused_once()
    {
        var bench = new HealthBench();
        var passes = Enumerable.Range(0, 10).Select(_ => bench.Let()).ToList();
        foreach (var pass in passes)
        {
            bench.Health.Failed(pass, Blame.Quota, null);
            bench.Health.Leave(pass);
        }

        Assert.Equal(TimeSpan.FromSeconds(1), bench.Ask().Until - bench.Time.GetUtcNow());
    }

    [Fact]
    public void The_answer_to_a_request_from_before_does_not_end_it()
    {
        var bench = new HealthBench();
        var before = bench.Let();
        bench.Fail(Blame.Quota);
        bench.Advance(1);
        bench.Fail(Blame.Quota);
        bench.Health.Succeeded(before, TimeSpan.FromSeconds(1));
        bench.Health.Observe(new ProviderQuota(5, null, null, null));

        Assert.False(bench.Ask().IsOpen);
        bench.Advance(4);
        bench.Fail(Blame.Quota);
        Assert.Equal(TimeSpan.FromSeconds(4), bench.Ask().Until - bench.Time.GetUtcNow());
    }

    [Fact]
    public void A_trial_is_not_spent_on_a_target_without_quota()
    {
        var bench = new HealthBench();
        bench.Fail(Blame.Eject);
        bench.Health.Observe(new ProviderQuota(0, bench.Time.GetUtcNow() + TimeSpan.FromSeconds(30), null, null));
        bench.Advance(10);
        Assert.Contains("no requests are left", bench.Ask().Refusal);

        bench.Advance(20);
        bench.Succeed();
        Assert.Equal("closed", bench.Health.View().State);
    }
}
