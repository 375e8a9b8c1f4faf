using Gatehouse.Routing.Strategies;

namespace Gatehouse.Tests.Routing.Strategies;

public sealed class WeightedStrategyTests
{
    private const int Calls = 20_000;

    [Theory]
    [InlineData(1d, 1d)]
    [InlineData(3d, 2d)]
    [InlineData(1d, 1d, 1d)]
    [InlineData(90d, 9d, 1d)]
    [InlineData(0.5, 0.25, 0.25)]
    [InlineData(1d, 2d, 3d, 4d, 5d, 6d, 7d)]
    public void Each_is_drawn_as_often_as_its_weight_says(params double[] weights)
    {
        var counts = TestRoute.FirstChoices(new WeightedStrategy(TestRoute.Targets(weights)), new TestContext(), Calls);

        for (var i = 0; i < weights.Length; i++)
        {
            TestRoute.AssertShare(weights[i] / weights.Sum(), counts[$"t{i}/m"], Calls);
        }
    }

    [Fact]
    public void The_next_is_drawn_by_weight_from_those_that_are_left()
    {
        var (route, context) = (new WeightedStrategy(TestRoute.Targets(6, 3, 1)), new TestContext());
        var plans = Enumerable.Range(0, Calls).Select(_ => TestRoute.Plan(route, context)).Where(plan => plan[0] == "t0/m").ToList();

        TestRoute.AssertShare(0.75, plans.Count(plan => plan[1] == "t1/m"), plans.Count);
    }

    [Fact]
    public void A_weight_of_0_comes_last_and_in_the_order_written()
    {
        var (route, context) = (new WeightedStrategy(TestRoute.Targets(0, 1, 0, 1)), new TestContext());

        Assert.All(Enumerable.Range(0, 200).Select(_ => TestRoute.Plan(route, context)), plan => Assert.Equal(["t0/m", "t2/m"], plan[2..]));
        Assert.Equal(["t0/m", "t1/m"], TestRoute.Plan(new WeightedStrategy(TestRoute.Targets(0, 0)), context));
    }

    [Fact]
    public void One_that_is_not_ready_gets_a_part_of_its_share()
    {
        var route = new WeightedStrategy([TestRoute.Target("a/m", 5, TestRoute.Health(isDown: true)), TestRoute.Target("b/m", 1)]);

        TestRoute.AssertShare(0.5 / 1.5, TestRoute.FirstChoices(route, new TestContext(), Calls)["a/m"], Calls);
    }

    [Fact]
    public void A_strategy_is_as_ready_as_its_readiest_target()
    {
        var targets = "abc".Select(name => TestRoute.Target($"{name}/m", 1, TestRoute.Health(isDown: name != 'b'))).ToArray();
        var route = new WeightedStrategy([new FallbackStrategy(targets) { Weight = 2 }, TestRoute.Target("d/m")]);
        var counts = TestRoute.FirstChoices(route, new TestContext(), Calls);

        TestRoute.AssertShare(2 / 3d, counts["a/m"], Calls);
        Assert.Equal(0, counts["b/m"]);
    }

    [Fact]
    public void A_line_tells_what_was_drawn_and_its_chance()
    {
        Assert.Equal("weighted: drew t0/m (weight 3 of 3)", new WeightedStrategy(TestRoute.Targets(3, 0)).Explain(new TestContext()));
        Assert.Equal("weighted: t0/m first, as written: all have weight 0", new WeightedStrategy(TestRoute.Targets(0, 0)).Explain(new TestContext()));
        Assert.Equal(
            "weighted: drew [t0/m, t1/m] (weight 2 of 2); fallback: t0/m, then t1/m",
            new WeightedStrategy([new FallbackStrategy(TestRoute.Targets(1, 1)) { Weight = 2 }]).Explain(new TestContext()));
        Assert.Equal("weighted: drew a/m (weight 0.2 of 0.2)", new WeightedStrategy([TestRoute.Target("a/m", 2, TestRoute.Health(isDown: true))]).Explain(new TestContext()));
    }
}
