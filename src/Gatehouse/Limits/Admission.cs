using System.Diagnostics.Metrics;
using Gatehouse.Identity;
using Gatehouse.Ledger;
using Gatehouse.Limits.Queue;
using Gatehouse.Pipeline;
using Gatehouse.Telemetry;

namespace Gatehouse.Limits;

/// <summary>Step 3: nothing is started that could not be recorded, or that there is no room for.</summary>
internal sealed class Admission
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    private readonly LedgerWriter _ledger;
    private readonly AdmissionQueue _queue;
    private readonly GatewayMetrics _metrics;

    public Admission(LedgerWriter ledger, AdmissionQueue queue, GatewayMetrics metrics)
    {
        (_ledger, _queue, _metrics) = (ledger, queue, metrics);
        metrics.ObserveAdmission(() => ByClass(queue.Running), () => ByClass(queue.Waiting));
    }

    /// <summary>False while there is no room in the ledger, not even for the row of a refusal.</summary>
    public bool CanRecord => _ledger.Trouble is null;

    /// <summary>Returns when the exchange may run. Its ticket is to be ended, whatever the outcome.</summary>
    public ValueTask<Outcome> AdmitAsync(Exchange exchange)
    {
        if (NotRecordable() is { } trouble)
        {
            return new(trouble);
        }

        if (AdmissionHeaders.Read(exchange.Http.Request.Headers, out var headers) is { } invalid)
        {
            return new(invalid);
        }

        var ticket = _queue.Arrive(exchange.Key!.Id, headers.Within(exchange.Key.Priority), headers.Patience);
        if (ticket is null)
        {
            return new(Outcome.Continue);
        }

        exchange.Ticket = ticket;
        return ticket.Settled is { IsCompleted: false } settled ? WaitAsync(exchange, ticket, settled) : new(Told(ticket));
    }

    /// <returns>Continues, too, when the client left: then there is nobody to tell.</returns>
    private async ValueTask<Outcome> WaitAsync(Exchange exchange, AdmissionTicket ticket, Task<AdmissionVerdict> settled)
    {
        exchange.Timings.QueueWaitBegins();
        await using (exchange.Http.RequestAborted.UnsafeRegister(static waiting => ((AdmissionTicket)waiting!).Leave(), ticket))
        {
            _ = await settled;
        }

        exchange.Timings.QueueWaitEnds();
        var outcome = Told(ticket);
        return outcome.Continues && NotRecordable() is { } trouble ? trouble : outcome;
    }

    private Outcome Told(AdmissionTicket ticket)
    {
        var (reason, words) = ticket.Verdict switch
        {
            AdmissionVerdict.Full => ("full", "and too many wait already"),
            AdmissionVerdict.Displaced => ("displaced", "and those that wait before this one fill the queue"),
            AdmissionVerdict.Expired => ("expired", "and its turn did not come in time"),
            _ => (null, null),
        };
        if (reason is null)
        {
            return Outcome.Continue;
        }

        var priority = AdmissionHeaders.Word(ticket.Priority);
        _metrics.CountShed(priority, reason);
        return new GatewayError(GatewayErrorCode.Overloaded, $"The gateway runs as many exchanges as it may, {words} (class {priority}). Try again later.")
        {
            RetryAfter = ticket.RetryAfter,
        };
    }

    private GatewayError? NotRecordable() => _ledger.Trouble is { } trouble
        ? new GatewayError(GatewayErrorCode.Overloaded, $"The gateway cannot record exchanges at the moment ({trouble}). Try again later.") { RetryAfter = RetryAfter }
        : null;

    private static IEnumerable<Measurement<int>> ByClass(Func<PriorityClass, int> count) => Enum.GetValues<PriorityClass>()
        .Select(priority => new Measurement<int>(count(priority), new KeyValuePair<string, object?>("class", AdmissionHeaders.Word(priority))));
}
