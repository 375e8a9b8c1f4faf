using Gatehouse.Routing;
using Gatehouse.Routing.Strategies;

namespace Gatehouse.Tests.Routing.Strategies;

public sealed class LeastLatencyStrategyTests
{
    private const int Calls = 20_000;

    [Fact]
    public void Of_two_the_faster_one_is_always_first()
    {
        var route = new LeastLatencyStrategy([Target("slow", 1000), Target("fast", 100)]);

        Assert.Equal(Calls, TestRoute.FirstChoices(route, new TestContext(), Calls)["fast/m"]);
    }

    [Fact]
    public void What_only_gets_copies_does_not_make_a_child_faster()
    {
        var copied = new ShadowStrategy(Target("slow", 1000), [(Target("copies", 0), 100)]);
        var route = new LeastLatencyStrategy([copied, Target("fast", 100)]);

        Assert.Equal(Calls, TestRoute.FirstChoices(route, new TestContext(), Calls)["fast/m"]);
    }

    [Fact]
    public void Of_four_the_best_of_two_at_random_is_first_and_the_rest_follows_by_score()
    {
        var (route, context) = (new LeastLatencyStrategy([Target("d", 40), Target("a", 10), Target("c", 30), Target("b", 20)]), new TestContext());
        var plans = Enumerable.Range(0, Calls).Select(_ => string.Concat(TestRoute.Plan(route, context).Select(name => name[0]))).ToList();

        Assert.Equal("abcd acbd adbc bcad bdac cdab", string.Join(' ', plans.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)));
        Assert.All(plans.GroupBy(plan => plan, StringComparer.Ordinal), pair => TestRoute.AssertShare(1 / 6d, pair.Count(), Calls));
    }

    [Fact]
    public void One_that_is_ten_times_slower_gets_few_calls_under_load_and_none_of_the_fast_ones_is_overrun()
    {
        var (fast, slow) = (10, 100);
        var counts = Simulate([fast, fast, slow], arrivalsPerMillisecond: 1, calls: Calls);

        // Each of the fast ones serves 10 calls at a time for every one of the slow one.
        Assert.InRange(counts[2], 1, Calls / 10);
        Assert.InRange(counts[0] / (double)counts[1], 0.9, 1.1);
    }

    [Fact]
    public void One_that_has_not_answered_yet_is_tried_soon_but_not_by_all_at_once()
    {
        var (known, untried) = (Target("known", 100), Target("new", 0));
        var (route, context) = (new LeastLatencyStrategy([known, untried]), new TestContext());
        var firsts = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            var plan = new RoutePlan(2);
            route.Plan(context, plan);
            plan[0].Health!.Enter();
            firsts.Add(plan[0].Target.Provider.Name);
        }

        Assert.Equal("new", firsts[0]);
        Assert.Equal(20, firsts.Count(name => name == "new"), 1.0);
    }

    [Fact]
    public void Of_many_an_untried_one_is_explored_and_one_that_only_fails_is_left_alone()
    {
        var route = new LeastLatencyStrategy([Target("a", 100), Target("b", 110), Target("new", 0), Target("broken", 0, failures: 30)]);
        var counts = TestRoute.FirstChoices(route, new TestContext(), Calls);

        TestRoute.AssertShare(0.5, counts["new/m"], Calls);
        Assert.Equal(0, counts["broken/m"]);
    }

    [Fact]
    public void When_none_has_answered_each_has_the_same_chance()
    {
        var counts = TestRoute.FirstChoices(new LeastLatencyStrategy(TestRoute.Targets(1, 1, 1)), new TestContext(), Calls);

        Assert.All(counts.Values, count => TestRoute.AssertShare(1 / 3d, count, Calls));
    }

    [Theory]
    [InlineData(100, 0, 0, false, 150, 0, 0, false)]
    [InlineData(100, 0, 1, false, 190, 0, 0, true)]
    [InlineData(100, 0, 1, false, 210, 0, 0, false)]
    [InlineData(100, 1, 0, false, 190, 0, 0, true)]
    [InlineData(100, 1, 0, false, 210, 0, 0, false)]
    [InlineData(100, 3, 0, false, 150, 1, 0, true)]
    public void Calls_in_flight_and_failures_count_like_longer_times(
        int oneMilliseconds, int oneInFlight, int oneFailures, bool isOneDown, int otherMilliseconds, int otherInFlight, int otherFailures, bool isOtherBetter)
    {
        var one = TestRoute.Target("one/m", 1, TestRoute.Health(oneMilliseconds, oneFailures, isOneDown, oneInFlight));
        var other = TestRoute.Target("other/m", 1, TestRoute.Health(otherMilliseconds, otherFailures, inFlight: otherInFlight));

        Assert.Equal(isOtherBetter ? "other/m" : "one/m", TestRoute.Plan(new LeastLatencyStrategy([one, other]), new TestContext())[0]);
    }

    [Fact]
    public void One_that_is_down_counts_as_slower_and_a_reserve_is_last()
    {
        var down = TestRoute.Target("down/m", 1, TestRoute.Health(50, isDown: true));
        var route = new LeastLatencyStrategy([TestRoute.Target("reserve/m", 0, TestRoute.Health(1)), down, Target("up", 400)]);

        Assert.Equal(["up/m", "down/m", "reserve/m"], TestRoute.Plan(route, new TestContext()));
    }

    [Fact]
    public void A_strategy_is_as_good_as_its_best_target()
    {
        var pair = new FallbackStrategy([Target("slow", 900), Target("fast", 10)]);

        Assert.Equal(["slow/m", "fast/m", "middle/m"], TestRoute.Plan(new LeastLatencyStrategy([Target("middle", 100), pair]), new TestContext()));
    }

    [Fact]
    public void A_line_tells_the_two_and_their_latencies()
    {
        Assert.Equal(
            "least_latency: of two at random a/m (10.5 ms, 0 in flight) is better than b/m (20 ms, 1 in flight)",
            new LeastLatencyStrategy([TestRoute.Target("b/m", 1, TestRoute.Health(20, inFlight: 1)), Target("a", 10.5)]).Explain(new TestContext()));
        Assert.Equal("least_latency: t0/m (not tried yet, 0 in flight) is the only choice", new LeastLatencyStrategy(TestRoute.Targets(1, 0)).Explain(new TestContext()));
        Assert.Equal("least_latency: t0/m first, as written: all have weight 0", new LeastLatencyStrategy(TestRoute.Targets(0, 0)).Explain(new TestContext()));
    }

    private static RouteTarget Target(string provider, double milliseconds, int failures = 0) =>
        TestRoute.Target($"{provider}/m", 1, TestRoute.Health(milliseconds, failures));

    /// <summary>Calls arrive evenly, each takes as long as its target does; returns how many each target got.</summary>
    private static int[] Simulate(int[] milliseconds, int arrivalsPerMillisecond, int calls)
    {
        var targets = milliseconds.Select((latency, i) => TestRoute.Target($"t{i}/m", 1, TestRoute.Health(latency))).ToArray();
        var (route, context, counts) = (new LeastLatencyStrategy(targets), new TestContext(), new int[targets.Length]);
        var running = new PriorityQueue<Action, double>();
        for (var call = 0; call < calls; call++)
        {
            var now = call / (double)arrivalsPerMillisecond;
            while (running.TryPeek(out var leave, out var end) && end <= now)
            {
                leave();
                _ = running.Dequeue();
            }

            var plan = new RoutePlan(3);
            route.Plan(context, plan);
            var chosen = Array.IndexOf(targets, plan[0]);
            counts[chosen]++;
            running.Enqueue(TestRoute.Enter(targets[chosen].Health!), now + milliseconds[chosen]);
        }

        return counts;
    }
}
