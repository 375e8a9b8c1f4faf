using Gatehouse.Pipeline;

namespace Gatehouse.Upstream;

/// <summary>
/// An answer that comes in frames. Its beginning is held until the release window opens. While it is silent and nothing is held, no buffer is
/// kept for it.
/// </summary>
internal abstract class StreamedAnswer(HttpResponseMessage response, CallLifetime lifetime) : HeldAnswer
{
    protected const int ReadSize = 4096;

    private const int MaxErrorMessage = 500;

    private ReleaseWindow _window;

    /// <summary>The target's answer.</summary>
    protected HttpResponseMessage Response => response;

    protected CallLifetime Lifetime => lifetime;

    protected Stream Body { get; private set; } = Stream.Null;

    /// <summary>Before the start: bytes that wait for the window.</summary>
    protected abstract int WaitingBytes { get; }

    public override void Dispose()
    {
        response.Dispose();
        lifetime.Dispose();
    }

    protected void Open(Exchange exchange)
    {
        Body = response.Content.ReadAsStream(CancellationToken.None);
        _window = ReleaseWindow.Of(exchange);
    }

    /// <summary>Room for what is read next.</summary>
    protected abstract Memory<byte> GetMemory(int sizeHint);

    /// <summary>Says how much was read into it.</summary>
    protected abstract void Advance(int count);

    /// <summary>Begins the caller's answer and writes what has waited.</summary>
    protected abstract void Release(Exchange exchange);

    /// <summary>Whether the caller is to get what has come.</summary>
    /// <param name="exchange">Knows all of it.</param>
    /// <param name="more">Bytes that would have to wait too.</param>
    protected bool IsDue(Exchange exchange, int more = 0) => _window.Opens(exchange.Facts, WaitingBytes + more, exchange.Timings.Elapsed);

    /// <summary>The answer ended without having said anything, not even why it ended.</summary>
    protected bool SaysNothing(Exchange exchange) => _window.SaysNothing(exchange.Facts);

    /// <summary>A frame that cannot be read, before anything went out.</summary>
    protected bool MustBeReadable(Exchange exchange) => _window.Holds && exchange.CanGoElsewhere(FailureKind.ServerError);

    protected async ValueTask<(int Count, GatewayError? Error)> ReadAsync(Exchange exchange)
    {
        exchange.Timings.UpstreamWaitBegins();
        try
        {
            // Returns when there is something to read; only then is a buffer taken.
            var more = Body.ReadAsync(Memory<byte>.Empty, lifetime.Token);
            _ = await (more.IsCompleted || exchange.Response.HasStarted || WaitingBytes == 0 ? more : ReleaseInTimeAsync(exchange, more.AsTask()));
            var count = await Body.ReadAsync(GetMemory(ReadSize), lifetime.Token);
            Advance(count);
            lifetime.AwaitMore();
            return (count, null);
        }
        catch (OperationCanceledException) when (lifetime.Token.IsCancellationRequested)
        {
            return (0, lifetime.EndError(exchange.Target!.Name));
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

    /// <summary>Before the start: an error that the target reports in its stream.</summary>
    /// <param name="exchange">Has read it.</param>
    /// <param name="kind">What it tells of.</param>
    /// <returns>What another target is to be tried for; null when there is none, and the error is for the caller.</returns>
    protected static GatewayError? FailureOf(Exchange exchange, FailureKind kind)
    {
        if (!exchange.CanGoElsewhere(kind))
        {
            return null;
        }

        return Reported(exchange, exchange.Facts.ErrorMessage) with { Failure = kind };
    }

    protected static GatewayError Reported(Exchange exchange, string? message)
    {
        var what = message is { Length: > 0 and <= MaxErrorMessage } ? $": {message}" : ".";
        return new GatewayError(GatewayErrorCode.UpstreamError, $"{exchange.Target!.Name} reported an error in its stream{what}");
    }

    protected static GatewayError Broken(Exchange exchange) => new(
        GatewayErrorCode.UpstreamError, $"{exchange.Target!.Name} broke off in the middle of its stream.");

    protected static GatewayError WithoutAFrame(Exchange exchange) => new(
        GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} opened a stream and ended it without a frame.");

    protected static GatewayError WithoutAWord(Exchange exchange) => new(
        GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} opened a stream and ended it without an answer.");

    /// <summary>
    /// What is held goes out when its time has come, though nothing more does. The read goes on meanwhile: to cancel it would end the
    /// connection.
    /// </summary>
    private async ValueTask<int> ReleaseInTimeAsync(Exchange exchange, Task<int> pending)
    {
        try
        {
            var left = _window.Left(exchange.Timings.Elapsed);
            if (left > TimeSpan.Zero)
            {
                return await pending.WaitAsync(left, lifetime.Time);
            }
        }
        catch (TimeoutException) when (!pending.IsFaulted)
        {
            // So it is time.
        }

        exchange.Timings.UpstreamWaitEnds();
        Release(exchange);
        await FlushAsync(exchange, lifetime);
        exchange.Timings.UpstreamWaitBegins();
        return await pending;
    }
}
