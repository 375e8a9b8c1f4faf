namespace Gatehouse.Pipeline;

/// <summary>
/// An answer that has been passed on but for its last piece. The piece is released when the exchange's row is committed, so that no
/// caller ever holds a whole answer of which the ledger knows nothing.
/// </summary>
internal abstract class HeldAnswer : IDisposable
{
    /// <summary>Length of what is held back.</summary>
    public abstract int HeldBytes { get; }

    /// <summary>Passes on all but the last piece.</summary>
    public abstract ValueTask<Outcome> RelayAsync(Exchange exchange);

    /// <summary>Sends what was held back.</summary>
    public abstract ValueTask ReleaseAsync(Exchange exchange);

    public abstract void Dispose();
}
