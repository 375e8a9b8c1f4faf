using FsCheck.Fluent;
using Gatehouse.Routing.Health;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Health;

public sealed class RetryBudgetTests
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    [Fact]
    public void Without_traffic_the_minimum_is_granted_once_a_window()
    {
        var time = new ManualTime();
        var budget = new RetryBudget(time, 0.1, 3, Window);
        Assert.Equal(3, Granted(budget, 10));

        time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal(0, Granted(budget, 10));

        // what was granted leaves the books with its whole bucket
        time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal(3, Granted(budget, 10));
    }

    [Fact]
    public void With_traffic_it_is_a_tenth()
    {
        var budget = new RetryBudget(new ManualTime(), 0.1, 3, Window);
        for (var i = 0; i < 1000; i++)
        {
            budget.CountRequest();
        }

        Assert.Equal(100, Granted(budget, 1000));
    }

    [Fact]
    public void A_changed_share_holds_at_once()
    {
        var budget = new RetryBudget(new ManualTime(), 0.1, 3, Window);
        for (var i = 0; i < 100; i++)
        {
            budget.CountRequest();
        }

        Assert.Equal(10, Granted(budget, 100));
        budget.Apply(0.2, 3, Window);
        Assert.Equal(10, Granted(budget, 100));
        budget.Apply(0, 0, Window);
        Assert.Equal(0, Granted(budget, 100));
    }

    [Fact]
    public void Two_threads_do_not_get_more_than_one()
    {
        var budget = new RetryBudget(new ManualTime(), 0.1, 3, Window);
        var granted = 0;
        _ = Parallel.For(0, 20_000, i =>
        {
            if (i % 2 == 0)
            {
                budget.CountRequest();
            }
            else if (budget.TrySpend())
            {
                _ = Interlocked.Increment(ref granted);
            }
        });

        Assert.InRange(granted, 3, 1000);
        granted += Granted(budget, 20_000);
        Assert.Equal(1000, granted);
    }

    /// <summary>Against the plain definition: at each grant, what was granted and counted in the ten seconds that end there.</summary>
    [Fact]
    public void In_no_window_that_ends_with_a_retry_are_there_more_than_the_share() => Properties.Hold(
        from ratio in Gen.Elements(0, 0.05, 0.1, 0.5, 1)
        from minimum in Gen.Choose(0, 4)
        from steps in Gen.Frequency(
            (5, Gen.Constant((Step: 0, Milliseconds: 0))),
            (4, Gen.Constant((Step: 1, Milliseconds: 0))),
            (2, from milliseconds in Gen.OneOf(Gen.Choose(1, 400), Gen.Choose(1, 12_000)) select (Step: 2, Milliseconds: milliseconds))).ListOf(400)
        select (ratio, minimum, steps),
        run =>
        {
            var time = new ManualTime();
            var budget = new RetryBudget(time, run.ratio, run.minimum, Window);
            List<DateTimeOffset> requests = [];
            List<DateTimeOffset> retries = [];
            var refused = 0;
            foreach (var (step, milliseconds) in run.steps)
            {
                var now = time.GetUtcNow();
                if (step == 0)
                {
                    budget.CountRequest();
                    requests.Add(now);
                }
                else if (step == 2)
                {
                    time.Advance(TimeSpan.FromMilliseconds(milliseconds));
                }
                else if (budget.TrySpend())
                {
                    retries.Add(now);
                    Assert.True(retries.Count(at => at > now - Window) <= Math.Max(run.minimum, run.ratio * requests.Count(at => at > now - Window)));
                }
                else
                {
                    // It is not mean either: by a bucket at most.
                    refused++;
                    var youngest = requests.Count(at => at > now - (Window * 0.9));
                    Assert.True(retries.Count(at => at > now - (Window * 1.1)) + 1 > Math.Max(run.minimum, run.ratio * youngest));
                }
            }

            Assert.True(retries.Count + refused > 0);
        },
        count: 200);

    private static int Granted(RetryBudget budget, int asked) => Enumerable.Range(0, asked).Count(_ => budget.TrySpend());
}
