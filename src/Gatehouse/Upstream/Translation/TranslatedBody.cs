using System.Buffers;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Upstream.Translation;

/// <summary>
/// An answer in one piece, put into the caller's dialect: a success, or an error whose status and message are kept. A caller that asked for
/// a stream where the target did not stream gets the whole answer as one.
/// </summary>
internal sealed class TranslatedBody(HttpResponseMessage response, CallLifetime lifetime, TranslatedCall translation) : HeldAnswer
{
    /// <summary>An answer with several images in base64 fits; what is longer is no answer of a model.</summary>
    private const int MaxLength = 64 * 1024 * 1024;

    private readonly PooledBuffer _output = new();

    public override int HeldBytes => _output.Length;

    public override async ValueTask<Outcome> RelayAsync(Exchange exchange)
    {
        using var body = new PooledBuffer();
        if (await ReadAsync(exchange, body) is { } unreadable)
        {
            return unreadable;
        }

        return (int)response.StatusCode >= 400 ? TakeError(exchange, body.Written) : TakeAnswer(exchange, body.Written);
    }

    public override ValueTask ReleaseAsync(Exchange exchange)
    {
        exchange.Response.Write(_output.Written);
        return ValueTask.CompletedTask;
    }

    public override void Dispose()
    {
        _output.Dispose();
        response.Dispose();
        lifetime.Dispose();
    }

    private async ValueTask<GatewayError?> ReadAsync(Exchange exchange, PooledBuffer body)
    {
        var stream = response.Content.ReadAsStream(CancellationToken.None);
        exchange.Timings.UpstreamWaitBegins();
        try
        {
            while (true)
            {
                var count = await stream.ReadAsync(body.GetMemory(4096), lifetime.Token);
                if (count == 0)
                {
                    return null;
                }

                lifetime.AwaitMore();
                body.Advance(count);
                if (body.Length > MaxLength)
                {
                    return new GatewayError(GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} answered with more than {MaxLength / (1024 * 1024)} MiB.");
                }
            }
        }
        catch (OperationCanceledException) when (lifetime.Token.IsCancellationRequested)
        {
            return lifetime.TimeoutError(exchange.Target!.Name);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            return new GatewayError(GatewayErrorCode.UpstreamError, $"{exchange.Target!.Name} broke off in the middle of its answer.");
        }
        finally
        {
            exchange.Timings.UpstreamWaitEnds();
        }
    }

    private Outcome TakeAnswer(Exchange exchange, ReadOnlySpan<byte> body)
    {
        var facts = (CodecAnswerFacts)exchange.Facts;
        ChatResponse answer;
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
            var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return Invalid(exchange, "something that is not a JSON object");
            }

            answer = translation.Target.ReadResponse(document.RootElement, translation.Context.Id);
        }
        catch (JsonException)
        {
            return Invalid(exchange, "something that is not a JSON object");
        }
        catch (MalformedException exception)
        {
            return Invalid(exchange, $"an answer that cannot be read: {exception.Message}");
        }

        facts.Observe(answer);
        var isStream = translation.IsStream;
        if (isStream)
        {
            var writer = translation.Caller.NewStreamWriter(translation.Context);
            foreach (var streamEvent in AnswerEvents.Of(answer))
            {
                writer.Write(streamEvent, _output);
            }

            AnswerHead.Start(exchange, response, StatusCodes.Status200OK, writer.ContentType, isEventStream: true);
        }
        else
        {
            using (var writer = new Utf8JsonWriter((IBufferWriter<byte>)_output, JsonWriting.Options))
            {
                translation.Caller.WriteResponse(answer, translation.Context, writer);
            }

            AnswerHead.Start(exchange, response, StatusCodes.Status200OK, "application/json", isEventStream: false);
            exchange.Http.Response.ContentLength = _output.Length;
        }

        return Outcome.Continue;
    }

    private Outcome TakeError(Exchange exchange, ReadOnlySpan<byte> body)
    {
        var status = (int)response.StatusCode;
        var error = ErrorOf(exchange, status, body);
        ((CodecAnswerFacts)exchange.Facts).Observe(error);
        using (var writer = new Utf8JsonWriter((IBufferWriter<byte>)_output, JsonWriting.Options))
        {
            translation.Caller.WriteError(error, writer);
        }

        AnswerHead.Start(exchange, response, status, "application/json", isEventStream: false);
        exchange.Http.Response.ContentLength = _output.Length;
        return Outcome.Continue;
    }

    private ChatError ErrorOf(Exchange exchange, int status, ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
            using var document = JsonDocument.ParseValue(ref reader);
            return translation.Target.ReadError(status, document.RootElement.Clone());
        }
        catch (Exception exception) when (exception is JsonException or MalformedException)
        {
            var excerpt = System.Text.Encoding.UTF8.GetString(body[..Math.Min(body.Length, 300)]).Trim();
            return ChatError.Of(status, $"{exchange.Target!.Name} answered with status {status}" + (excerpt.Length == 0 ? " and no body." : $": {excerpt}"));
        }
    }

    private static GatewayError Invalid(Exchange exchange, string what) => new(
        GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} answered with {what}.");
}
