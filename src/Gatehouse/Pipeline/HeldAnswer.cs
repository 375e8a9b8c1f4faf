using System.Buffers;
using Gatehouse.Protocols.Chat;
using Gatehouse.Upstream;

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

    /// <summary>Tells of a failure after the first byte of a stream.</summary>
    public virtual void WriteFailure(Exchange exchange, ChatError error, IBufferWriter<byte> output) => Codecs.Of(exchange.Operation.Dialect)
        .NewStreamWriter(new AnswerContext(new ChatRequest { Dialect = exchange.Operation.Dialect }, exchange.Id, exchange.Model, exchange.StartedAt.ToUnixTimeSeconds()))
        .WriteFailure(error, output);

    /// <summary>Sends what was held back.</summary>
    public abstract ValueTask ReleaseAsync(Exchange exchange);

    public abstract void Dispose();

    /// <summary>Sends what was written. A caller that is slow to take it is not held against the target.</summary>
    protected static async ValueTask FlushAsync(Exchange exchange, CallLifetime lifetime)
    {
        var flush = exchange.Response.FlushAsync();
        var isSlow = !flush.IsCompleted;
        if (isSlow)
        {
            lifetime.Pause();
        }

        _ = await flush;
        if (isSlow)
        {
            lifetime.AwaitMore();
        }
    }
}
