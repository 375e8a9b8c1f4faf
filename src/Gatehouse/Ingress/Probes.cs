using Gatehouse.Configuration;
using Gatehouse.Ledger;
using Gatehouse.Pipeline;

namespace Gatehouse.Ingress;

/// <summary><c>/healthz</c>: the process is alive. <c>/readyz</c>: it can take exchanges.</summary>
internal sealed class Probes(SnapshotSource snapshots, LedgerWriter ledger, GatewayLifetime lifetime)
{
    public static Task AliveAsync(HttpContext http) => http.Response.WriteAsync("ok\n", http.RequestAborted);

    public Task ReadyAsync(HttpContext http)
    {
        if (lifetime.IsStopping)
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return http.Response.WriteAsync("stopping\n", http.RequestAborted);
        }

        var status = snapshots.Status;
        http.Response.StatusCode = ledger.Trouble is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        var text = ledger.Trouble is { } trouble ? $"not ready: the ledger cannot be written: {trouble}\n" : "ready\n";
        text += $"configuration: revision {snapshots.Current.Revision}\n";
        if (status.Errors.Count > 0)
        {
            // The admin API tells the mistakes; here only that there are some, as this needs no token.
            text += $"configuration: the file as it is now was not loaded at {status.At:O}, {status.Errors.Count} mistakes; the revision above goes on\n";
        }

        return http.Response.WriteAsync(text, http.RequestAborted);
    }
}
