using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Sse;

namespace Gatehouse.Upstream;

/// <summary>
/// Passes on an event stream frame by frame, each flushed as it arrives, all bytes as received. The frame that ends the answer is held
/// until the exchange is recorded. While a stream is silent no buffer is held for it.
/// </summary>
internal sealed class EventStreamAnswer(HttpResponseMessage response, CallLifetime lifetime, int maxFrameLength, bool removeUsageChunk)
    : StreamedAnswer(response, lifetime)
{
    /// <summary>Nothing but a comment or a line end belongs behind the last frame.</summary>
    private const int MaxAfterEnd = 64 * 1024;

    /// <summary>What may still come after the last frame (the end of the HTTP body) is waited for this long, to keep the connection.</summary>
    private static readonly TimeSpan EndGrace = TimeSpan.FromSeconds(1);

    private readonly SseFrameReader _frames = new(maxFrameLength);
    private byte[] _end = [];
    private bool _sawEnd;
    private bool _sawError;

    public override int HeldBytes => _end.Length + _frames.Unfinished.Length;

    public override async ValueTask<Outcome> RelayAsync(Exchange exchange)
    {
        Open();
        while (true)
        {
            var (count, error) = await ReadAsync(exchange);
            if (error is not null)
            {
                return error;
            }

            if (count == 0)
            {
                return AtEndOfBody(exchange);
            }

            if (PassOnFrames(exchange))
            {
                await FlushAsync(exchange, Lifetime);
            }

            if (_sawEnd)
            {
                return Ended(exchange);
            }

            if (_frames.IsFrameTooLong)
            {
                return new GatewayError(
                    GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} sent a stream frame of more than {maxFrameLength} bytes.");
            }

            _frames.ReleaseBuffer();
        }
    }

    public override async ValueTask ReleaseAsync(Exchange exchange)
    {
        exchange.Response.Write(_end);
        WriteRest(exchange);
        if (!_sawEnd)
        {
            exchange.Response.Write(_frames.Unfinished);
            return;
        }

        await FlushAsync(exchange, Lifetime);
        try
        {
            Lifetime.AwaitEnd(EndGrace);
            int count;
            var total = 0;
            while (total < MaxAfterEnd && (count = await Body.ReadAsync(_frames.GetMemory(ReadSize), Lifetime.Token)) > 0)
            {
                _frames.Advance(count);
                WriteRest(exchange);
                total += count;
            }

            exchange.Response.Write(_frames.Unfinished);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or HttpRequestException)
        {
            // The caller has the whole answer; how the connection ends no longer matters.
        }
    }

    /// <summary>What comes behind the last frame; the usage that the gateway asked for does not go out from here either.</summary>
    private void WriteRest(Exchange exchange)
    {
        while (_frames.TryReadFrame(out var frame))
        {
            if (!removeUsageChunk || !Read(new OpenAiAnswerFacts(), frame, out _).HasFlag(ChunkTraits.UsageOnly))
            {
                exchange.Response.Write(frame);
            }
        }
    }

    public override void Dispose()
    {
        _frames.Dispose();
        base.Dispose();
    }

    protected override Memory<byte> GetMemory(int sizeHint) => _frames.GetMemory(sizeHint);

    protected override void Advance(int count) => _frames.Advance(count);

    /// <returns>Whether there is something to flush.</returns>
    private bool PassOnFrames(Exchange exchange)
    {
        var wrote = false;
        while (!_sawEnd && _frames.TryReadFrame(out var frame))
        {
            wrote |= PassOn(exchange, frame);
        }

        return wrote;
    }

    private bool PassOn(Exchange exchange, ReadOnlySpan<byte> frame)
    {
        if (!exchange.Response.HasStarted)
        {
            ForwardedHeaders.CopyResponse(Response, exchange.Response.Headers);
            exchange.Response.Start(exchange, (int)Response.StatusCode, isEventStream: true);
        }

        var traits = Read(exchange.Facts, frame, out var isDone);
        _sawError |= traits.HasFlag(ChunkTraits.Error);
        var wasHeld = _end.Length > 0;
        if (wasHeld)
        {
            exchange.Response.Write(_end);
            _end = [];
        }

        if (isDone || traits.HasFlag(ChunkTraits.Last))
        {
            _sawEnd = true;
            _end = frame.ToArray();
            return wasHeld;
        }

        if (removeUsageChunk && traits.HasFlag(ChunkTraits.UsageOnly))
        {
            return wasHeld;
        }

        // Gemini's streams have no last event: the frame with the finish reason is the last unless another follows.
        if (exchange.Operation.Dialect == Dialect.Gemini && exchange.Facts.IsFinished)
        {
            _end = frame.ToArray();
            return wasHeld;
        }

        exchange.Response.Write(frame);
        return true;
    }

    private static ChunkTraits Read(AnswerFacts facts, ReadOnlySpan<byte> frame, out bool isDone)
    {
        var parsed = SseFrame.Parse(frame);
        isDone = parsed.Data.TrimEnd((byte)' ').SequenceEqual("[DONE]"u8);
        if (isDone || parsed.Data.IsEmpty)
        {
            return ChunkTraits.None;
        }

        // Data that is not JSON passes as it is: it is the provider's to say, and the caller's to read.
        _ = facts.Read(parsed.Data, out var traits);
        return parsed.EventName.SequenceEqual("error"u8) ? traits | ChunkTraits.Error : traits;
    }

    private Outcome AtEndOfBody(Exchange exchange)
    {
        // Some servers leave out the last blank line.
        if (!_frames.Unfinished.IsEmpty)
        {
            if (IsCut(_frames.Unfinished))
            {
                return Broken(exchange);
            }

            var traits = Read(exchange.Facts, _frames.Unfinished, out var isDone);
            _sawError |= traits.HasFlag(ChunkTraits.Error);
            _sawEnd |= isDone || traits.HasFlag(ChunkTraits.Last);
        }

        if (!exchange.Response.HasStarted)
        {
            return new GatewayError(GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} opened a stream and ended it without a frame.");
        }

        // Perplexity and GPUStack end without [DONE]; a finish_reason of every choice says that nothing is missing. Of relayed paths only
        // some are known to have a last event.
        var isWhole = _sawEnd || _sawError || exchange.Facts.IsFinished || (exchange.Operation.IsRelay && !exchange.Facts.HasLastEvent);
        return isWhole ? Ended(exchange) : Broken(exchange);
    }

    /// <summary>
    /// Whether the last frame, which has no blank line, breaks off inside its data. What stands in half a chunk (a finish_reason) must
    /// not count: the caller never gets it.
    /// </summary>
    private static bool IsCut(ReadOnlySpan<byte> frame)
    {
        var data = SseFrame.Parse(frame).Data;
        return !data.IsEmpty && data[0] is (byte)'{' or (byte)'[' && !data.TrimEnd((byte)' ').SequenceEqual("[DONE]"u8)
            && !new OpenAiAnswerFacts().Read(data, out _);
    }

    private Outcome Ended(Exchange exchange)
    {
        if (_sawError)
        {
            exchange.MarkFailed("reported an error in its stream");
        }

        return Outcome.Continue;
    }
}
