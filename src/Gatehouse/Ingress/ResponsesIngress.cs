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
/// Reads a request of the Responses API. Where it goes on from an answer that the gateway keeps, the turns before it are put in, and so
/// are items that it only names; an answer that the provider keeps leads to that provider.
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
        if ((exchange.Request.Envelope!.Names & StateMarks) == 0 && !ResponsesReferences.MayHave(exchange.Request.Body))
        {
            exchange.AnswerKeeper = new ResponseKeeper(asked: null, ReadOnlyMemory<byte>.Empty);
        }
        else if (await ContinueAsync(exchange) is { } error)
        {
            return error;
        }

        return await objects.CheckCallAsync(exchange) is { } refused ? refused : Outcome.Continue;
    }

    /// <summary>Puts the earlier turns in, as far as the gateway keeps them.</summary>
    private async Task<GatewayError?> ContinueAsync(Exchange exchange)
    {
        // A copy: the buffers go back to the server before the answer is kept.
        using var document = JsonDocument.Parse(exchange.Request.Body.ToArray(), JsonWriting.ReadOptions);
        var request = await WithItemsAsync(exchange, document.RootElement.Clone());
        if (request.Member("previous_response_id") is { ValueKind: not JsonValueKind.String })
        {
            return new GatewayError(GatewayErrorCode.InvalidRequest, "'previous_response_id' must be a string.") { Field = "previous_response_id" };
        }

        var previous = request.Text("previous_response_id");
        var kept = previous is null ? null : await store.FindAsync(previous, exchange.Key!.Id);
        if (kept is not null)
        {
            var body = new ReadOnlySequence<byte>(ResponsesState.WithEarlierTurns(request, kept.Turn.Items));
            exchange.ReplaceBody(OpenAiRequestEnvelope.Read(body, out _)!, body);
            exchange.Request.ContinuesFrom = previous;
        }

        exchange.AnswerKeeper = new ResponseKeeper(request, kept?.Turn.Items ?? ReadOnlyMemory<byte>.Empty);
        return null;
    }

    /// <summary>Puts in the items of kept answers that the input only names; those of answers that a provider keeps are its own matter.</summary>
    private async Task<JsonElement> WithItemsAsync(Exchange exchange, JsonElement request)
    {
        Dictionary<string, JsonElement>? items = null;
        foreach (var id in ResponsesReferences.Of(request))
        {
            if (items?.ContainsKey(id) != true && ResponsesReferences.ResponseOf(id) is { } response
                && await store.FindAsync(response, exchange.Key!.Id) is { } kept)
            {
                ResponsesReferences.AddItems(kept.Turn, items ??= new(StringComparer.Ordinal));
            }
        }

        if (items is null)
        {
            return request;
        }

        var body = ResponsesReferences.WithItems(request, items);
        exchange.ReplaceBody(OpenAiRequestEnvelope.Read(new ReadOnlySequence<byte>(body), out _)!, new ReadOnlySequence<byte>(body));
        using var document = JsonDocument.Parse(body, JsonWriting.ReadOptions);
        return document.RootElement.Clone();
    }
}
