using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Responses;

/// <summary>Keeps the answer to one request of the Responses API.</summary>
/// <param name="asked">The caller's request, without the earlier turns; null where there are none, and the exchange has it.</param>
/// <param name="earlier">The items of the turn that it follows; empty for none.</param>
internal sealed class ResponseKeeper(JsonElement? asked, ReadOnlyMemory<byte> earlier) : IAnswerKeeper
{
    /// <summary>What is larger is not kept: a conversation of this length fits no model.</summary>
    private const int MaxLength = 32 * 1024 * 1024;

    public void Keep(Exchange exchange, ChatResponse answer, AnswerContext context)
    {
        var response = ResponsesState.ResponseObject(answer, context);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(response, JsonWriting.ReadOptions);
        }
        catch (JsonException)
        {
            // Deeper than what can be read again.
            return;
        }

        using var read = document;
        var turn = ResponsesState.Turn(asked ?? exchange.Request.Document, earlier, document.RootElement);
        if (turn.Items.Length + response.Length > MaxLength)
        {
            return;
        }

        var retention = exchange.Snapshot.Options.Responses.Retention;
        exchange.Companions.Add(new KeptResponse(
            document.RootElement.GetProperty("id").GetString()!, exchange.Key!.Id, exchange.StartedAt, exchange.StartedAt + retention, turn, response));
    }
}
