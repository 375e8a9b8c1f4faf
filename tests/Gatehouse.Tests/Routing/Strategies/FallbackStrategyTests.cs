using Gatehouse.Routing.Strategies;

namespace Gatehouse.Tests.Routing.Strategies;

public sealed class FallbackStrategyTests
{
    [Fact]
    public void Targets_are_tried_in_the_order_written()
    {
        var route = new FallbackStrategy(TestRoute.Targets(1, 0, 5));

        Assert.Equal(["t0/m", "t1/m", "t2/m"], TestRoute.Plan(route, new TestContext()));
        Assert.Equal("fallback: t0/m, then t1/m, then t2/m", route.Explain(new TestContext()));
    }

    [Fact]
    public void A_strategy_among_them_comes_whole_before_the_next()
    {
        var inner = TestRoute.Targets(1, 1);
        var last = TestRoute.Target("z/m");
        var route = new FallbackStrategy([new FallbackStrategy([inner[1], inner[0]]), last, inner[0]]);

        Assert.Equal(["t1/m", "t0/m", "z/m"], TestRoute.Plan(route, new TestContext()));
        Assert.Equal([inner[1], inner[0], last], route.Targets);
        Assert.Equal("fallback: [t1/m, t0/m], then z/m, then t0/m; fallback: t1/m, then t0/m", route.Explain(new TestContext()));
    }
}
