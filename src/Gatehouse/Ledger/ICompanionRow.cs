using Microsoft.Data.Sqlite;

namespace Gatehouse.Ledger;

/// <summary>Something that must be durable when the exchange is: it is written in the transaction of the exchange's row.</summary>
internal interface ICompanionRow
{
    /// <summary>Called on the ledger's own thread. Written again when a commit was in doubt: the second time must do no harm.</summary>
    /// <exception cref="SqliteException">It cannot be written; then the exchange is not either.</exception>
    void Write(SqliteConnection connection);
}
