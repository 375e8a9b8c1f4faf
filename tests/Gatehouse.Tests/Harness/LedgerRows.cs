using Gatehouse.Identity;
using Gatehouse.Ledger;
using Gatehouse.Limits;
using Gatehouse.Pipeline;

namespace Gatehouse.Tests.Harness;

/// <summary>Rows for tests of the writer, to which it does not matter what stands in them.</summary>
internal static class LedgerRows
{
    public static LedgerEntry Of(string id, IReadOnlyList<ICompanionRow>? companions = null, IReadOnlyList<LimitCharge>? charges = null) => new()
    {
        Id = id,
        StartedAtMicroseconds = 1,
        Kind = "model",
        Payer = Payer.Nobody,
        Operation = "chat",
        Revision = 1,
        KeyId = "key",
        KeyName = "key",
        Run = "run",
        Requested = "m",
        Attempts = "[]",
        Status = 200,
        Outcome = "completed",
        IsStream = false,
        PriceRevision = 1,
        DeliveredBytes = 0,
        DeliveredText = 0,
        Timings = new ExchangeTimings(TimeProvider.System),
        Companions = companions ?? [],
        Charges = charges ?? [],
    };
}
