using Gatehouse.Configuration;
using Gatehouse.Ledger;
using Gatehouse.Telemetry;

namespace Gatehouse.Admin;

internal static class HealthEndpoints
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGroup("").WithTags("Health").MapGet("/health", Health).WithSummary("State of the gateway, with the mistakes of a configuration that was not loaded.").Produces<HealthView>();

    private static HealthView Health(SnapshotSource snapshots, LedgerWriter ledger, GatewayMetrics metrics)
    {
        var status = snapshots.Status;
        return new HealthView(
            ledger.Trouble is not null ? "refusing" : status.Errors.Count > 0 ? "degraded" : "ok",
            typeof(HealthEndpoints).Assembly.GetName().Version!.ToString(3),
            metrics.InFlight,
            new ConfigurationView(snapshots.Current.Revision, snapshots.Current.LoadedAt, snapshots.File, status.Errors),
            new LedgerView(ledger.Trouble, ledger.Depth, ledger.Written));
    }
}
