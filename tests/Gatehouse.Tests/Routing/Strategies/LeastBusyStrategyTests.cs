using Gatehouse.Routing;
using Gatehouse.Routing.Strategies;

namespace Gatehouse.Tests.Routing.Strategies;

public sealed class LeastBusyStrategyTests
{
    private const int Calls = 20_000;

    [Fact]
    public void The_fewest_in_flight_come_first()
    {
        var route = new LeastBusyStrategy([Busy("a", 2), Busy("b", 0), Busy("c", 1)]);

        Assert.Equal(["b/m", "c/m", "a/m"], TestRoute.Plan(route, new TestContext()));
        Assert.Equal("least_busy: b/m with 0 in flight", route.Explain(new TestContext()));
    }

    [Fact]
    public void Weights_say_how_many_each_may_have()
    {
        Assert.Equal(["a/m", "b/m"], TestRoute.Plan(new LeastBusyStrategy([Busy("b", 2), Busy("a", 5, weight: 3)]), new TestContext()));
        Assert.Equal(["b/m", "a/m"], TestRoute.Plan(new LeastBusyStrategy([Busy("b", 1), Busy("a", 5, weight: 3)]), new TestContext()));
    }

    [Fact]
    public void Calls_that_stay_are_divided_by_weight()
    {
        var targets = TestRoute.Targets(3, 2, 1);
        var (route, context) = (new LeastBusyStrategy(targets), new TestContext());
        for (var i = 0; i < 600; i++)
        {
            var plan = new RoutePlan(3);
            route.Plan(context, plan);
            plan[0].Health!.Enter();
        }

        Assert.Equal([300, 200, 100], targets.Select(target => target.Health!.InFlight));
    }

    [Fact]
    public void Equals_are_drawn_by_weight()
    {
        var route = new LeastBusyStrategy([Busy("a", 0, weight: 3), Busy("b", 0), Busy("c", 1)]);
        var counts = TestRoute.FirstChoices(route, new TestContext(), Calls);

        TestRoute.AssertShare(0.75, counts["a/m"], Calls);
        Assert.Equal(0, counts["c/m"]);
        Assert.EndsWith("with 0 in flight, drawn from 2 that are as busy", route.Explain(new TestContext()), StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_is_down_may_have_less_and_a_reserve_is_last()
    {
        var down = TestRoute.Target("down/m", 1, TestRoute.Health(isDown: true, inFlight: 1));

        Assert.Equal(["up/m", "down/m", "reserve/m"], TestRoute.Plan(new LeastBusyStrategy([Busy("reserve", 0, weight: 0), down, Busy("up", 9)]), new TestContext()));
        Assert.Equal("least_busy: t0/m first, as written: all have weight 0", new LeastBusyStrategy(TestRoute.Targets(0)).Explain(new TestContext()));
    }

    [Fact]
    public void A_strategy_has_the_calls_of_all_its_targets()
    {
        var pair = new FallbackStrategy([Busy("a", 1), Busy("b", 1)]);

        Assert.Equal(["c/m", "a/m", "b/m"], TestRoute.Plan(new LeastBusyStrategy([pair, Busy("c", 1)]), new TestContext()));
    }

    private static RouteTarget Busy(string provider, int inFlight, double weight = 1) =>
        TestRoute.Target($"{provider}/m", weight, TestRoute.Health(inFlight: inFlight));
}
