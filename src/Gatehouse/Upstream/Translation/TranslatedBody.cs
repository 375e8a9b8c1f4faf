using System.Buffers;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Upstream.Translation;

/// <summary>
/// An answer in one piece, put into the caller's dialect. A caller that asked for a stream where the target did not stream gets the whole
/// answer as one.
/// </summary>
internal sealed class TranslatedBody(HttpResponseMessage response, CallLifetime lifetime, ChatRendition rendition)
    : ConvertedBody(response, lifetime, rendition.Target)
{
    private readonly HttpResponseMessage _response = response;

    protected override ValueTask<GatewayError?> ConvertAsync(Exchange exchange, PooledBuffer body, PooledBuffer output)
    {
        ChatResponse answer;
        try
        {
            var reader = new Utf8JsonReader(body.Written, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
            // Not disposed of: the answer refers to it, and goes when the exchange does.
            var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return new(Invalid(exchange, "something that is not a JSON object"));
            }

            answer = rendition.Target.ReadResponse(document.RootElement, rendition.Context.Id);
        }
        catch (JsonException)
        {
            return new(Invalid(exchange, "something that is not a JSON object"));
        }
        catch (MalformedException exception)
        {
            return new(Invalid(exchange, $"an answer that cannot be read: {exception.Message}"));
        }

        if (exchange.Joined is { } joined)
        {
            GoOn(exchange, joined, answer, output);
            return default;
        }

        ((CodecAnswerFacts)exchange.Facts).Observe(answer);
        exchange.AnswerKeeper?.Keep(exchange, answer, rendition.Context);
        if (rendition.IsStream)
        {
            WriteAsStream(exchange, answer, output);
        }
        else
        {
            AnswerWriting.WriteWhole(rendition, answer, output);
            AnswerHead.Start(exchange, _response, StatusCodes.Status200OK, "application/json", isEventStream: false);
            exchange.Http.Response.ContentLength = output.Length;
        }

        return default;
    }

    /// <summary>The answer goes on with what another target began, and this one does not stream.</summary>
    private void GoOn(Exchange exchange, JoinedStream joined, ChatResponse rest, PooledBuffer output)
    {
        List<ChatStreamEvent> events = [.. AnswerEvents.Of(rest)];
        joined.Join(events);
        foreach (var streamEvent in events)
        {
            _ = ((CodecAnswerFacts)exchange.Facts).Observe(streamEvent);
            joined.Whole?.Add(streamEvent);
            joined.Writer.Write(streamEvent, output);
        }

        if (joined.Whole?.ToResponse() is { } answer)
        {
            exchange.AnswerKeeper?.Keep(exchange, answer, rendition.Context);
        }
    }

    private void WriteAsStream(Exchange exchange, ChatResponse answer, PooledBuffer output)
    {
        var writer = rendition.Caller.NewStreamWriter(rendition.Context);
        foreach (var streamEvent in AnswerEvents.Of(answer))
        {
            writer.Write(streamEvent, output);
        }

        AnswerHead.Start(exchange, _response, StatusCodes.Status200OK, writer.ContentType, isEventStream: true);
    }
}

internal static class AnswerWriting
{
    /// <summary>Writes a whole answer in the caller's dialect.</summary>
    public static void WriteWhole(ChatRendition rendition, ChatResponse answer, PooledBuffer output)
    {
        using var writer = new Utf8JsonWriter((IBufferWriter<byte>)output, JsonWriting.Options);
        rendition.Caller.WriteResponse(answer, rendition.Context, writer);
    }
}
