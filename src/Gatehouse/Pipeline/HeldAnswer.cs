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

    /// <summary>Reads more of an answer's body. The limit that runs is the one that was armed last: at first that for the first byte.</summary>
    protected static async ValueTask<(int Count, GatewayError? Error)> ReadAsync(Exchange exchange, Stream body, Memory<byte> room, CallLifetime lifetime)
    {
        exchange.Timings.UpstreamWaitBegins();
        try
        {
            var count = await body.ReadAsync(room, lifetime.Token);
            lifetime.AwaitMore();
            return (count, null);
        }
        catch (OperationCanceledException) when (lifetime.Token.IsCancellationRequested)
        {
            return (0, lifetime.EndError(exchange.Target!.Name));
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            return (0, new GatewayError(GatewayErrorCode.UpstreamError, $"{exchange.Target!.Name} broke off in the middle of its answer."));
        }
        finally
        {
            exchange.Timings.UpstreamWaitEnds();
        }
    }

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
