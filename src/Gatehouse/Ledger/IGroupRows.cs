using Gatehouse.Storage;

namespace Gatehouse.Ledger;

/// <summary>Rows that sum up exchanges: they are written in the transaction of each group of exchanges, so that both are durable or neither is.</summary>
internal interface IGroupRows : IDisposable
{
    /// <summary>
    /// Called on the ledger's thread inside the transaction of each group, after its exchange rows, before its COMMIT. Each exchange comes
    /// once: one that is written again because its commit was in doubt, and is in the ledger already, does not come again.
    /// </summary>
    /// <param name="entries">Valid during the call.</param>
    /// <exception cref="StorageException">The whole group is rolled back, kept, and tried again.</exception>
    void Write(List<LedgerEntry> entries);

    /// <summary>The last group was rolled back, or its commit is in doubt: what was learnt of the database since it began may not hold.</summary>
    void Forget();
}
