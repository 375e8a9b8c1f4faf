using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>A conversation up to and with one answer.</summary>
/// <param name="Items">A JSON array of items in UTF-8: what was put in, earlier turns included, then what came out.</param>
/// <param name="InputCount">How many of the items were put in.</param>
public sealed record StoredTurn(byte[] Items, int InputCount);

/// <summary>
/// What a gateway must do that keeps answers for <c>previous_response_id</c> and <c>GET /v1/responses/{id}</c> itself, for providers that
/// keep none. Instructions are not kept: "the instructions from a previous response will not be carried over to the next response".
/// </summary>
public static class ResponsesState
{
    /// <summary>The <c>response</c> object of an answer, as <c>GET /v1/responses/{id}</c> gives it; equal in ids to the stream it was sent as.</summary>
    public static byte[] ResponseObject(ChatResponse response, AnswerContext context) =>
        JsonMade.Bytes(writer => ResponsesResponseWriter.Write(response, context, writer));

    /// <summary>The turn to keep of a request and its answer.</summary>
    /// <param name="request">The caller's request, without the earlier turns.</param>
    /// <param name="earlier"><see cref="StoredTurn.Items"/> of the turn that it follows; empty for none.</param>
    /// <param name="response">The <c>response</c> object.</param>
    /// <exception cref="JsonException">The earlier turn is not JSON.</exception>
    public static StoredTurn Turn(JsonElement request, ReadOnlyMemory<byte> earlier, JsonElement response)
    {
        var count = 0;
        var items = JsonMade.Bytes(writer =>
        {
            writer.WriteStartArray();
            count = WriteInput(writer, request, earlier);
            foreach (var item in response.Items("output"))
            {
                writer.WriteElement(item);
            }

            writer.WriteEndArray();
        });
        return new StoredTurn(items, count);
    }

    /// <summary>The request with the earlier turns before its own input, and without <c>previous_response_id</c>.</summary>
    /// <param name="request">The caller's request.</param>
    /// <param name="earlier"><see cref="StoredTurn.Items"/> of the turn that it names.</param>
    /// <exception cref="MalformedException">The request is not an object.</exception>
    /// <exception cref="JsonException">The earlier turn is not JSON.</exception>
    public static byte[] WithEarlierTurns(JsonElement request, ReadOnlyMemory<byte> earlier)
    {
        if (request.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(null, "the body must be a JSON object");
        }

        return JsonMade.Bytes(writer =>
        {
            writer.WriteStartObject();
            foreach (var member in request.EnumerateObject())
            {
                var name = JsonMembers.NameOf(member);
                if (name is not ("input" or "previous_response_id"))
                {
                    writer.WritePropertyName(name);
                    writer.WriteElement(member.Value);
                }
            }

            writer.WriteStartArray("input"u8);
            _ = WriteInput(writer, request, earlier);
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    /// <summary>The list that <c>GET /v1/responses/{id}/input_items</c> gives.</summary>
    /// <param name="turn">What was kept.</param>
    /// <param name="responseId">Makes ids for items that have none.</param>
    /// <param name="limit">At most so many; 1 to 100, OpenAI's default is 20.</param>
    /// <param name="after">The id of the item before the first; null for the beginning.</param>
    /// <param name="isAscending">Oldest first; OpenAI's default is newest first.</param>
    public static byte[] InputItems(StoredTurn turn, string responseId, int limit = 20, string? after = null, bool isAscending = false)
    {
        using var document = JsonDocument.Parse(turn.Items, JsonWriting.ReadOptions);
        var items = document.RootElement.EnumerateArray().Take(turn.InputCount)
            .Select((item, index) => (Item: item, Id: item.Text("id") ?? IdOf(item, responseId, index))).ToList();
        if (!isAscending)
        {
            items.Reverse();
        }

        var start = after is null ? 0 : items.FindIndex(i => i.Id == after) + 1;
        var page = items.Skip(start).Take(limit).ToList();
        return JsonMade.Bytes(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("object"u8, "list"u8);
            writer.WriteStartArray("data"u8);
            foreach (var (item, id) in page)
            {
                WriteListed(writer, item, id);
            }

            writer.WriteEndArray();
            writer.WriteString("first_id"u8, page.Count > 0 ? page[0].Id : null);
            writer.WriteString("last_id"u8, page.Count > 0 ? page[^1].Id : null);
            writer.WriteBoolean("has_more"u8, start + page.Count < items.Count);
            writer.WriteEndObject();
        });
    }

    private static int WriteInput(Utf8JsonWriter writer, JsonElement request, ReadOnlyMemory<byte> earlier)
    {
        var count = 0;
        if (!earlier.IsEmpty)
        {
            using var document = JsonDocument.Parse(earlier, JsonWriting.ReadOptions);
            foreach (var item in document.RootElement.EnumerateArray())
            {
                writer.WriteElement(item);
                count++;
            }
        }

        if (request.Member("input") is { ValueKind: JsonValueKind.String } text)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "message"u8);
            writer.WriteString("role"u8, "user"u8);
            WriteText(writer, text);
            writer.WriteEndObject();
            return count + 1;
        }

        foreach (var item in request.Items("input"))
        {
            writer.WriteElement(item);
            count++;
        }

        return count;
    }

    /// <summary>An item as the API returns it: with an id, and messages in their full form.</summary>
    private static void WriteListed(Utf8JsonWriter writer, JsonElement item, string id)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, id);
        if (item.Member("type") is null)
        {
            writer.WriteString("type"u8, "message"u8);
        }

        foreach (var member in item.EnumerateObject())
        {
            var name = JsonMembers.NameOf(member);
            if (name == "content" && member.Value.ValueKind == JsonValueKind.String)
            {
                WriteText(writer, member.Value);
            }
            else if (name != "id")
            {
                writer.WritePropertyName(name);
                writer.WriteElement(member.Value);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, JsonElement text)
    {
        writer.WriteStartArray("content"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "input_text"u8);
        writer.WritePropertyName("text"u8);
        writer.WriteElement(text);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static string IdOf(JsonElement item, string responseId, int index)
    {
        var prefix = item.Text("type") switch { null or "message" => "msg", "function_call_output" => "fco", "reasoning" => "rs", "function_call" => "fc", _ => "item" };
        return $"{prefix}_{responseId}_{index.ToString(CultureInfo.InvariantCulture)}";
    }
}
