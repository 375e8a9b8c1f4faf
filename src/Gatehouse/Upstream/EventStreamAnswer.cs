using System.Buffers;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Sse;
using Gatehouse.Upstream.Failures;
using Gatehouse.Upstream.Translation;

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
    private readonly PooledBuffer _waiting = new();
    private byte[] _end = [];
    private bool _sawEnd;
    private FailureKind? _toldFailure;

    public override int HeldBytes => _end.Length + _frames.Unfinished.Length;

    protected override int WaitingBytes => _waiting.Length;

    public override async ValueTask<Outcome> RelayAsync(Exchange exchange)
    {
        Open(exchange);
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

            if (PassOnFrames(exchange, out var hasWritten) is { } failure)
            {
                return failure;
            }

            if (hasWritten)
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
            if (!removeUsageChunk || !Read(new OpenAiAnswerFacts(), SseFrame.Parse(frame), out _).HasFlag(ChunkTraits.UsageOnly))
            {
                exchange.Response.Write(frame);
            }
        }
    }

    public override void Dispose()
    {
        _waiting.Dispose();
        _frames.Dispose();
        base.Dispose();
    }

    protected override Memory<byte> GetMemory(int sizeHint) => _frames.GetMemory(sizeHint);

    protected override void Advance(int count) => _frames.Advance(count);

    protected override void Release(Exchange exchange)
    {
        ForwardedHeaders.CopyResponse(Response, exchange.Response.Headers);
        exchange.Response.Start(exchange, (int)Response.StatusCode, isEventStream: true);
        if (_waiting.Length > 0)
        {
            exchange.Response.Write(_waiting.Written);
            _waiting.Clear();
        }
    }

    /// <returns>Why another target is to be tried.</returns>
    private GatewayError? PassOnFrames(Exchange exchange, out bool hasWritten)
    {
        hasWritten = false;
        while (!_sawEnd && _frames.TryReadFrame(out var frame))
        {
            var parsed = SseFrame.Parse(frame);
            var traits = Read(exchange.Facts, parsed, out var isReadable);
            if (!exchange.Response.HasStarted)
            {
                if (FailureBeforeStart(exchange, parsed, traits, isReadable) is { } failure)
                {
                    return failure;
                }

                if ((traits & (ChunkTraits.Error | ChunkTraits.Last)) != ChunkTraits.None || IsDone(parsed) || IsDue(exchange, frame.Length))
                {
                    hasWritten |= _waiting.Length > 0;
                    Release(exchange);
                }
            }

            hasWritten |= PassOn(exchange, frame, traits, IsDone(parsed));
            if (!_sawEnd && exchange.Meter?.Check(exchange) is { } beyond)
            {
                return beyond;
            }
        }

        return null;
    }

    private bool PassOn(Exchange exchange, ReadOnlySpan<byte> frame, ChunkTraits traits, bool isDone)
    {
        if (traits.HasFlag(ChunkTraits.Error))
        {
            _toldFailure ??= FailureClassifier.OfFrame(SseFrame.Parse(frame).Data);
        }

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

        if (!exchange.Response.HasStarted)
        {
            _waiting.Write(frame);
            return false;
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

    /// <summary>Before the start: why the answer is none.</summary>
    private GatewayError? FailureBeforeStart(Exchange exchange, SseFrame frame, ChunkTraits traits, bool isReadable) =>
        traits.HasFlag(ChunkTraits.Error) ? FailureOf(exchange, FailureClassifier.OfFrame(frame.Data))
        : IsDone(frame) ? SaysNothing(exchange) ? WithoutAWord(exchange) : null
        : !isReadable && MustBeReadable(exchange)
            ? new GatewayError(GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} sent a frame that is not JSON.")
        : null;

    private static bool IsDone(SseFrame frame) => frame.Data.TrimEnd((byte)' ').SequenceEqual("[DONE]"u8);

    private static ChunkTraits Read(AnswerFacts facts, SseFrame frame, out bool isReadable)
    {
        isReadable = true;
        if (IsDone(frame) || frame.Data.IsEmpty)
        {
            return ChunkTraits.None;
        }

        // Data that is not JSON passes as it is: it is the provider's to say, and the caller's to read.
        isReadable = facts.Read(frame.Data, out var traits);
        return frame.EventName.SequenceEqual("error"u8) ? traits | ChunkTraits.Error : traits;
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

            var last = SseFrame.Parse(_frames.Unfinished);
            var traits = Read(exchange.Facts, last, out var isReadable);
            if (!exchange.Response.HasStarted && FailureBeforeStart(exchange, last, traits, isReadable) is { } failure)
            {
                return failure;
            }

            if (traits.HasFlag(ChunkTraits.Error))
            {
                _toldFailure ??= FailureClassifier.OfFrame(last.Data);
            }

            _sawEnd |= IsDone(last) || traits.HasFlag(ChunkTraits.Last);
        }

        if (!exchange.Response.HasStarted && _waiting.Length == 0)
        {
            return WithoutAFrame(exchange);
        }

        // Perplexity and GPUStack end without [DONE]; a finish_reason of every choice says that nothing is missing. Of relayed paths only
        // some are known to have a last event.
        var isWhole = _sawEnd || _toldFailure is not null || exchange.Facts.IsFinished || (exchange.Operation.IsRelay && !exchange.Facts.HasLastEvent);
        if (!isWhole)
        {
            return Broken(exchange);
        }

        if (!exchange.Response.HasStarted)
        {
            Release(exchange);
        }

        return Ended(exchange);
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
        if (_toldFailure is { } kind)
        {
            exchange.MarkFailed("reported an error in its stream", kind);
        }

        return Outcome.Continue;
    }
}
