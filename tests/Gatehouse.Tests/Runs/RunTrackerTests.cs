using FsCheck.Fluent;
using Gatehouse.Pipeline;
using Gatehouse.Runs;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Runs;

/// <summary>What a run may do, and what becomes of one that does more.</summary>
public sealed class RunTrackerTests
{
    [Theory]
    [InlineData("calls: 3", 3, "calls")]
    [InlineData("tokens: 45", 3, "tokens")]
    [InlineData("tokens: 44", 3, "tokens")]
    [InlineData("tokens: 46", 4, "tokens")]
    [InlineData("budget_usd: 0.000000003", 3, "cost")]
    [InlineData("amplification: 3", 3, "times the tokens of its first request")]
    public async Task A_run_that_exceeds_a_limit_is_stopped_and_stays_so(string limit, int most, string words)
    {
        using var rig = new RunRig($"[{{ {limit} }}]");
        for (var i = 0; i < most; i++)
        {
            Assert.Null(await rig.MakeAsync(rig.Call("r"), cost: 1));
        }

        var error = await rig.EnterAsync(rig.Call("r"));

        Assert.Equal(limit.StartsWith("budget", StringComparison.Ordinal) ? GatewayErrorCode.BudgetExceeded : GatewayErrorCode.PolicyDenied, error!.Code);
        Assert.False(error.Traits.RetryCanHelp);
        Assert.Contains("'r'", error.Message, StringComparison.Ordinal);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains("runs[0]", error.Message, StringComparison.Ordinal);
        rig.Time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(error.Message, (await rig.EnterAsync(rig.Call("r")))!.Message);
        Assert.Null(await rig.EnterAsync(rig.Call("another")));
        Assert.Equal(words.StartsWith("times", StringComparison.Ordinal) ? "amplification" : "run_stopped", Assert.Single(rig.Raised).Kind);
    }

    [Fact]
    public async Task Calls_at_the_same_time_are_its_fan_out()
    {
        using var rig = new RunRig("[{ fan_out: 2, action: alert }]");
        var (a, b) = (rig.Call("r"), rig.Call("r"));
        Assert.Null(await rig.EnterAsync(a));
        Assert.Null(await rig.EnterAsync(b));
        Assert.Empty(rig.Raised);
        rig.End(a);
        Assert.Null(await rig.EnterAsync(rig.Call("r")));
        Assert.Empty(rig.Raised);
        Assert.Null(await rig.EnterAsync(rig.Call("r")));
        Assert.Equal("run_limit", Assert.Single(rig.Raised).Kind);
    }

    [Fact]
    public async Task A_run_may_take_so_long_and_no_longer()
    {
        using var rig = new RunRig("[{ wall_time: 30m }]");
        Assert.Null(await rig.MakeAsync(rig.Call("r")));
        rig.Time.Advance(TimeSpan.FromMinutes(29));
        Assert.Null(await rig.MakeAsync(rig.Call("r")));
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Contains("1800", (await rig.EnterAsync(rig.Call("r")))!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_within_calls_are_counted_by_parents_spans_and_not_by_what_others_made()
    {
        using var rig = new RunRig("[{ depth: 3 }]");
        var root = rig.Call("r");
        Assert.Null(await rig.EnterAsync(root));
        var second = rig.Call("r", headers: ("x-gatehouse-parent", root.Id));
        Assert.Null(await rig.EnterAsync(second));
        // As the gateway sent it upstream; the header that names the run does not come back.
        var third = rig.Call(null, headers: ("traceparent", second.Trace.ToHeader()));
        Assert.Null(await rig.EnterAsync(third));
        Assert.Equal(("r", second.Id, 3), (third.Run, third.Parent, third.Place!.Depth));
        Assert.Equal((root.Id, 2), (second.Parent, second.Place!.Depth));

        var foreign = rig.Call("r", key: "other", headers: ("x-gatehouse-parent", third.Id));
        Assert.Null(await rig.EnterAsync(foreign));
        Assert.Equal((null, 1), (foreign.Parent, foreign.Place!.Depth));
        var astray = rig.Call(null, key: "other", headers: ("traceparent", third.Trace.ToHeader()));
        Assert.Null(await rig.EnterAsync(astray));
        Assert.Equal((third.Trace.TraceId.ToHexString(), null), (astray.Run, astray.Parent));

        Assert.Contains("4 calls deep", (await rig.EnterAsync(rig.Call("r", headers: ("x-gatehouse-parent", third.Id))))!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_parent_that_is_used_is_remembered_longer_than_the_calls_within_it()
    {
        using var rig = new RunRig();
        var root = rig.Call("r");
        await rig.MakeAsync(root);
        for (var i = 0; i < 10 * RunState.MostCalls; i++)
        {
            var child = rig.Call("r", headers: ("x-gatehouse-parent", root.Id));
            await rig.MakeAsync(child);
            Assert.Equal(root.Id, child.Parent);
        }
    }

    [Fact]
    public async Task A_slowed_run_waits_longer_with_each_call_and_goes_on()
    {
        using var rig = new RunRig("[{ calls: 1, action: slow, slow_by: 10s }]");
        await rig.MakeAsync(rig.Call("r"));
        foreach (var seconds in new[] { 10, 20, 40, 60, 60 })
        {
            var call = rig.Call("r");
            var entered = rig.EnterAsync(call);
            rig.Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.False(entered.IsCompleted);
            rig.Time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Null(await entered);
            Assert.Equal(TimeSpan.FromSeconds(seconds), call.Timings.Queued);
            rig.End(call);
        }

        Assert.Equal("run_slowed", Assert.Single(rig.Raised).Kind);
    }

    [Fact]
    public async Task Who_leaves_while_it_is_slowed_is_not_waited_for()
    {
        using var rig = new RunRig("[{ calls: 1, action: slow, slow_by: 10s }]");
        await rig.MakeAsync(rig.Call("r"));
        var call = rig.Call("r");
        using var left = new CancellationTokenSource();
        call.Http.RequestAborted = left.Token;
        var entered = rig.EnterAsync(call);
        await left.CancelAsync();
        Assert.Null(await entered);
        Assert.Equal(0, rig.Time.Waiting);
    }

    [Fact]
    public async Task The_hardest_of_the_policies_that_match_decides()
    {
        using var rig = new RunRig("""
            [{ name: soft, calls: 1, action: alert }, { name: theirs, match: { agent: "planner*" }, calls: 2 }, { match: { key: other }, calls: 1 }]
            """);
        await rig.MakeAsync(rig.Call("a", agent: "planner-1"));
        Assert.Null(await rig.MakeAsync(rig.Call("a", agent: "planner-1")));
        Assert.Contains("(theirs)", (await rig.MakeAsync(rig.Call("a", agent: "planner-1")))!.Message, StringComparison.Ordinal);
        for (var i = 0; i < 5; i++)
        {
            Assert.Null(await rig.MakeAsync(rig.Call("b", agent: "coder")));
        }

        Assert.Equal("soft theirs soft", string.Join(' ', rig.Raised.Select(alert => alert.Message[(alert.Message.LastIndexOf('(') + 1)..^2])));
    }

    [Fact]
    public async Task What_was_told_of_a_run_before_it_was_stopped_by_hand_is_over_when_it_goes_on()
    {
        using var rig = new RunRig("[{ amplification: 1, action: alert }]");
        var key = new RunKey("key:k", "r");
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(await rig.MakeAsync(rig.Call("r")));
        }

        Assert.Equal("amplification", Assert.Single(rig.Raised).Kind);
        rig.Tracker.Stop(key, "it is late");

        Assert.True(rig.Tracker.Resume(key));

        Assert.Contains(("amplification", "key:k/r"), rig.Resolved);
    }

    [Fact]
    public async Task What_an_administrator_lets_go_on_has_its_limits_once_more()
    {
        using var rig = new RunRig("[{ calls: 2 }]");
        var key = new RunKey("key:k", "r");
        await rig.MakeAsync(rig.Call("r"));
        await rig.MakeAsync(rig.Call("r"));
        Assert.NotNull(await rig.MakeAsync(rig.Call("r")));

        Assert.True(rig.Tracker.Resume(key));
        Assert.False(rig.Tracker.Resume(key));
        Assert.Equal(("run_stopped", "key:k/r"), Assert.Single(rig.Resolved));
        Assert.Null(await rig.MakeAsync(rig.Call("r")));
        Assert.Null(await rig.MakeAsync(rig.Call("r")));
        Assert.NotNull(await rig.MakeAsync(rig.Call("r")));

        rig.Tracker.Stop(new RunKey("key:k", "other"), "it is late");
        Assert.Contains("it is late", (await rig.MakeAsync(rig.Call("other")))!.Message, StringComparison.Ordinal);
        Assert.Null(await rig.MakeAsync(rig.Call("other", key: "j")));
    }

    [Fact]
    public async Task A_run_that_was_idle_for_an_hour_has_ended()
    {
        using var rig = new RunRig("[{ calls: 2 }]");
        await rig.MakeAsync(rig.Call("r"));
        await rig.MakeAsync(rig.Call("r"));
        rig.Time.Advance(RunTracker.Idle);
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, rig.Tracker.Active);
        Assert.Null(await rig.MakeAsync(rig.Call("r")));
    }

    [Fact]
    public async Task A_call_that_was_refused_afterwards_is_none()
    {
        using var rig = new RunRig("[{ calls: 2 }]");
        for (var i = 0; i < 10; i++)
        {
            var call = rig.Call("r");
            Assert.Null(await rig.EnterAsync(call));
            rig.End(call, outcome: ExchangeOutcome.Refused);
        }
    }

    [Fact]
    public async Task What_is_unusual_for_an_agent_is_told_once_its_runs_are_known()
    {
        using var rig = new RunRig("[{ anomaly: 6 }]");
        for (var i = 0; i < AgentBaseline.LeastRuns; i++)
        {
            Assert.Null(await RunAsync($"early-{i}", calls: i == 3 ? 30 : 4 + (i % 3)));
            rig.Time.Advance(RunTracker.Idle + TimeSpan.FromSeconds(1));
        }

        Assert.Null(await RunAsync("usual", calls: 6));
        Assert.Contains("unusual for this agent", (await RunAsync("unusual", calls: 40))!.Message, StringComparison.Ordinal);
        Assert.Equal("amplification", Assert.Single(rig.Raised).Kind);
        // Another agent's runs are no measure.
        Assert.Null(await RunAsync("others", calls: 40, agent: "other"));

        async Task<GatewayError?> RunAsync(string run, int calls, string agent = "planner")
        {
            GatewayError? error = null;
            for (var i = 0; i < calls && error is null; i++)
            {
                error = await rig.MakeAsync(rig.Call(run, agent: agent));
            }

            return error;
        }
    }

    [Fact]
    public async Task Memory_is_bounded_whatever_runs_there_are()
    {
        using var rig = new RunRig(mostRuns: 100);
        for (var i = 0; i < 1000; i++)
        {
            await rig.MakeAsync(rig.Call(i % 2 == 0 ? $"run-{i}" : null));
        }

        Assert.Equal(100, rig.Tracker.Active);
        var links = new RunLinks(10);
        for (var i = 0; i < 1000; i++)
        {
            links.Add("t", $"{i % 500}", new RunLink("r", $"{i}"));
        }

        Assert.Equal(10, links.Count);
        Assert.Equal("999", links.Find("t", "499")!.Value.Exchange);
    }

    [Fact]
    public void Tenants_with_the_same_ids_do_not_meet()
    {
        // Callers of some tenants make calls in runs of the same few names; each must be let in as if it were alone.
        var call = Gen.Choose(0, 2).SelectMany(tenant => Gen.Choose(0, 1).SelectMany(run => Gen.Choose(0, 2).Select(kind => (tenant, run, kind))));
        Properties.Hold(call.ListOf(40), calls =>
        {
            using var rig = new RunRig("[{ calls: 5 }]");
            var made = new Dictionary<(int, int), int>();
            var stopped = new HashSet<(int, int)>();
            foreach (var (tenant, run, kind) in calls)
            {
                var mine = (tenant, run);
                if (kind == 2 && tenant == 0)
                {
                    rig.Tracker.Stop(new RunKey("organization:0", $"r{run}"), "test");
                    _ = stopped.Add(mine);
                    continue;
                }

                // Two keys of one organisation share their runs.
                var error = rig.MakeAsync(rig.Call($"r{run}", key: $"k{kind}", organization: $"{tenant}")).GetAwaiter().GetResult();
                var before = made.GetValueOrDefault(mine);
                Assert.Equal(before >= 5 || stopped.Contains(mine), error is not null);
                made[mine] = before + (error is null ? 1 : 0);
            }
        }, count: 40);
    }
}
