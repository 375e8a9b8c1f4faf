using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Routing;
using Gatehouse.Routing.Strategies;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Strategies;

/// <summary>What holds for all strategies, and for trees of them.</summary>
public sealed class StrategyTreeTests
{
    private const int Calls = 20_000;

    private static readonly string[] Names = ["fallback", "weighted", "round_robin", "least_latency", "least_busy", "least_cost", "sticky", "canary"];

    public static TheoryData<string> Strategies() => [.. Names];

    [Fact]
    public void Every_plan_of_every_tree_has_all_targets_once() => Properties.Hold(
        from tree in Tree(depth: 3)
        where tree.Targets.Select(target => target.Target.Name).Distinct(StringComparer.Ordinal).Count() == tree.Targets.Count()
        from seed in Gen.Choose(0, 1000)
        select (tree, seed),
        given =>
        {
            var context = Exchange(given.seed);
            for (var i = 0; i < 5; i++)
            {
                var plan = TestRoute.Plan(given.tree, context);
                Assert.Equal(Sorted(given.tree.Targets.Select(target => target.Target.Name)), Sorted(plan));
                Assert.DoesNotContain('\n', given.tree.Explain(context));
            }
        },
        count: 1000);

    [Theory]
    [MemberData(nameof(Strategies))]
    public void One_target_is_the_whole_plan(string strategy)
    {
        var route = Strategy(strategy, TestRoute.Targets(1));

        Assert.Equal(["t0/m"], TestRoute.Plan(route, Exchange(1)));
        Assert.StartsWith(strategy + ": ", route.Explain(Exchange(1)), StringComparison.Ordinal);
        Assert.Contains("t0/m", route.Explain(Exchange(1)), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void More_children_than_fit_on_the_stack_are_all_planned(string strategy)
    {
        var route = Strategy(strategy, TestRoute.Targets([.. Enumerable.Repeat(1.0, 200)]));

        Assert.Equal(200, TestRoute.Plan(route, Exchange(1)).Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void A_plan_allocates_nothing(string strategy)
    {
        var (route, context) = (Strategy(strategy, TestRoute.Targets(3, 2, 1)), Exchange(1));
        var plans = Enumerable.Range(0, 1001).Select(_ => new RoutePlan(4)).ToArray();
        route.Plan(context, plans[1000]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            route.Plan(context, plans[i]);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Strategies_can_be_nested()
    {
        // Three parts in four stick to one of two targets and fall back on a third, the rest goes to a fourth.
        var route = new WeightedStrategy(
        [
            new FallbackStrategy([new StickyStrategy([TestRoute.Target("a/m"), TestRoute.Target("b/m")], AffinitySource.Run), TestRoute.Target("c/m")]) { Weight = 3 },
            TestRoute.Target("d/m"),
        ]);
        var context = new TestContext { Affinities = { [AffinitySource.Run] = "run-1" } };
        var plans = Enumerable.Range(0, Calls).Select(_ => string.Concat(TestRoute.Plan(route, context).Select(name => name[0]))).ToList();
        var sticky = plans.First(plan => plan[0] != 'd')[..2];

        Assert.All(plans, plan => Assert.True(plan == sticky + "cd" || plan == "d" + sticky + "c", plan));
        TestRoute.AssertShare(0.75, plans.Count(plan => plan[0] != 'd'), Calls);
        Assert.Contains(
            Enumerable.Range(0, 50).Select(_ => route.Explain(context)),
            line => line == $"weighted: drew [a/m, b/m, c/m] (weight 3 of 4); fallback: [a/m, b/m], then c/m; sticky: {sticky[0]}/m by the run");
    }

    [Fact]
    public void A_target_in_two_branches_is_tried_once_where_it_comes_first()
    {
        var targets = TestRoute.Targets(1, 1, 1);
        var route = new FallbackStrategy([new FallbackStrategy([targets[1], targets[0]]), new FallbackStrategy([targets[0], targets[2]])]);

        Assert.Equal(["t1/m", "t0/m", "t2/m"], TestRoute.Plan(route, new TestContext()));
        Assert.Equal(3, route.Targets.Count());
    }

    private static Gen<RouteNode> Tree(int depth)
    {
        var leaf = from name in Gen.Choose(0, 999_999)
                   from weight in Gen.Choose(0, 3)
                   from milliseconds in Gen.Choose(0, 3)
                   from isDown in Gen.Elements(true, false)
                   from inFlight in Gen.Choose(0, 2)
                   select (RouteNode)TestRoute.Target($"t{name}/m", weight, TestRoute.Health(milliseconds, 0, isDown, inFlight));
        if (depth == 0)
        {
            return leaf;
        }

        var strategy = from count in Gen.Choose(1, 4)
                       from children in Tree(depth - 1).ListOf(count)
                       from name in Gen.Elements(Names)
                       select Strategy(name, [.. children]);
        return Gen.Frequency((2, leaf), (3, strategy));
    }

    /// <summary>The canary takes all: otherwise it is not in every plan.</summary>
    private static RouteNode Strategy(string name, RouteNode[] children) => name switch
    {
        "fallback" => new FallbackStrategy(children),
        "weighted" => new WeightedStrategy(children),
        "round_robin" => new RoundRobinStrategy(children),
        "least_latency" => new LeastLatencyStrategy(children),
        "least_busy" => new LeastBusyStrategy(children),
        "least_cost" => new LeastCostStrategy(children, (target, _) => target.Target.Name[^3] == '7' ? null : target.Target.Name[1]),
        "sticky" => new StickyStrategy(children, AffinitySource.Run),
        _ => new CanaryStrategy([.. children.Skip(1)], children[0], 100, null),
    };

    private static TestContext Exchange(int seed) => new(seed) { Affinities = { [AffinitySource.Run] = $"run-{seed}" } };

    private static string Sorted(IEnumerable<string> names) => string.Join(' ', names.Order(StringComparer.Ordinal));
}
