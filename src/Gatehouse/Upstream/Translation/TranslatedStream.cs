using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;
using Gatehouse.Upstream.Failures;

namespace Gatehouse.Upstream.Translation;

/// <summary>
/// A streamed answer, put into the caller's dialect frame by frame, each flushed as it arrives. The end of the answer is held until the
/// exchange is recorded. While a stream is silent no buffer is held for it. A caller that did not ask for a stream gets the whole answer.
/// </summary>
/// <param name="joined">The answer can go on at another target when this one breaks off; or it does so here. Null where it cannot.</param>
internal sealed class TranslatedStream(
    HttpResponseMessage response, CallLifetime lifetime, ChatRendition rendition, JoinedStream? joined, int maxFrameLength)
    : StreamedAnswer(response, lifetime)
{
    /// <summary>
    /// What a stream may say in all: several dialects repeat the whole answer at its end, so it is kept until then. Bytes of text, pictures
    /// and sounds, and of the little that every event costs; an answer of a million tokens is far below.
    /// </summary>
    private const long MaxWeight = 128 * 1024 * 1024;

    private readonly StreamFrames _frames = StreamFrames.Of(rendition.Target.Framing, maxFrameLength);
    private readonly ChatStreamReader _reader = rendition.Target.NewStreamReader(rendition.Context.Id);
    private readonly ChatStreamWriter _writer = joined?.Writer ?? rendition.Caller.NewStreamWriter(rendition.Context);
    private AnswerCollector? _whole = rendition.IsStream ? joined?.Whole : new AnswerCollector(rendition.Target.Dialect);
    private readonly List<ChatStreamEvent> _events = [];
    private readonly PooledBuffer _output = new();
    private bool _hasEnded;
    private bool _hasStop;
    private bool _saysSomething;
    private long _weight;

    public override int HeldBytes => _output.Length;

    protected override int WaitingBytes => _output.Length;

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
                _frames.Complete();
            }

            if (PassOnFrames(exchange, isLast: count == 0) is { } broken)
            {
                // What was read well before it is the caller's, unless nothing went out yet: then the whole can be an error with a status. What
                // another target goes on from must have gone out.
                if (exchange.Response.BytesSent > 0 || exchange.CanBeContinued)
                {
                    exchange.Response.Write(_output.Written);
                }

                return broken;
            }

            if (_hasEnded)
            {
                return Outcome.Continue;
            }

            if (count == 0)
            {
                if (exchange.CanBeContinued)
                {
                    exchange.Response.Write(_output.Written);
                }

                return exchange.Response.HasStarted || _weight > 0 ? Broken(exchange) : WithoutAFrame(exchange);
            }

            if (exchange.Response.HasStarted && _output.Length > 0)
            {
                exchange.Response.Write(_output.Written);
                _output.Clear();
                await FlushAsync(exchange, Lifetime);
            }

            _frames.ReleaseBuffer();
        }
    }

    public override ValueTask ReleaseAsync(Exchange exchange)
    {
        exchange.Response.Write(_output.Written);
        return ValueTask.CompletedTask;
    }

    public override void WriteFailure(Exchange exchange, ChatError error, IBufferWriter<byte> output)
    {
        // The end may have been written and held, and then withheld as it could not be recorded.
        _writer.TakeBackEnd();
        _writer.WriteFailure(error, output);
    }

    public override void Dispose()
    {
        _output.Dispose();
        _frames.Dispose();
        base.Dispose();
    }

    protected override Memory<byte> GetMemory(int sizeHint) => _frames.GetMemory(sizeHint);

    protected override void Advance(int count) => _frames.Advance(count);

    protected override void Release(Exchange exchange)
    {
        Start(exchange);
        exchange.Response.Write(_output.Written);
        _output.Clear();
    }

    private void Start(Exchange exchange)
    {
        if (joined is not null)
        {
            joined.Whole = _whole;
            exchange.Joined = joined;
        }

        AnswerHead.Start(exchange, Response, StatusCodes.Status200OK, _writer.ContentType, isEventStream: true);
    }

    /// <returns>Why the answer cannot go on; null when it can, or has ended.</returns>
    private GatewayError? PassOnFrames(Exchange exchange, bool isLast)
    {
        try
        {
            while (!_hasEnded && _frames.TryRead(out var eventName, out var data))
            {
                _events.Clear();
                _reader.Read(eventName, data, _events);
                if (PassOn(exchange, eventName, data) is { } failed)
                {
                    return failed;
                }

                if (_weight > MaxWeight)
                {
                    return new GatewayError(GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} streamed more than {MaxWeight / (1024 * 1024)} MiB.");
                }
            }

            if (isLast && !_hasEnded && !_frames.HasUnfinished)
            {
                _events.Clear();
                _reader.EndOfStream(_events);
                return PassOn(exchange, default, default);
            }
        }
        catch (MalformedException exception)
        {
            return new GatewayError(GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} sent a frame that cannot be read: {exception.Message}.");
        }

        return !_hasEnded && _frames.Trouble is { } trouble
            ? new GatewayError(GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} {trouble}.")
            : null;
    }

    /// <returns>Why another target is to be tried; null to go on.</returns>
    private GatewayError? PassOn(Exchange exchange, ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data)
    {
        if (joined is { Continuations: > 0 } && !_saysSomething)
        {
            _saysSomething = _events.Exists(streamEvent => streamEvent is PartDelta { Text.Length: > 0 } or ChoiceStopped { Stop.Raw: not null });
            if (!_saysSomething && _events.Exists(streamEvent => streamEvent is AnswerEnded))
            {
                // Neither a word nor why there is none: what broke off is no more whole than before.
                return WithoutAWord(exchange);
            }
        }

        joined?.Join(_events);
        var facts = (CodecAnswerFacts)exchange.Facts;
        foreach (var streamEvent in _events)
        {
            _ = facts.Observe(streamEvent);
            _weight += WeightOf(streamEvent);
            // A reader makes up a reason where none was told.
            _hasStop |= streamEvent is ChoiceStopped { Stop.Raw: not null };
            if (!exchange.Response.HasStarted)
            {
                if (streamEvent is AnswerFailed first)
                {
                    return FailBeforeStart(exchange, first.Error, eventName, data);
                }

                if (streamEvent is AnswerEnded && !_hasStop && !facts.HasContent)
                {
                    return WithoutAWord(exchange);
                }

                // What is kept of it can only be known at its end; whether, before it starts: the request goes when the head does.
                _whole ??= exchange.AnswerKeeper is null ? null : new AnswerCollector(rendition.Target.Dialect);
                if (rendition.IsStream && (streamEvent is AnswerEnded || IsDue(exchange)))
                {
                    Start(exchange);
                }
            }
            else if (streamEvent is AnswerFailed later && exchange.CanBeContinued && exchange.CanGoElsewhere(FailureKind.StreamCut)
                && exchange.CanGoElsewhere(KindOf(eventName, data)))
            {
                // What a provider refuses for its content, or for the request, is not to be had from the next one piece by piece.
                return Reported(exchange, later.Error.Message);
            }

            _whole?.Add(streamEvent);
            _hasEnded = streamEvent is AnswerEnded or AnswerFailed;
            if (_hasEnded)
            {
                Finish(exchange, streamEvent, eventName, data);
                return null;
            }

            if (rendition.IsStream)
            {
                _writer.Write(streamEvent, _output);
            }
        }

        return exchange.Meter?.Check(exchange);
    }

    /// <summary>The caller has got nothing yet: another target can be tried, or it be told with a status of its own.</summary>
    private GatewayError? FailBeforeStart(Exchange exchange, ChatError error, ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data)
    {
        var kind = KindOf(eventName, data);
        if (FailureOf(exchange, kind) is { } failure)
        {
            return failure;
        }

        _output.Clear();
        _hasEnded = true;
        exchange.MarkFailed("reported an error in its stream", kind);
        using var json = new Utf8JsonWriter((IBufferWriter<byte>)_output, JsonWriting.Options);
        rendition.Caller.WriteError(error, json);
        AnswerHead.Start(exchange, Response, error.Status is >= 400 and < 600 ? error.Status : StatusCodes.Status502BadGateway, "application/json", isEventStream: false);
        return null;
    }

    private void Finish(Exchange exchange, ChatStreamEvent last, ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data)
    {
        if (last is AnswerFailed failed)
        {
            exchange.MarkFailed("reported an error in its stream", KindOf(eventName, data));
            _writer.WriteFailure(failed.Error, _output);
            return;
        }

        if (_whole?.ToResponse() is { } answer)
        {
            exchange.AnswerKeeper?.Keep(exchange, answer, rendition.Context);
            if (!rendition.IsStream)
            {
                AnswerWriting.WriteWhole(rendition, answer, _output);
                AnswerHead.Start(exchange, Response, StatusCodes.Status200OK, "application/json", isEventStream: false);
                return;
            }
        }

        _writer.Write(last, _output);
    }

    /// <summary>Of an error in the stream. The frames of AWS are named after the exception that they tell of.</summary>
    private FailureKind KindOf(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data) => FailureClassifier.OfFrame(
        data, rendition.Target.Framing == StreamFraming.AwsEventStream ? Encoding.UTF8.GetString(eventName) : null);

    private static long WeightOf(ChatStreamEvent streamEvent)
    {
        const int Event = 32;
        return Event + streamEvent switch
        {
            PartDelta delta => delta.Text.Length + (delta.Logprobs is { } logprobs ? JsonMarshal.GetRawUtf8Value(logprobs).Length : 0),
            AudioDelta audio => (audio.Base64?.Length ?? 0) + (audio.Transcript?.Length ?? 0),
            PartStarted { Content: ImagePart { Source.Base64: { } image } } => image.Length,
            PartStarted { Content: AudioPart { Source.Base64: { } sound } } => sound.Length,
            PartStarted { Content: OpaquePart opaque } => JsonMarshal.GetRawUtf8Value(opaque.Value).Length,
            _ => 0,
        };
    }
}
