using System.Buffers;
using System.Data.Common;
using System.Text.Json;
using Gatehouse.Objects;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Protocols.Json;
using Gatehouse.Responses;

namespace Gatehouse.Ingress;

/// <summary>
/// Reads a request of the Responses API. Where it goes on from an answer that the gateway keeps, the turns before it are put in; an answer
/// that the provider keeps leads to that provider.
/// </summary>
internal sealed class ResponsesIngress(ResponseStore store, ObjectService objects)
{
    private static readonly ulong StateMarks = MemberNames.MarksOf(["previous_response_id", "conversation"]);

    public async ValueTask<Outcome> ReadAsync(Exchange exchange)
    {
        var outcome = await ModelIngress.ReadAsync(exchange);
        if (!outcome.Continues)
        {
            return outcome;
        }

        try
        {
            return await ReadStateAsync(exchange);
        }
        catch (DbException exception)
        {
            return new GatewayError(GatewayErrorCode.Overloaded, $"The gateway cannot look up earlier answers at the moment ({exception.Message}). Try again later.");
        }
        catch (JsonException)
        {
            return new GatewayError(GatewayErrorCode.InvalidRequest, $"The request is nested more than {JsonWriting.ReadOptions.MaxDepth} levels deep.");
        }
        catch (MalformedException exception)
        {
            return new GatewayError(GatewayErrorCode.InvalidRequest, exception.Message) { Field = exception.Field };
        }
    }

    private async Task<Outcome> ReadStateAsync(Exchange exchange)
    {
        // A copy: the buffers go back to the server before the answer is kept. Not disposed of: it goes when the exchange does.
        var request = JsonDocument.Parse(exchange.Request.Body.ToArray(), JsonWriting.ReadOptions).RootElement;
        var previous = (exchange.Request.Envelope!.Names & StateMarks) == 0 ? null : request.Text("previous_response_id");
        var kept = previous is null ? null : await store.FindAsync(previous, exchange.Key!.Id);
        if (kept is not null)
        {
            var body = new ReadOnlySequence<byte>(ResponsesState.WithEarlierTurns(request, kept.Turn.Items));
            exchange.ReplaceBody(OpenAiRequestEnvelope.Read(body, out _)!, body);
            exchange.Request.ContinuesFrom = previous;
        }

        if (request.Flag("store") != false)
        {
            exchange.AnswerKeeper = new ResponseKeeper(request, kept?.Turn.Items ?? ReadOnlyMemory<byte>.Empty);
        }

        return await objects.CheckCallAsync(exchange) is { } error ? error : Outcome.Continue;
    }
}
