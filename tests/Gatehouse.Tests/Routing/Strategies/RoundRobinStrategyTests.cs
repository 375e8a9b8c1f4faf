using FsCheck.Fluent;
using Gatehouse.Routing.Strategies;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Strategies;

public sealed class RoundRobinStrategyTests
{
    [Theory]
    [InlineData("0 1 2 0 1 2", 1d, 1d, 1d)]
    [InlineData("0 1 2 0 1 2", 0.1, 0.1, 0.1)]
    [InlineData("0 1 0 2 0 0 1 0 2 0", 3d, 1d, 1d)]
    [InlineData("0 1 0 0 1 0", 2_000_000d, 1_000_000d)]
    [InlineData("0 0 2 0 0 1 0 0 2 0", 0.7, 0.1, 0.2)]
    [InlineData("1 2 1 2", 0d, 4d, 4d)]
    public void Turns_are_spread_over_the_round(string turns, params double[] weights)
    {
        var (route, context) = (new RoundRobinStrategy(TestRoute.Targets(weights)), new TestContext());

        Assert.Equal(turns, string.Join(' ', turns.Split(' ').Select(_ => TestRoute.Plan(route, context)[0][1])));
    }

    [Fact]
    public void Counts_are_exact_over_every_round_whatever_the_weights() => Properties.Hold(
        from weights in Gen.Choose(1, 20).ListOf()
        where weights.Count > 0
        select weights,
        weights =>
        {
            var route = new RoundRobinStrategy(TestRoute.Targets([.. weights.Select(weight => (double)weight)]));
            var counts = TestRoute.FirstChoices(route, new TestContext(), weights.Sum() * 3);
            Assert.Equal(weights.Select(weight => weight * 3), weights.Select((_, i) => counts[$"t{i}/m"]));
        },
        count: 100);

    [Fact]
    public void Counts_are_exact_when_many_arrive_at_once()
    {
        const int Calls = 40_000;
        var route = new RoundRobinStrategy(TestRoute.Targets(5, 2, 1));
        var counts = new int[3];
        _ = Parallel.For(0, 8, worker =>
        {
            var context = new TestContext(worker);
            for (var i = 0; i < Calls / 8; i++)
            {
                _ = Interlocked.Increment(ref counts[TestRoute.Plan(route, context)[0][1] - '0']);
            }
        });

        Assert.Equal([25_000, 10_000, 5_000], counts);
    }

    [Fact]
    public void Weights_too_fine_for_a_round_are_rounded_and_never_to_nothing()
    {
        var counts = TestRoute.FirstChoices(new RoundRobinStrategy(TestRoute.Targets(Math.PI, Math.E, 1e-9)), new TestContext(), 10_001);

        Assert.Equal([5361, 4639, 1], counts.Values);
    }

    [Theory]
    [InlineData(1d, 1d, 1d, 1d)]
    [InlineData(4d, 2d, 1d, 1d)]
    public void The_calls_of_one_that_fails_are_spread_over_all_others(params double[] weights)
    {
        var (route, context) = (new RoundRobinStrategy(TestRoute.Targets(weights)), new TestContext());
        var round = (int)(weights.Sum() / weights[3]);
        var plans = Enumerable.Range(0, round * 3).Select(_ => TestRoute.Plan(route, context)).Where(plan => plan[0] == "t0/m").ToList();

        Assert.All(Enumerable.Range(1, 3), other => Assert.Equal(plans.Count / 3, plans.Count(plan => plan[1] == $"t{other}/m")));
        Assert.Contains(plans, plan => plan is ["t0/m", "t1/m", "t2/m", "t3/m"]);
        Assert.Contains(plans, plan => plan is ["t0/m", "t3/m", "t1/m", "t2/m"]);
    }

    [Fact]
    public void One_that_comes_back_is_passed_over_as_often_as_it_is_not_ready()
    {
        const int Calls = 20_000;
        var (route, context) = (new RoundRobinStrategy([TestRoute.Target("a/m", 1, TestRoute.Health(isDown: true)), TestRoute.Target("b/m"), TestRoute.Target("c/m")]), new TestContext());
        var plans = Enumerable.Range(0, Calls * 3).Select(_ => TestRoute.Plan(route, context)).ToList();

        var itsTurns = plans.Where((_, i) => i % 3 == 0).ToList();

        TestRoute.AssertShare(0.1, itsTurns.Count(plan => plan[0] == "a/m"), Calls);
        TestRoute.AssertShare(0.9, itsTurns.Count(plan => plan[2] == "a/m"), Calls);
        Assert.DoesNotContain(plans.Where((_, i) => i % 3 != 0), plan => plan[0] == "a/m");
    }

    [Fact]
    public void To_explain_takes_no_turn()
    {
        var (route, context) = (new RoundRobinStrategy(TestRoute.Targets(2, 1, 0)), new TestContext());

        Assert.Equal("round_robin: it is the turn of t0/m (2 of 3 in a round)", route.Explain(context));
        Assert.Equal("round_robin: it is the turn of t0/m (2 of 3 in a round)", route.Explain(context));
        Assert.Equal(["t0/m", "t1/m", "t2/m"], TestRoute.Plan(route, context));
        Assert.Equal("round_robin: it is the turn of t1/m (1 of 3 in a round)", route.Explain(context));
    }

    [Fact]
    public void A_line_tells_what_may_be_passed_over_and_when_only_reserves_are_left()
    {
        var down = TestRoute.Target("down/m", 1, TestRoute.Health(isDown: true));

        Assert.Equal(
            "round_robin: it is the turn of down/m, which is 10% ready, or up/m if it is passed over",
            new RoundRobinStrategy([down, TestRoute.Target("up/m")]).Explain(new TestContext()));
        Assert.Equal("round_robin: t0/m first, as written: all have weight 0", new RoundRobinStrategy(TestRoute.Targets(0, 0)).Explain(new TestContext()));
    }
}
