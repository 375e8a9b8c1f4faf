using FsCheck.Fluent;
using Gatehouse.Routing;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Explain;
using Gatehouse.Routing.Health;
using Gatehouse.Routing.Strategies;
using Gatehouse.Tests.Harness;
using Gatehouse.Tests.Routing.Strategies;
using TestContext = Gatehouse.Tests.Routing.Strategies.TestContext;

namespace Gatehouse.Tests.Routing.Explain;

/// <summary>An explanation says what the dispatcher would do, and changes nothing.</summary>
public sealed class RouteExplanationTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void Targets_come_in_their_order_with_the_attempts_that_there_are()
    {
        var explanation = Explain(Route(new FallbackStrategy(TestRoute.Targets(1, 1, 1)), attempts: 2));

        Assert.Equal(
            [
                "1 t0/m first: would be tried first",
                "2 t1/m next: would be tried next",
                "- t2/m out_of_reach: would not be tried: an exchange makes 2 attempts",
            ],
            Lines(explanation));
        Assert.Equal("fallback: t0/m, then t1/m, then t2/m", Assert.Single(explanation.Decisions));
        Assert.Equal("an exchange makes 2 attempts; the failure of the last one goes to the caller", explanation.Afterwards);
    }

    [Fact]
    public void What_is_not_fit_is_skipped_with_the_words_of_its_refusal()
    {
        var broken = TestRoute.Target("broken/m", 1, Health());
        Fail(broken.Health!, Blame.Failure, times: 5);
        var limited = TestRoute.Target("limited/m", 1, Health());
        Fail(limited.Health!, Blame.Quota, retryAfter: TimeSpan.FromSeconds(42));
        var blind = TestRoute.Target("blind/m", 1, Health());
        var well = TestRoute.Target("well/m", 1, Health());

        var explanation = Explain(Route(new FallbackStrategy([broken, limited, blind, well])), target => target == blind ? "cannot see images" : null);

        var until = broken.Health!.Peek().Wait!.Value;
        Assert.Equal(
            [
                $"- broken/m skipped: skipped: {broken.Health.Peek().Refusal}",
                "- limited/m skipped: skipped: its provider answered 429 and asked to wait until 12:00:42Z",
                "- blind/m skipped: skipped: cannot see images",
                "1 well/m first: would be tried first",
            ],
            Lines(explanation));
        Assert.InRange(until, TimeSpan.FromSeconds(4.5), TimeSpan.FromSeconds(5.5));
        Assert.StartsWith("- broken/m skipped: skipped: its circuit breaker is open for another ", Lines(explanation)[0], StringComparison.Ordinal);
        Assert.EndsWith(" s (5 failures in a row)", Lines(explanation)[0], StringComparison.Ordinal);
    }

    [Fact]
    public void When_nothing_is_fit_the_least_bad_is_first_and_one_that_cannot_take_the_request_never()
    {
        var targets = Enumerable.Range(0, 3).Select(i => TestRoute.Target($"t{i}/m", 1, Health())).ToArray();
        Fail(targets[0].Health!, Blame.Eject);
        Fail(targets[1].Health!, Blame.Failure, times: 5);

        var explanation = Explain(Route(new FallbackStrategy(targets)), target => target == targets[2] ? "cannot use tools" : null);

        Assert.Equal(["skipped", "first", "skipped"], explanation.Targets.Select(target => target.Outcome), StringComparer.Ordinal);
        Assert.StartsWith("would be tried first although its circuit breaker is open", explanation.Targets[1].Why, StringComparison.Ordinal);
        Assert.Equal(1, explanation.Targets[1].Attempt);
        var none = Explain(Route(new FallbackStrategy(targets)), _ => "cannot use tools");
        Assert.Equal("no target can take the request: it would be refused (no_target_available)", none.Afterwards);
        Assert.All(none.Targets, target => Assert.Null(target.Attempt));
    }

    [Fact]
    public void A_request_that_is_wrong_for_a_target_ends_there()
    {
        var explanation = RouteExplanation.Of(
            Route(new FallbackStrategy(TestRoute.Targets(1, 1, 1))),
            () => new TestContext(7) { Rehearses = true },
            target => target.Target.Name == "t1/m" ? new TargetObstacle("'max_tokens' is missing", IsFinal: true) : null,
            _ => null);

        Assert.Equal(
            [
                "1 t0/m first: would be tried first",
                "- t1/m ends: the exchange would end here: 'max_tokens' is missing",
                "- t2/m out_of_reach: would not be tried: the exchange would have ended before",
            ],
            Lines(explanation));
        Assert.Equal("an exchange that comes to t1/m ends there", explanation.Afterwards);
    }

    [Fact]
    public void A_trial_is_announced_and_left_to_the_next_exchange()
    {
        var target = TestRoute.Target("t/m", 1, Health());
        Fail(target.Health!, Blame.Eject);
        _time.Advance(TimeSpan.FromSeconds(10));
        var route = Route(new FallbackStrategy([target]));
        var before = target.Health!.View();

        Assert.Equal("1 t/m first: would be tried first, as the trial of its circuit breaker", Lines(Explain(route))[0]);
        Assert.Equal(Lines(Explain(route)), Lines(Explain(route)));

        Assert.Equal(before, target.Health.View());
        Assert.True(target.Health.TryEnter(out _).IsOpen);
        Assert.Equal("skipped: its circuit breaker lets one trial request through, which has not answered yet", Explain(Route(new FallbackStrategy([target, TestRoute.Target("u/m")]))).Targets[0].Why);
    }

    [Fact]
    public void No_turn_is_taken()
    {
        var route = Route(new RoundRobinStrategy(TestRoute.Targets(1, 1)));

        Assert.Equal(["t0/m", "t0/m", "t0/m"], Enumerable.Range(0, 3).Select(_ => Explain(route).Targets[0].Target), StringComparer.Ordinal);
        Assert.Equal(["t0/m", "t1/m"], TestRoute.Plan(route.Root, new TestContext()));
        Assert.Equal("t1/m", Explain(route).Targets[0].Target);
    }

    [Fact]
    public void No_budget_is_spent()
    {
        var route = Route(new FallbackStrategy(TestRoute.Targets(1)));

        Assert.Equal("after passing failures targets are asked again, up to 3 attempts in all and 3 by the budget of the moment", Explain(route).Afterwards);
        Assert.Equal("after passing failures targets are asked again, up to 3 attempts in all and 3 by the budget of the moment", Explain(route).Afterwards);
        Assert.True(route.Retry.Budget!.TrySpend());
        Assert.Contains("and 2 by the budget", Explain(route).Afterwards, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_said_of_the_first_choice_is_what_is_planned_whatever_chance_decides() =>
        Properties.Hold(Gen.Choose(0, 1_000_000).SelectMany(seed => Gen.Choose(0, 5).Select(kind => (seed, kind))), drawn =>
        {
            var health = TestRoute.Health(isDown: true);
            RouteTarget[] targets = [.. Enumerable.Range(0, 6).Select(i => TestRoute.Target($"t{i}/m", i + 1, i == 0 ? health : TestRoute.Health(i * 10)))];
            RouteNode Inner(RouteTarget[] children) => drawn.kind % 2 == 0 ? new WeightedStrategy(children) : new LeastLatencyStrategy(children);
            RouteNode[] inner = [Inner(targets[..2]), Inner(targets[2..4]), Inner(targets[4..])];
            RouteNode root = drawn.kind switch
            {
                0 or 1 => new WeightedStrategy(inner),
                2 => new LeastBusyStrategy(inner),
                3 => new LeastLatencyStrategy(inner),
                4 => new RoundRobinStrategy(inner),
                _ => new StickyStrategy(inner, AffinitySource.Run),
            };
            var context = new Dictionary<AffinitySource, string> { [AffinitySource.Run] = $"run {drawn.seed}" };

            var explanation = RouteExplanation.Of(
                Route(root), () => new TestContext(drawn.seed) { Rehearses = true, Affinities = context }, _ => null, _ => null);

            Assert.Equal(2, explanation.Decisions.Count);
            Assert.Contains(explanation.Targets[0].Target, explanation.Decisions[1].Split(" is better than ")[0], StringComparison.Ordinal);
            Assert.Contains(explanation.Targets[0].Target, explanation.Decisions[0].Split(" is better than ")[0], StringComparison.Ordinal);
        });

    private static RouteExplanation Explain(RouteModel route, Func<RouteTarget, string?>? whyNot = null) =>
        RouteExplanation.Of(route, () => new TestContext(7) { Rehearses = true }, target => whyNot?.Invoke(target) is { } why ? new TargetObstacle(why, IsFinal: false) : null, _ => null);

    private static string[] Lines(RouteExplanation explanation) =>
        [.. explanation.Targets.Select(target => $"{target.Attempt?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-"} {target.Target} {target.Outcome}: {target.Why}")];

    private RouteModel Route(RouteNode root, int attempts = 3) => new()
    {
        Name = "chat",
        Root = root,
        Targets = [.. root.Targets],
        Retry = new RetryModel(attempts, RetryOptions.Transient, TimeSpan.Zero, TimeSpan.FromSeconds(8))
        {
            Budget = new RetryBudget(_time, 0.1, RetryOptions.FreeRetries, RetryOptions.BudgetWindow),
        },
    };

    private TargetHealth Health() => new(HealthModel.Default, _time, new Random(1));

    private static void Fail(TargetHealth health, Blame blame, int times = 1, TimeSpan? retryAfter = null)
    {
        for (var i = 0; i < times; i++)
        {
            var pass = health.Enter();
            health.Failed(pass, blame, retryAfter);
            health.Leave(pass);
        }
    }
}
