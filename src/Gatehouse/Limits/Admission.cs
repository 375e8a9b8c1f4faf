using Gatehouse.Ledger;
using Gatehouse.Pipeline;

namespace Gatehouse.Limits;

/// <summary>Step 3: nothing is started that could not be recorded.</summary>
internal sealed class Admission(LedgerWriter ledger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    /// <summary>Told instead of an answer whose row could not be written.</summary>
    public static readonly GatewayError NotRecorded = new(
        GatewayErrorCode.Overloaded, "The gateway could not record this exchange, so its answer was withheld. Try again later.")
    { RetryAfter = RetryAfter };

    public Outcome Admit() => ledger.Trouble is { } trouble
        ? new GatewayError(GatewayErrorCode.Overloaded, $"The gateway cannot record exchanges at the moment ({trouble}). Try again later.") { RetryAfter = RetryAfter }
        : Outcome.Continue;
}
