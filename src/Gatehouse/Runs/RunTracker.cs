using Gatehouse.Alerts;
using Gatehouse.Pipeline;
using Gatehouse.Telemetry;

namespace Gatehouse.Runs;

/// <summary>
/// The runs of the last hour in memory: which exchanges are of one task, what they have spent together, and whether they may go on. All of it
/// is behind one lock that is held for a few look-ups; nothing is read from storage but for runs that a gateway before this one began.
/// </summary>
internal sealed partial class RunTracker
{
    /// <summary>A run without calls for so long has ended. The same id afterwards is a new one, but for having been stopped.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromHours(1);

    /// <summary>Of more runs, those that were idle longest are forgotten.</summary>
    public const int MostRuns = 100_000;

    /// <summary>Of runs of one call that nothing has to do with: most calls are such, and what they lead to comes soon.</summary>
    private const int MostLone = 10_000;

    private const int MostLinks = 100_000;

    /// <summary>Ended with each call that comes, at most: it waits for it.</summary>
    private const int MostEndedAtOnce = 4;

    private readonly Lock _gate = new();
    private readonly Dictionary<RunKey, RunState> _runs = [];
    private readonly LinkedList<RunState> _order = new();
    private readonly Queue<RunState> _lone = new();
    private readonly RunLinks _links = new(MostLinks);
    private readonly AgentBaselines _baselines = new();
    private readonly StoppedRuns _stopped;
    private readonly RunStore _store;
    private readonly IAlerts _alerts;
    private readonly GatewayMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<RunTracker> _logger;
    private readonly DateTimeOffset _since;
    private readonly int _mostRuns;

    /// <param name="mostRuns">Kept at the same time.</param>
    public RunTracker(RunStore store, IAlerts alerts, GatewayMetrics metrics, TimeProvider time, ILogger<RunTracker> logger, int mostRuns = MostRuns)
    {
        (_store, _alerts, _metrics, _time, _logger, _mostRuns) = (store, alerts, metrics, time, logger, mostRuns);
        _since = time.GetUtcNow();
        _stopped = new StoppedRuns(store.ReadStates());
        metrics.ObserveRuns(() => Active);
    }

    /// <summary>Runs that have not ended.</summary>
    public int Active
    {
        get
        {
            var now = _time.GetUtcNow();
            lock (_gate)
            {
                EndIdle(now, int.MaxValue);
                return _runs.Count;
            }
        }
    }

    /// <summary>After the ingress: the run and the parent, as far as the body or an earlier call tells them.</summary>
    public void Identify(Exchange exchange)
    {
        var tenant = TenantOf(exchange);
        if (exchange.RunSource is RunSource.New or RunSource.Trace)
        {
            if (RunBody.SessionOf(exchange) is { } session)
            {
                exchange.Run = session;
            }
            else if (exchange.RunSource == RunSource.Trace && _links.Find(tenant, exchange.Run) is { } traced)
            {
                exchange.Run = traced.Run;
            }
        }

        if (RunBody.PreviousOf(exchange) is { } previous && _links.Find(tenant, previous) is { } link)
        {
            if (exchange.RunSource == RunSource.New)
            {
                exchange.Run = link.Run;
            }

            exchange.Parent = exchange.Run == link.Run ? link.Exchange : null;
        }
    }

    /// <summary>Step 3: whether the run may go on with this call; after a wait, where it is slowed.</summary>
    public ValueTask<Outcome> EnterAsync(Exchange exchange)
    {
        var key = new RunKey(TenantOf(exchange), exchange.Run);
        return exchange.RunSource != RunSource.New && _time.GetUtcNow() - _since < Idle && !IsKnown(key)
            ? RestoreAndEnterAsync(exchange, key)
            : Enter(exchange, key);
    }

    /// <summary>After the end of an exchange, whatever it was: what it has spent is the run's.</summary>
    public void Leave(Exchange exchange)
    {
        if (exchange.Place is not { } place)
        {
            return;
        }

        exchange.Place = null;
        var (tokens, first) = TokensOf(exchange);
        lock (_gate)
        {
            var run = place.Run;
            run.InFlight--;
            run.LastAt = _time.GetUtcNow();
            if (exchange.Outcome == ExchangeOutcome.Refused)
            {
                // By a limit or a policy, after it was let in here.
                run.Calls = Math.Max(run.Calls - 1, 0);
                return;
            }

            run.Tokens += tokens;
            run.CostNanoUsd += exchange.CostNanoUsd ?? 0;
            run.CountFirst(exchange.Id, first);
            if (place.Tail is { } tail && exchange.Outcome == ExchangeOutcome.Completed)
            {
                (run.Loops ??= new LoopWatch()).Add(tail);
            }

            if (run is { IsLone: true, Calls: 1 })
            {
                ForgetLone(run);
            }
        }

        if (exchange.Operation == Operation.Responses && exchange.Facts.Id is { Length: <= RunHeaders.MaxLength } answer)
        {
            _links.Add(place.Run.Key.Tenant, answer, new RunLink(place.Run.Key.Run, exchange.Id));
        }
    }

    /// <summary>Stops a run by hand, known or not.</summary>
    public void Stop(RunKey key, string message)
    {
        var stop = new RunStop(RunReason.Administrator, message, _time.GetUtcNow());
        _store.Write(new RunStateRow(key, IsStopped: true, stop));
        _stopped.Stop(key, stop);
        _metrics.CountRunAction("stop", RunReason.Administrator.Word());
    }

    /// <summary>Lets a stopped run go on; its limits count anew from now.</summary>
    /// <returns>False when it was not stopped.</returns>
    public bool Resume(RunKey key)
    {
        if (_stopped.Find(key) is not { } stop)
        {
            return false;
        }

        var now = _time.GetUtcNow();
        _store.Write(new RunStateRow(key, IsStopped: false, stop with { At = now }));
        lock (_gate)
        {
            _ = _stopped.Resume(key, now);
            if (_runs.TryGetValue(key, out var run))
            {
                run.Restart(now);
            }
        }

        // By hand a run is stopped of which anything may have been told before.
        foreach (var kind in stop.Reason == RunReason.Administrator ? RunAlerts.Kinds : [RunAlerts.KindOf(stop.Reason, RunAction.Stop)])
        {
            _alerts.Resolve(kind, RunAlerts.SubjectOf(key), $"The run '{key.Run}' may go on.");
        }

        return true;
    }

    public RunStop? StopOf(RunKey key) => _stopped.Find(key);

    /// <summary>Copies of what is known of an agent's runs; null for nothing.</summary>
    public BaselineView? BaselineOf(string tenant, string agent)
    {
        lock (_gate)
        {
            return _baselines.Find(tenant, agent) is { } baseline
                ? new BaselineView(baseline.Runs, baseline.Mean, baseline.Median, baseline.Deviation, baseline.Runs >= AgentBaseline.LeastRuns)
                : null;
        }
    }

    private static string TenantOf(Exchange exchange) => exchange.Payer.TenantOf(exchange.Key!.Id);

    private static string AgentOf(Exchange exchange) => exchange.Payer.Agent ?? exchange.Key!.Id;

    /// <summary>All that it spent, and what its request had of it. What a broken stream delivered counts as in the ledger's estimate.</summary>
    private static (long Spent, long Request) TokensOf(Exchange exchange)
    {
        var usage = exchange.Usage;
        return RunTokens.Of(usage?.InputTokens, usage?.CacheReadTokens, usage?.CacheWriteTokens, usage?.OutputTokens, exchange.Facts.TextBytes);
    }

    private ValueTask<Outcome> Enter(Exchange exchange, RunKey key)
    {
        var policies = Matching(exchange);
        var tail = Array.Exists(policies, policy => policy.Loops) ? TailReader.Read(exchange.Operation, exchange.Request) : null;
        var now = _time.GetUtcNow();
        RunState run;
        List<RunBreach>? breaches = null;
        RunBreach? worst = null;
        var slowed = 0;
        lock (_gate)
        {
            EndIdle(now, MostEndedAtOnce);
            run = Use(key, exchange, isLone: policies.Length == 0 && exchange.RunSource == RunSource.New, now);
            exchange.RunFirst = run.First;
            if (_stopped.Find(key) is { } stop)
            {
                return new(Refusal(key, stop));
            }

            var depth = DepthOf(run, exchange);
            if (policies.Length > 0)
            {
                var loop = tail is null ? null : run.Loops?.Look(tail);
                var baseline = _baselines.Find(key.Tenant, run.Agent);
                foreach (var policy in policies)
                {
                    if (RunRules.Check(policy, run, depth, loop, baseline, now) is { } breach)
                    {
                        (breaches ??= []).Add(breach);
                        worst = worst is null || breach.Policy.Action < worst.Value.Policy.Action ? breach : worst;
                    }
                }

                if (worst is { Policy.Action: RunAction.Stop } last)
                {
                    stop = new RunStop(last.Reason, $"{last.Words} ({last.Policy.Name})", now);
                    _stopped.Stop(key, stop);
                    exchange.Companions.Add(new RunStateRow(key, IsStopped: true, stop));
                }
                else
                {
                    slowed = worst is { Policy.Action: RunAction.Slow } ? ++run.Slowed : 0;
                }
            }

            if (worst is not { Policy.Action: RunAction.Stop })
            {
                LetIn(run, exchange, depth, tail);
            }

            breaches?.RemoveAll(breach => !(run.Alerted ??= new(StringComparer.Ordinal)).Add($"{breach.Policy.Name}|{breach.Reason}"));
        }

        breaches?.ForEach(breach => _alerts.Raise(RunAlerts.Of(key, breach)));
        if (worst is not { } exceeded)
        {
            return new(Outcome.Continue);
        }

        _metrics.CountRunAction(RunAlerts.Word(exceeded.Policy.Action), exceeded.Reason.Word());
        return exceeded.Policy.Action switch
        {
            RunAction.Stop => new(Refusal(key, _stopped.Find(key)!)),
            RunAction.Slow => SlowAsync(exchange, exceeded.Policy.DelayOf(slowed)),
            _ => new(Outcome.Continue),
        };
    }

    /// <returns>Continues, too, when the client left: then there is nobody to tell.</returns>
    private async ValueTask<Outcome> SlowAsync(Exchange exchange, TimeSpan delay)
    {
        exchange.Timings.QueueWaitBegins();
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(exchange.Http.RequestAborted, exchange.GatewayEnded);
        try
        {
            await Task.Delay(delay, _time, wait.Token);
        }
        catch (OperationCanceledException)
        {
            // Nobody waits any more.
        }

        exchange.Timings.QueueWaitEnds();
        return exchange.GatewayEnded.IsCancellationRequested ? GatewayLifetime.Error : Outcome.Continue;
    }

    private static RunPolicy[] Matching(Exchange exchange)
    {
        var policies = exchange.Snapshot.RunPolicies;
        return policies.Length == 0 || Array.TrueForAll(policies, policy => policy.Matches(exchange)) ? policies : Array.FindAll(policies, policy => policy.Matches(exchange));
    }

    private static GatewayError Refusal(RunKey key, RunStop stop) => new(
        stop.Reason == RunReason.Budget ? GatewayErrorCode.BudgetExceeded : GatewayErrorCode.PolicyDenied,
        $"The run '{key.Run}' has been stopped: {stop.Message}. Begin a new run, or have an administrator let it go on (gatehouse run resume).");

    /// <summary>Sets the parent, too.</summary>
    private static int DepthOf(RunState run, Exchange exchange)
    {
        var parent = RunHeaders.ParentOf(exchange.Http.Request.Headers) is { } named ? run.Find(named)
            : exchange.Parent is { } known ? run.Find(known)
            : run.Find(RunSpan.Of(exchange.Trace.ParentSpanId));
        exchange.Parent = parent?.Exchange ?? exchange.Parent;
        return (parent?.Depth ?? (exchange.Parent is null ? 0 : 1)) + 1;
    }

    private void LetIn(RunState run, Exchange exchange, int depth, RequestTail? tail)
    {
        run.Calls++;
        run.InFlight++;
        run.Know(exchange.Id, RunSpan.Of(exchange.Trace.SpanId), depth);
        run.First ??= exchange.Id;
        exchange.Place = new RunPlace(run, depth, tail);
        var trace = exchange.Trace.TraceId.ToHexString();
        if (trace != run.Key.Run)
        {
            // What the target calls in turn has this trace, and perhaps nothing else.
            _links.Add(run.Key.Tenant, trace, new RunLink(run.Key.Run, exchange.Id));
        }
    }

    private bool IsKnown(RunKey key)
    {
        lock (_gate)
        {
            return _runs.ContainsKey(key);
        }
    }

    /// <summary>The one that came first of too many; not if further calls have joined it.</summary>
    private void ForgetLone(RunState left)
    {
        _lone.Enqueue(left);
        if (_lone.Count > MostLone && _lone.Dequeue() is { Calls: 1, InFlight: 0, Place: not null } oldest)
        {
            End(oldest);
        }
    }

    private RunState Use(RunKey key, Exchange exchange, bool isLone, DateTimeOffset now)
    {
        if (_runs.TryGetValue(key, out var run))
        {
            if (run.InFlight > 0 || now - run.LastAt <= Idle)
            {
                run.LastAt = now;
                _order.Remove(run.Place!);
                _order.AddLast(run.Place!);
                return run;
            }

            End(run);
        }

        run = new RunState(key, AgentOf(exchange), now) { IsLone = isLone };
        Add(run);
        return run;
    }

    private void Add(RunState run)
    {
        _runs[run.Key] = run;
        run.Place = _order.AddLast(run);
        if (_runs.Count > _mostRuns)
        {
            End(_order.First!.Value);
        }
    }

    private void EndIdle(DateTimeOffset now, int most)
    {
        for (; most > 0 && _order.First is { Value: var oldest } place && now - oldest.LastAt > Idle; most--)
        {
            if (oldest.InFlight > 0)
            {
                // A long answer: it is used.
                oldest.LastAt = now;
                _order.Remove(place);
                _order.AddLast(place);
            }
            else
            {
                End(oldest);
            }
        }
    }

    private void End(RunState run)
    {
        _ = _runs.Remove(run.Key);
        _order.Remove(run.Place!);
        run.Place = null;
        // One call says nothing of how calls lead to calls.
        if (run is { Calls: > 1, Amplification: { } amplification })
        {
            _baselines.Add(run.Key.Tenant, run.Agent, amplification);
        }

        if (run.Alerted is not null && _stopped.Find(run.Key) is null)
        {
            foreach (var kind in RunAlerts.Kinds)
            {
                _alerts.Resolve(kind, RunAlerts.SubjectOf(run.Key), $"The run '{run.Key.Run}' has ended.");
            }
        }
    }
}
