using FsCheck.Fluent;
using Gatehouse.Routing;
using Gatehouse.Routing.Strategies;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Strategies;

public sealed class StickyStrategyTests
{
    private const int Values = 20_000;

    [Fact]
    public void The_same_value_always_has_the_same_order_whatever_the_order_written() => Properties.Hold(
        from value in ArbMap.Default.GeneratorFor<string>()
        where value is not null
        from written in Gen.Shuffle(TestRoute.Targets(1, 2, 3, 4))
        select (value, written),
        given =>
        {
            var expected = TestRoute.Plan(new StickyStrategy(TestRoute.Targets(1, 2, 3, 4), AffinitySource.Prompt), Prompt(given.value, seed: 1));
            Assert.Equal(expected, TestRoute.Plan(new StickyStrategy(given.written, AffinitySource.Prompt), Prompt(given.value, seed: 2)));
        });

    [Fact]
    public void The_order_of_a_value_stays_the_same_from_version_to_version() =>
        Assert.Equal(["t1/m", "t0/m", "t2/m"], TestRoute.Plan(Sticky(1, 1, 1), Prompt("You are a helpful assistant.")));

    [Theory]
    [InlineData(1d, 1d, 1d)]
    [InlineData(7d, 2d, 1d)]
    [InlineData(0.5, 0.5)]
    public void Each_gets_the_share_of_values_that_its_weight_says(params double[] weights)
    {
        var firsts = Firsts(Sticky(weights));

        for (var i = 0; i < weights.Length; i++)
        {
            TestRoute.AssertShare(weights[i] / weights.Sum(), firsts.Count(name => name == $"t{i}/m"), Values);
        }
    }

    [Fact]
    public void The_second_choice_is_divided_by_weight_too()
    {
        var route = Sticky(2, 3, 1);
        var seconds = Enumerable.Range(0, Values).Select(i => TestRoute.Plan(route, Prompt($"run-{i}"))).Where(plan => plan[0] == "t0/m").Select(plan => plan[1]).ToList();

        TestRoute.AssertShare(0.75, seconds.Count(name => name == "t1/m"), seconds.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void One_that_is_added_takes_its_share_from_all_and_moves_nothing_else(int weight)
    {
        var (before, after) = (Firsts(Sticky(1, 1, 1)), Firsts(Sticky(1, 1, 1, weight)));
        var moved = before.Zip(after).Where(pair => pair.First != pair.Second).ToList();

        Assert.All(moved, pair => Assert.Equal("t3/m", pair.Second));
        TestRoute.AssertShare(weight / (3d + weight), moved.Count, Values);
        TestRoute.AssertShare(1 / 3d, moved.Count(pair => pair.First == "t0/m"), moved.Count);
    }

    [Fact]
    public void When_one_is_removed_its_values_go_where_they_would_have_failed_over_to()
    {
        var (four, three) = (Sticky(1, 1, 1, 1), Sticky(1, 1, 1));
        for (var i = 0; i < 2000; i++)
        {
            var context = Prompt($"run-{i}");
            Assert.Equal(TestRoute.Plan(four, context).Where(name => name != "t3/m").ToArray(), TestRoute.Plan(three, context));
        }
    }

    [Fact]
    public void One_that_comes_back_gets_its_own_values_back_and_no_others()
    {
        var others = TestRoute.Targets(1, 1);
        var down = Firsts(new StickyStrategy([TestRoute.Target("t2/m", 1, TestRoute.Health(isDown: true)), .. others], AffinitySource.Prompt));
        var up = Firsts(Sticky(1, 1, 1));

        TestRoute.AssertShare(0.1 / 2.1, down.Count(name => name == "t2/m"), Values);
        Assert.All(down.Zip(up).Where(pair => pair.First != pair.Second), pair => Assert.Equal("t2/m", pair.Second));
    }

    [Fact]
    public void The_same_targets_twice_have_two_shares()
    {
        var targets = TestRoute.Targets(1, 1);
        var route = new StickyStrategy([targets[0], TestRoute.Target("t0/m"), targets[1]], AffinitySource.Prompt);

        TestRoute.AssertShare(2 / 3d, Firsts(route).Count(name => name == "t0/m"), Values);
    }

    [Fact]
    public void Strategies_over_the_same_targets_in_another_order_share_the_values()
    {
        var targets = TestRoute.Targets(1, 1);
        var route = new StickyStrategy([new FallbackStrategy(targets), new FallbackStrategy([targets[1], targets[0]])], AffinitySource.Prompt);

        TestRoute.AssertShare(0.5, Firsts(route).Count(name => name == "t0/m"), Values);
    }

    [Theory]
    [InlineData("key")]
    [InlineData("user")]
    [InlineData("run")]
    [InlineData("prompt")]
    public void Only_the_source_that_was_chosen_matters(string name)
    {
        var source = Enum.Parse<AffinitySource>(name, ignoreCase: true);
        var route = new StickyStrategy(TestRoute.Targets(1, 1, 1, 1, 1, 1), source);
        var expected = TestRoute.Plan(route, Context("value", "other"));

        Assert.Equal(expected, TestRoute.Plan(route, Context("value", "another")));
        Assert.NotEqual(expected, TestRoute.Plan(route, Context("another value", "other")));
        Assert.Equal($"sticky: {expected[0]} by the {name}", route.Explain(Context("value", "other")));

        TestContext Context(string value, string others) =>
            new() { Affinities = Enum.GetValues<AffinitySource>().ToDictionary(each => each, each => each == source ? value : others) };
    }

    [Fact]
    public void Without_the_source_it_is_the_run_and_without_a_run_it_is_random()
    {
        var route = new StickyStrategy(TestRoute.Targets(3, 1), AffinitySource.User);
        var run = new TestContext { Affinities = { [AffinitySource.Run] = "r1", [AffinitySource.Key] = "k" } };
        var none = new TestContext { Affinities = { [AffinitySource.Key] = "k" } };

        Assert.Single(Enumerable.Range(0, 50).Select(_ => TestRoute.Plan(route, run)[0]).Distinct(StringComparer.Ordinal));
        Assert.EndsWith(" by the run", route.Explain(run), StringComparison.Ordinal);
        TestRoute.AssertShare(0.75, TestRoute.FirstChoices(route, none, Values)["t0/m"], Values);
        Assert.EndsWith(" at random, as there is nothing to stick to", route.Explain(none), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reserve_is_last()
    {
        Assert.Equal("t0/m", TestRoute.Plan(Sticky(0, 1, 1), Prompt("a"))[2]);
        Assert.Equal("sticky: t0/m first, as written: all have weight 0", Sticky(0, 0).Explain(Prompt("a")));
    }

    private static StickyStrategy Sticky(params double[] weights) => new(TestRoute.Targets(weights), AffinitySource.Prompt);

    private static TestContext Prompt(string value, int seed = 1) => new(seed) { Affinities = { [AffinitySource.Prompt] = value } };

    private static List<string> Firsts(StickyStrategy route) => [.. Enumerable.Range(0, Values).Select(i => TestRoute.Plan(route, Prompt($"run-{i}"))[0])];
}
