using Gatehouse.Ledger;
using Gatehouse.Pipeline;

namespace Gatehouse.Limits;

/// <summary>Step 3: nothing is started that could not be recorded.</summary>
internal sealed class Admission(LedgerWriter ledger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    public Outcome Admit() => ledger.Trouble is { } trouble
        ? new GatewayError(GatewayErrorCode.Overloaded, $"The gateway cannot record exchanges at the moment ({trouble}). Try again later.") { RetryAfter = RetryAfter }
        : Outcome.Continue;
}
