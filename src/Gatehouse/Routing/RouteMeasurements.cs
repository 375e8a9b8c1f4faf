using System.Diagnostics.Metrics;
using Gatehouse.Configuration;
using Gatehouse.Pipeline;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;

namespace Gatehouse.Routing;

/// <summary>What metrics tell of the routes in force. It is read when somebody looks: exchanges only count.</summary>
internal sealed class RouteMeasurements(SnapshotSource snapshots)
{
    public IEnumerable<Measurement<long>> Attempts() => Targets().SelectMany(target => Results(target.Health.Counts)
        .Select(result => new Measurement<long>(result.Count, new("route", target.Route), new("target", target.Name), new("result", result.Word))));

    public IEnumerable<Measurement<long>> Breakers() => Targets()
        .Select(target => new Measurement<long>(target.Health.State switch { BreakerState.Closed => 0, BreakerState.HalfOpen => 1, _ => 2 }, new("route", target.Route), new("target", target.Name)));

    public IEnumerable<Measurement<long>> Retries() => Counts(counts => counts.Retries);

    public IEnumerable<Measurement<long>> FailOvers() => Counts(counts => counts.FailOvers);

    public IEnumerable<Measurement<long>> Hedges() => Counts(counts => counts.Hedges);

    private static IEnumerable<(string Word, long Count)> Results(AttemptCounts counts) =>
        counts.Failures.Select(failure => (failure.Kind.Word(), failure.Count)).Prepend(("abandoned", counts.Abandoned)).Prepend(("answered", counts.Answered));

    /// <summary>One that stands in a route twice has one health, and is told of once.</summary>
    private IEnumerable<(string Route, string Name, TargetHealth Health)> Targets() => snapshots.Current.Routes.Values.SelectMany(route =>
        route.Targets.Where(leaf => leaf.Health is not null).DistinctBy(leaf => leaf.Health).Select(leaf => (route.Name!, leaf.Target.Name, leaf.Health!)));

    private IEnumerable<Measurement<long>> Counts(Func<RouteCounts, long> value) =>
        snapshots.Current.Routes.Values.Select(route => new Measurement<long>(value(route.Counts!), new KeyValuePair<string, object?>("route", route.Name)));
}
