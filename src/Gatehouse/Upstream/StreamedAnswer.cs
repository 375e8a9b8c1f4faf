using Gatehouse.Pipeline;

namespace Gatehouse.Upstream;

/// <summary>An answer that comes in frames. While it is silent no buffer is held for it.</summary>
internal abstract class StreamedAnswer(HttpResponseMessage response, CallLifetime lifetime) : HeldAnswer
{
    protected const int ReadSize = 4096;

    /// <summary>The target's answer.</summary>
    protected HttpResponseMessage Response => response;

    protected CallLifetime Lifetime => lifetime;

    protected Stream Body { get; private set; } = Stream.Null;

    public override void Dispose()
    {
        response.Dispose();
        lifetime.Dispose();
    }

    protected void Open() => Body = response.Content.ReadAsStream(CancellationToken.None);

    /// <summary>Room for what is read next.</summary>
    protected abstract Memory<byte> GetMemory(int sizeHint);

    /// <summary>Says how much was read into it.</summary>
    protected abstract void Advance(int count);

    protected async ValueTask<(int Count, GatewayError? Error)> ReadAsync(Exchange exchange)
    {
        exchange.Timings.UpstreamWaitBegins();
        try
        {
            // Returns when there is something to read; only then is a buffer taken.
            _ = await Body.ReadAsync(Memory<byte>.Empty, lifetime.Token);
            var count = await Body.ReadAsync(GetMemory(ReadSize), lifetime.Token);
            Advance(count);
            lifetime.AwaitMore();
            return (count, null);
        }
        catch (OperationCanceledException) when (lifetime.Token.IsCancellationRequested)
        {
            return (0, lifetime.TimeoutError(exchange.Target!.Name));
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            return (0, Broken(exchange));
        }
        finally
        {
            exchange.Timings.UpstreamWaitEnds();
        }
    }

    protected static GatewayError Broken(Exchange exchange) => new(
        GatewayErrorCode.UpstreamError, $"{exchange.Target!.Name} broke off in the middle of its stream.");
}
