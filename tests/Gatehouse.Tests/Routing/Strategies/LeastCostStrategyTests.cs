using System.Collections.Frozen;
using Gatehouse.Catalog;
using Gatehouse.Metering;
using Gatehouse.Protocols.Chat;
using Gatehouse.Routing;
using Gatehouse.Routing.Strategies;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Strategies;

public sealed class LeastCostStrategyTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 20, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_cheapest_is_first_equals_stay_as_written_and_unknown_ones_are_last()
    {
        var route = Route(TestRoute.Targets(1, 1, 1, 1, 1, 1), [null, 7, 3, null, 7, 0]);

        Assert.Equal(["t5/m", "t2/m", "t1/m", "t4/m", "t0/m", "t3/m"], TestRoute.Plan(route, new TestContext()));
    }

    [Fact]
    public void A_strategy_costs_what_its_cheapest_target_costs()
    {
        var targets = TestRoute.Targets(1, 1, 1, 1);
        var costs = new Dictionary<RouteTarget, decimal?> { [targets[0]] = 5, [targets[1]] = null, [targets[2]] = 4, [targets[3]] = 9 };
        var route = new LeastCostStrategy([targets[0], new FallbackStrategy([targets[1], targets[3], targets[2]])], (target, _) => costs[target]);

        Assert.Equal(["t1/m", "t3/m", "t2/m", "t0/m"], TestRoute.Plan(route, new TestContext()));
    }

    [Fact]
    public void A_line_tells_the_expected_cost()
    {
        Assert.Equal("least_cost: t1/m for 0.0000125 USD (1000 tokens in, 100 out)", Route(TestRoute.Targets(1, 1), [null, 12_500]).Explain(new TestContext()));
        Assert.Equal("least_cost: t0/m first, as written: no price is known", Route(TestRoute.Targets(1, 1), [null, null]).Explain(new TestContext()));
    }

    [Fact]
    public void What_is_cheaper_depends_on_the_size_of_the_exchange()
    {
        var catalog = new ModelCatalog(
            CatalogFile.Embedded,
            new Dictionary<string, CatalogModelOptions>(StringComparer.Ordinal)
            {
                ["long/m"] = new() { InputUsdPerMtok = 1, OutputUsdPerMtok = 10 },
                ["short/m"] = new() { InputUsdPerMtok = 3, OutputUsdPerMtok = 4 },
            }.ToFrozenDictionary(StringComparer.Ordinal),
            "");
        var cost = new ExpectedCost(catalog, new ManualTime());
        var (longInput, longOutput, unknown) = (TestRoute.Target("long/m"), TestRoute.Target("short/m"), TestRoute.Target("nobody/knows-it"));
        var route = new LeastCostStrategy([unknown, longInput, longOutput], cost.Of);

        Assert.Equal(["long/m", "short/m", "nobody/knows-it"], TestRoute.Plan(route, new TestContext { Input = 10_000, Output = 100 }));
        Assert.Equal(["short/m", "long/m", "nobody/knows-it"], TestRoute.Plan(route, new TestContext { Input = 100, Output = 1000 }));
        Assert.Equal((10_000 * 1000) + (100 * 10_000), cost.Of(longInput, new TestContext { Input = 10_000, Output = 100 }));
        Assert.Null(cost.Of(unknown, new TestContext()));
    }

    [Theory]
    [InlineData(1000, 100)]
    [InlineData(1000, 0)]
    [InlineData(0, 10)]
    [InlineData(250_000, 5000)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void It_is_what_such_an_exchange_would_be_charged(int input, int output)
    {
        var usage = new Usage { InputTokens = input, OutputTokens = output };
        var known = 0;
        Assert.All(CatalogFile.Embedded.All(), entry =>
        {
            if (ModelPrice.Of(entry) is { } price && price.CardFor(ServiceTier.Standard, input, At)?[PriceKind.Input] is not null)
            {
                var charged = CostCalculator.Calculate(usage, price, ServiceTier.Standard, At);
                Assert.Equal(charged is { } cost ? cost.Input + cost.Output + cost.Calls : null, ExpectedCost.Of(price, input, output, At));
                known += charged is null ? 0 : 1;
            }
        });

        Assert.InRange(known, 1000, 10_000);
    }

    [Fact]
    public void What_is_sold_by_the_request_costs_that()
    {
        Assert.Equal(2_000_000, ExpectedCost.Of(Price(("request", 0.002m)), 1000, 0, At));
        Assert.Null(ExpectedCost.Of(Price(("request", 0.002m), ("output", 1)), 1000, 10, At));
        Assert.Equal(2_000_000 + (1000 * 1000), ExpectedCost.Of(Price(("request", 0.002m), ("input", 1)), 1000, 0, At));
        Assert.Null(ExpectedCost.Of(Price(("input@batch", 1)), 1000, 0, At));
    }

    private static ModelPrice Price(params (string Key, decimal Usd)[] prices) =>
        ModelPrice.Of(new CatalogEntry("a/m") { Prices = [.. prices.Select(price => new CatalogPrice(PriceKey.Parse(price.Key)!.Value, price.Usd, "s"))] })!;

    private static LeastCostStrategy Route(RouteTarget[] targets, decimal?[] costs) =>
        new(targets, (target, _) => costs[Array.IndexOf(targets, target)]);
}
