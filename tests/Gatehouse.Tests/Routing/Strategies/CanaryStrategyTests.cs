using Gatehouse.Routing;
using Gatehouse.Routing.Strategies;

namespace Gatehouse.Tests.Routing.Strategies;

public sealed class CanaryStrategyTests
{
    private const int Users = 20_000;

    [Theory]
    [InlineData(0)]
    [InlineData(0.25)]
    [InlineData(5)]
    [InlineData(33.3)]
    [InlineData(100)]
    public void The_percentage_of_users_goes_to_the_canary_and_the_others_never_see_it(double percent)
    {
        var route = Canary(percent);
        var plans = Enumerable.Range(0, Users).Select(i => TestRoute.Plan(route, User($"user-{i}"))).ToList();
        var chosen = plans.Where(plan => plan[0] == "new/m").ToList();

        TestRoute.AssertShare(percent / 100, chosen.Count, Users);
        Assert.All(chosen, plan => Assert.Equal(["new/m", "t0/m", "t1/m"], plan));
        Assert.All(plans.Where(plan => plan[0] != "new/m"), plan => Assert.Equal(["t0/m", "t1/m"], plan));
    }

    [Fact]
    public void A_growing_percentage_only_adds_users()
    {
        var before = new HashSet<string>(StringComparer.Ordinal);
        foreach (var percent in new[] { 0, 0.1, 1, 5, 5.01, 25, 50, 99.9, 100 })
        {
            var route = Canary(percent);
            var chosen = Enumerable.Range(0, 5000).Select(i => $"user-{i}").Where(user => TestRoute.Plan(route, User(user))[0] == "new/m").ToHashSet(StringComparer.Ordinal);
            Assert.Superset(before, chosen);
            before = chosen;
        }

        Assert.Equal(5000, before.Count);
    }

    [Fact]
    public void Another_canary_is_tried_on_others()
    {
        var (one, other) = (Canary(10), new CanaryStrategy(TestRoute.Targets(1), TestRoute.Target("newer/m"), 10, null));
        var both = Enumerable.Range(0, Users).Count(i => TestRoute.Plan(one, User($"user-{i}"))[0] == "new/m" && TestRoute.Plan(other, User($"user-{i}"))[0] == "newer/m");

        TestRoute.AssertShare(0.01, both, Users);
    }

    [Fact]
    public void A_user_is_that_of_a_key()
    {
        var route = Canary(50);
        var differing = Enumerable.Range(0, Users).Count(i => TestRoute.Plan(route, User("user-1", $"key-{i}")).Length == 3);

        TestRoute.AssertShare(0.5, differing, Users);
    }

    [Fact]
    public void Without_a_user_the_run_decides_and_without_a_run_chance()
    {
        var route = Canary(50);
        var keyOnly = new TestContext { Affinities = { [AffinitySource.Key] = "k" } };
        var runs = Enumerable.Range(0, 200).Select(i => new TestContext(i) { Affinities = { [AffinitySource.Run] = "r" } });

        TestRoute.AssertShare(0.5, Enumerable.Range(0, Users).Count(_ => TestRoute.Plan(route, keyOnly).Length == 3), Users);
        Assert.Single(runs.Select(run => TestRoute.Plan(route, run).Length).Distinct());
    }

    [Fact]
    public void A_source_that_is_named_is_taken()
    {
        var route = new CanaryStrategy(TestRoute.Targets(1), TestRoute.Target("new/m"), 50, AffinitySource.Key);

        Assert.Single(Enumerable.Range(0, 200).Select(i => TestRoute.Plan(route, User($"user-{i}", "k")).Length).Distinct());
        TestRoute.AssertShare(0.5, Enumerable.Range(0, Users).Count(i => TestRoute.Plan(route, User("u", $"key-{i}")).Length == 2), Users);
    }

    [Fact]
    public void A_line_tells_the_bucket()
    {
        Assert.Matches(@"^canary: new/m, as the user is at \d+(\.\d+)? %, below 100 %$", Canary(100).Explain(User("u")));
        Assert.Matches(@"^canary: t0/m, as the user is at \d+(\.\d+)? %, not below 0 %$", Canary(0).Explain(User("u")));
        Assert.Matches(@"^canary: t0/m, as chance put it at \d+(\.\d+)? %, not below 0 %$", Canary(0).Explain(new TestContext()));
    }

    private static CanaryStrategy Canary(double percent) => new(TestRoute.Targets(1, 1), TestRoute.Target("new/m"), percent, null);

    private static TestContext User(string user, string key = "key") => new() { Affinities = { [AffinitySource.User] = user, [AffinitySource.Key] = key } };
}
