using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;
using Gatehouse.Tests.Harness;
using Gatehouse.Upstream;

namespace Gatehouse.Tests.Routing.Health;

/// <summary>Any order of what may happen, to several attempts at once.</summary>
public sealed class HealthPropertyTests
{
    private static readonly HealthModel Model = HealthModel.Default with { ConsecutiveFailures = 3, MinimumRequests = 6 };

    internal enum Step
    {
        TryEnter,
        ForceIn,
        Succeed,
        Fail,
        Leave,
        Advance,
        Observe,
    }

    private static readonly Gen<(Step Step, int Which, Blame Blame, int Tenths, bool Told)> Steps =
        from step in Gen.Frequency(
            (6, Gen.Constant(Step.TryEnter)),
            (1, Gen.Constant(Step.ForceIn)),
            (4, Gen.Constant(Step.Succeed)),
            (4, Gen.Constant(Step.Fail)),
            (4, Gen.Constant(Step.Leave)),
            (4, Gen.Constant(Step.Advance)),
            (1, Gen.Constant(Step.Observe)))
        from which in Gen.Choose(0, 1000)
        from blame in Gen.Frequency((6, Gen.Constant(Blame.Failure)), (1, Gen.Constant(Blame.Eject)), (1, Gen.Constant(Blame.Quota)), (1, Gen.Constant(Blame.None)))
        from tenths in Gen.OneOf(Gen.Choose(0, 20), Gen.Choose(0, 600))
        from told in Gen.Elements(true, false, false)
        select (step, which, blame, tenths, told);

    [Fact]
    public void One_trial_at_a_time_exact_counts_and_no_way_past_what_is_refused()
    {
        var trials = 0;
        var refusals = 0;
        var recoveries = 0;
        Properties.Hold(
            from steps in Steps.ListOf(150)
            from seed in Gen.Choose(0, 1_000_000)
            select (steps, seed),
            run =>
            {
                var time = new ManualTime();
                var health = new TargetHealth(Model, time, new Random(run.seed));
                List<HealthPass> running = [];
                HealthPass? trial = null;
                DateTimeOffset quotaUntil = default;

                foreach (var (step, which, blame, tenths, told) in run.steps)
                {
                    var before = health.View();
                    var duration = TimeSpan.FromSeconds(tenths / 10.0);
                    var pass = running.Count > 0 ? running[which % running.Count] : default;
                    switch (step)
                    {
                        case Step.TryEnter:
                            var decision = health.TryEnter(out var entered);

                            // Closed lets in, open refuses, and in between one trial is let in; whatever else, nothing passes without quota.
                            var expected = time.GetUtcNow() >= quotaUntil && (before.State == "closed" || (before.State == "half_open" && trial is null));
                            Assert.Equal(expected, decision.IsOpen);
                            Assert.Equal(expected, decision.Refusal is null);
                            Assert.True(decision.Until is null || decision.Until > time.GetUtcNow());
                            if (expected)
                            {
                                running.Add(entered);
                                trial = before.State == "half_open" ? entered : trial;
                                trials += before.State == "half_open" ? 1 : 0;
                            }
                            else
                            {
                                Assert.Equal(default, entered);
                                refusals++;
                            }

                            break;
                        case Step.ForceIn:
                            var forced = health.Enter();
                            running.Add(forced);
                            trial = before.State == "half_open" ? trial ?? forced : trial;
                            break;
                        case Step.Succeed:
                            health.Succeeded(pass, duration);
                            break;
                        case Step.Fail:
                            health.Failed(pass, blame, told ? duration : null);
                            break;
                        case Step.Leave:
                            health.Leave(pass);
                            health.Leave(pass);
                            _ = running.Remove(pass);
                            break;
                        case Step.Observe:
                            var reset = time.GetUtcNow() + duration;
                            health.Observe(new ProviderQuota(told ? 0 : 1, reset, null, null));
                            break;
                        default:
                            time.Advance(duration);
                            break;
                    }

                    var after = health.View();
                    quotaUntil = after.QuotaUntil ?? default;
                    Assert.Equal(running.Count, health.InFlight);
                    Assert.InRange(after.ErrorRate, 0, 1);
                    Assert.InRange(after.Readiness, 0.1, 1);

                    // Only what the trial itself says closes it, and nothing closes it while no trial runs.
                    if (before.State != "closed" && after.State == "closed")
                    {
                        Assert.True(step is Step.Succeed or Step.Fail && pass == trial);
                        recoveries++;
                    }

                    // A quota never ends before its time.
                    Assert.True(before.QuotaUntil is null || before.QuotaUntil <= time.GetUtcNow() || after.QuotaUntil >= before.QuotaUntil);
                    if (pass == trial && pass != default && (step is Step.Leave or Step.Succeed or Step.Fail))
                    {
                        trial = null;
                    }
                }
            },
            count: 500);

        // The property says something only if all of it happened.
        Assert.True(trials > 500 && refusals > 500 && recoveries > 100, $"{trials} trials, {refusals} refusals, {recoveries} recoveries");
    }

    [Fact]
    public void Of_many_that_come_at_once_one_is_the_trial()
    {
        var bench = new HealthBench();
        for (var round = 0; round < 50; round++)
        {
            bench.Fail(Blame.Eject);
            bench.CoolDown();
            var let = 0;
            HealthPass trial = default;
            _ = Parallel.For(0, 200, _ =>
            {
                if (bench.Health.TryEnter(out var pass).IsOpen)
                {
                    _ = Interlocked.Increment(ref let);
                    trial = pass;
                }
            });

            Assert.Equal(1, let);
            Assert.Equal(1, bench.Health.InFlight);
            bench.Health.Succeeded(trial, TimeSpan.FromSeconds(1));
            bench.Health.Leave(trial);
            bench.Advance(301);
        }
    }

    /// <summary>It never closes here, so whoever is let in is a trial: some fail, some are abandoned, and time goes on.</summary>
    [Fact]
    public void Trials_that_fail_or_are_abandoned_on_many_threads_are_never_two_at_once()
    {
        var model = Model with { Cooldown = TimeSpan.FromMilliseconds(1), MaxCooldown = TimeSpan.FromMilliseconds(1) };
        var bench = new HealthBench(model);
        bench.Fail(Blame.Eject);
        var atOnce = 0;
        var most = 0;
        var trials = 0;
        _ = Parallel.For(0, 20_000, i =>
        {
            if (!bench.Health.TryEnter(out var pass).IsOpen)
            {
                bench.Time.Advance(TimeSpan.FromTicks(500));
                return;
            }

            var now = Interlocked.Increment(ref atOnce);
            most = Math.Max(most, now);
            _ = Interlocked.Increment(ref trials);
            Thread.SpinWait(20);
            _ = Interlocked.Decrement(ref atOnce);
            if (i % 3 != 0)
            {
                bench.Health.Failed(pass, Blame.Failure, null);
            }

            bench.Health.Leave(pass);
        });

        Assert.Equal(1, most);
        Assert.True(trials > 10, $"{trials} trials");
        Assert.Equal(0, bench.Health.InFlight);
    }
}
