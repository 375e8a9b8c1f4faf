using FsCheck.Fluent;
using Gatehouse.Configuration.Binding;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Health;

public sealed class HealthMeasureTests
{
    [Fact]
    public void A_peak_counts_at_once_and_fades()
    {
        var bench = new HealthBench();
        Assert.Equal(0, bench.Health.LatencyMicroseconds);
        bench.Succeed(0.1);
        bench.Succeed(2);
        Assert.Equal(2e6, bench.Health.LatencyMicroseconds);

        bench.Succeed(0.1);
        Assert.Equal(2e6, bench.Health.LatencyMicroseconds);

        // after one decay time 1/e of the peak is left
        bench.Advance(10);
        bench.Succeed(0.1);
        Assert.Equal((2e6 / Math.E) + (1e5 * (1 - (1 / Math.E))), bench.Health.LatencyMicroseconds, tolerance: 1);
        bench.Advance(10);
        Assert.InRange(bench.Health.LatencyMicroseconds, 1, 4e5);
        Assert.InRange(bench.Health.View().LatencyMs!.Value, 790, 800);
    }

    [Fact]
    public void The_error_rate_follows_failures_and_is_forgotten_without_traffic()
    {
        var bench = new HealthBench();
        bench.Fail();
        Assert.Equal(0.1, bench.Health.ErrorRate, 6);
        bench.Fail();
        Assert.Equal(0.19, bench.Health.ErrorRate, 6);
        bench.Succeed();
        Assert.Equal(0.171, bench.Health.ErrorRate, 6);
        bench.Advance(60);
        Assert.Equal(0.171 / Math.E, bench.Health.ErrorRate, 6);
    }

    [Fact]
    public void There_is_no_percentile_of_few_samples_nor_of_old_ones()
    {
        var bench = new HealthBench();
        for (var i = 0; i < 19; i++)
        {
            bench.Succeed();
        }

        Assert.Null(bench.Health.Percentile95);
        bench.Succeed();
        Assert.NotNull(bench.Health.Percentile95);
        bench.Advance(299);
        Assert.NotNull(bench.Health.Percentile95);
        bench.Advance(301);
        Assert.Null(bench.Health.Percentile95);
    }

    [Fact]
    public void The_percentile_is_that_of_the_sorted_samples_or_an_eighth_more() => Properties.Hold(
        from samples in Gen.OneOf(Gen.Choose(0, 20), Gen.Choose(100, 5_000_000), Gen.Choose(0, int.MaxValue)).ListOf(137)
        select samples,
        samples =>
        {
            var histogram = new LatencyHistogram();
            foreach (var sample in samples)
            {
                histogram.Observe(TimeSpan.Zero, TimeSpan.FromMicroseconds(sample));
            }

            var exact = (double)samples.Order().ElementAt(samples.Count - 1 - (int)(samples.Count * 0.05));
            Assert.InRange(histogram.Percentile(TimeSpan.Zero, 0.95)!.Value.TotalMicroseconds, exact, (exact * 1.125) + 1);
        },
        count: 300);

    [Fact]
    public void Times_beyond_the_histogram_are_its_last()
    {
        var histogram = new LatencyHistogram();
        for (var i = 0; i < 20; i++)
        {
            histogram.Observe(TimeSpan.Zero, i == 0 ? TimeSpan.MinValue : TimeSpan.MaxValue);
        }

        Assert.InRange(histogram.Percentile(TimeSpan.Zero, 0.95)!.Value, TimeSpan.FromMinutes(60), TimeSpan.FromHours(6));
    }

    [Fact]
    public void One_that_came_back_gets_its_traffic_by_and_by()
    {
        var bench = new HealthBench();
        Assert.Equal(1, bench.Health.Readiness);
        bench.Open();
        Assert.Equal(0.1, bench.Health.Readiness);
        bench.Succeed();
        Assert.Equal(0.1, bench.Health.Readiness, 6);
        bench.Advance(15);
        Assert.Equal(0.55, bench.Health.Readiness, 6);
        bench.Advance(15);
        Assert.Equal(1, bench.Health.Readiness, 6);
        bench.Advance(1500);
        Assert.Equal(1, bench.Health.Readiness);
    }

    [Fact]
    public void Without_slow_start_it_is_all_or_nothing()
    {
        var bench = new HealthBench(HealthModel.Default with { SlowStart = TimeSpan.Zero });
        bench.Open();
        bench.Succeed();

        Assert.Equal(1, bench.Health.Readiness);
    }

    [Fact]
    public void The_least_bad_is_the_one_of_which_something_can_be_expected_soonest()
    {
        var fit = new HealthBench();
        var soon = Opened(Blame.Failure, 10);
        var later = Opened(Blame.Failure, 20);
        var quota = Opened(Blame.Quota, 5);
        var dead = Opened(Blame.Eject, 5.5);
        HealthBench[] all = [dead, quota, later, soon, fit];

        Assert.Equal([fit, soon, later, quota, dead], all.OrderBy(bench => bench.Health.Badness()));
        Assert.True(soon.Health.Badness() < later.Health.Badness());
        Assert.Equal(TimeSpan.FromSeconds(10), soon.Health.Badness().Wait);

        var failsMore = new HealthBench();
        failsMore.Fail();
        Assert.True(failsMore.Health.Badness() > fit.Health.Badness());

        static HealthBench Opened(Blame blame, double retryAfter)
        {
            var bench = new HealthBench(HealthModel.Default with { ConsecutiveFailures = 1 });
            bench.Fail(blame, retryAfter);
            return bench;
        }
    }

    [Fact]
    public void The_view_says_it_all()
    {
        var bench = new HealthBench();
        Assert.Equal(new TargetHealthView("closed", null, null, null, 0, null, null, 0, 0, 1, null, 0, null), bench.Health.View());

        bench.Fail(Blame.Eject, retryAfter: 9.5);
        _ = bench.Health.Enter();
        _ = bench.Ask();
        var now = bench.Time.GetUtcNow();
        bench.Advance(1);

        Assert.Equal(
            new TargetHealthView(
                "open",
                now + TimeSpan.FromSeconds(9.5),
                "a failure that trying again does not help against",
                "eject",
                bench.Health.ErrorRate,
                null,
                null,
                InFlight: 1,
                ConsecutiveFailures: 1,
                Readiness: 0.1,
                null,
                OpenedCount: 1,
                new RefusalView("its circuit breaker is open for another 9.5 s (a failure that trying again does not help against)", now)),
            bench.Health.View());
    }

    [Fact]
    public void Every_mistake_of_the_options_is_told_with_its_key()
    {
        var errors = new ConfigurationErrors("gatehouse.yaml");
        HealthModel.Validate(new HealthOptions(), "routes.chat.health", errors);
        Assert.False(errors.Any);

        HealthModel.Validate(
            new HealthOptions
            {
                ConsecutiveFailures = 0,
                ErrorRate = 1.5m,
                MinimumRequests = -1,
                Window = TimeSpan.Zero,
                Cooldown = TimeSpan.FromSeconds(10),
                MaxCooldown = TimeSpan.FromSeconds(5),
                SlowStart = TimeSpan.FromDays(100),
            },
            "routes.chat.health",
            errors);

        string[] keys = ["consecutive_failures", "minimum_requests", "error_rate", "window", "slow_start", "max_cooldown"];
        Assert.Equal(keys.Length, errors.Messages.Count);
        Assert.All(keys.Zip(errors.Messages), pair => Assert.Contains($"(routes.chat.health.{pair.First}, gatehouse.yaml)", pair.Second));
    }
}
