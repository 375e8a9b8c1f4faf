using System.Text.Json;

namespace Gatehouse.Bench.Chaos;

/// <summary>One scenario with one gateway that is already running, and whose targets' ports this process serves.</summary>
internal sealed class ChaosRun(TimeProvider time)
{
    /// <summary>After these .NET and Node have compiled what is hot, and connections are open.</summary>
    private const int WarmUp = 3000;

    public async Task RunAsync(Arguments arguments)
    {
        var scenario = ChaosScenario.Named(arguments.Text("scenario"));
        var seed = arguments.Number("seed");
        var count = (int)(arguments.Number("requests") * scenario.Share);
        var perSecond = (double)arguments.Number("rate");
        var ports = arguments.Text("ports").Split(',').Select(int.Parse).Take(scenario.Targets).ToList();
        var duration = TimeSpan.FromSeconds(count / perSecond);
        var behaviours = Enumerable.Range(0, scenario.Targets).Select(target => scenario.Behaviour(seed, target, duration)).ToList();

        var clock = new RunClock(time);
        var trace = new FaultTrace(count);
        var upstreams = behaviours.Select((behaviour, i) => new ChaosUpstream(i, ports[i], seed, behaviour, clock, trace)).ToList();
        upstreams.ForEach(upstream => upstream.Start());
        try
        {
            using var client = new ChaosClient(GatewayUnderTest.From(arguments, scenario, ports), time);
            var warm = await client.RunAsync(count, Math.Min(WarmUp, count), perSecond);
            var failed = warm.Where(answer => answer.Judgement.Verdict != Verdict.Correct).ToList();
            if (failed.Count > 0)
            {
                await Console.Error.WriteLineAsync($"{failed.Count} of {warm.Length} requests of the warm-up failed, the first by: {failed[0].Judgement}");
            }

            // A few are a finding, and the healthy run counts them; many mean that this is no gateway that works.
            if (failed.Count > warm.Length / 2)
            {
                throw new BenchException("the warm-up failed without any fault");
            }

            clock.Start();
            var answers = await client.RunAsync(0, count, perSecond);
            var ledger = arguments.Has("admin") ? await Ledger.ReadAsync(arguments.Url("admin"), arguments.Text("admin-token")) : null;
            var result = Result(arguments.Text("gateway"), scenario, seed, perSecond, behaviours, answers, trace, upstreams, ledger);
            if (ledger is not null)
            {
                result = result with { Accounts = await Ledger.AccountsAsync(arguments.Url("admin"), arguments.Text("admin-token"), ledger) };
            }

            await File.AppendAllTextAsync(arguments.Text("results"), JsonSerializer.Serialize(result, ChaosReport.Json) + "\n");
        }
        finally
        {
            foreach (var upstream in upstreams)
            {
                await upstream.DisposeAsync();
            }
        }
    }

    private static ChaosResult Result(
        string gateway, ChaosScenario scenario, int seed, double perSecond, List<TargetBehaviour> behaviours,
        ClientAnswer[] answers, FaultTrace trace, List<ChaosUpstream> upstreams, Dictionary<string, LedgerRow>? ledger)
    {
        int Count(Verdict verdict) => answers.Count(answer => answer.Judgement.Verdict == verdict);
        var arrived = upstreams.Select(upstream => upstream.Arrivals.Count).ToList();
        var rows = ledger is null ? null
            : answers.Where(answer => answer.Exchange is not null && ledger.ContainsKey(answer.Exchange)).Select(answer => ledger[answer.Exchange!]).ToList();
        var end = TimeSpan.FromSeconds(answers.Length / perSecond);
        return new ChaosResult
        {
            Gateway = gateway,
            Scenario = scenario.Name,
            Seed = seed,
            Requests = answers.Length,
            Streams = answers.Count(answer => ChaosRequest.IsStream(answer.Number)),
            PerSecond = perSecond,
            Correct = Count(Verdict.Correct),
            FailedVisibly = Count(Verdict.FailedVisibly),
            Wrong = Count(Verdict.Wrong),
            Hung = Count(Verdict.Hung),
            CutAfterContent = answers.Count(answer => answer.Judgement.Verdict != Verdict.Correct && trace.HasMetAny(answer.Number, Faults.AfterContent)),
            Arrived = arrived,
            NotArrived = rows is null ? null : rows.Sum(row => row.Attempts.Count) - arrived.Sum(),
            Latency = Quantiles.Of(answers.Select(answer => answer.Latency)),
            FirstContent = Quantiles.Of(answers.Where(answer => answer.FirstContent is not null).Select(answer => answer.FirstContent!.Value)),
            DownMs = [.. behaviours.Select(behaviour => Down(behaviour.Schedule, end).TotalMilliseconds)],
            AllDownMs = FaultSchedule.Overlap([.. behaviours.Select(behaviour => behaviour.Schedule)]).TotalMilliseconds,
            Faults = [.. Faults.InBursts.Concat(Faults.AfterContent).Select(fault => Outcome(fault, answers, trace)).Where(outcome => outcome.Met > 0)],
            Failures = [.. answers.Where(answer => answer.Judgement.Verdict != Verdict.Correct)
                .GroupBy(answer => $"{answer.Judgement.Verdict}: {answer.Judgement.Detail}", StringComparer.Ordinal)
                .Select(group => new FailureCount(group.Key, group.Count())).OrderByDescending(failure => failure.Count)],
            Ledger = ledger is null ? null : Ledger.Compare(ledger, answers),
            Dead = !scenario.IsOutage ? null
                : rows is not null ? DeadTarget.Of(Attempts(rows, "a/"))
                // A target that refuses connections does not see who asks.
                : behaviours[0].Schedule.At(TimeSpan.Zero) == Fault.RefusedConnection ? null : DeadTarget.Of(upstreams[0].Arrivals),
        };
    }

    private static IEnumerable<TimeSpan> Attempts(List<LedgerRow> rows, string provider)
    {
        var first = rows.Min(row => row.Time);
        return from row in rows
               from attempt in row.Attempts
               where attempt.Target.StartsWith(provider, StringComparison.Ordinal)
               select row.Time - first + attempt.Started;
    }

    private static TimeSpan Down(FaultSchedule schedule, TimeSpan end) =>
        new(schedule.Bursts.Sum(burst => (burst.End < end ? burst.End : end).Ticks - burst.Start.Ticks));

    private static FaultOutcome Outcome(Fault fault, ClientAnswer[] answers, FaultTrace trace)
    {
        var met = answers.Where(answer => trace.HasMet(answer.Number, fault)).Select(answer => answer.Judgement.Verdict).ToList();
        return new FaultOutcome(
            fault, met.Count,
            met.Count(verdict => verdict == Verdict.Correct),
            met.Count(verdict => verdict is Verdict.FailedVisibly or Verdict.Hung),
            met.Count(verdict => verdict == Verdict.Wrong));
    }
}
