using Microsoft.Data.Sqlite;

namespace Gatehouse.Ledger;

/// <summary>Something that must be durable when the exchange is: it is written in the transaction of the exchange's row.</summary>
internal interface ICompanionRow
{
    /// <summary>Called on the ledger's own thread. Written again when a commit was in doubt: the second time must do no harm.</summary>
    /// <exception cref="SqliteException">
    /// It cannot be written. When the database is at fault, the exchange cannot be either; when the companion is, the exchange is recorded
    /// without it.
    /// </exception>
    void Write(SqliteConnection connection);
}
