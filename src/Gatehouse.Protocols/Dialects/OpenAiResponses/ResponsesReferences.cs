using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>
/// Items that an input only names: <c>{"type":"item_reference","id":"fc_..."}</c>. Clients write them for what an answer with
/// <c>store</c> held, so a gateway that keeps the answer must put the item in.
/// </summary>
public static class ResponsesReferences
{
    private const int IndexLength = 2;

    /// <summary>The ids of the items that are named, the last first: the answer it stands in was kept with all that came before it.</summary>
    public static IReadOnlyList<string> Of(JsonElement request)
    {
        List<string>? ids = null;
        foreach (var item in request.Items("input"))
        {
            if (IdOf(item) is { } id)
            {
                (ids ??= []).Add(id);
            }
        }

        ids?.Reverse();
        return ids ?? [];
    }

    /// <summary>The answer that an item stands in, by the ids that this project makes (<c>fc_</c>, the answer's, and two digits).</summary>
    /// <returns>Null for an id of another form.</returns>
    public static string? ResponseOf(string itemId)
    {
        var start = itemId.IndexOf('_', StringComparison.Ordinal) + 1;
        return start > 0 && itemId.Length - start > IndexLength ? $"resp_{itemId[start..^IndexLength]}" : null;
    }

    /// <summary>Adds the items of a kept turn by their ids.</summary>
    /// <exception cref="JsonException">The turn is not JSON.</exception>
    public static void AddItems(StoredTurn turn, IDictionary<string, JsonElement> items)
    {
        using var document = JsonDocument.Parse(turn.Items, JsonWriting.ReadOptions);
        foreach (var item in document.RootElement.EnumerateArray())
        {
            if (item.Text("id") is { } id && IdOf(item) is null)
            {
                items[id] = item.Clone();
            }
        }
    }

    /// <summary>The request with the items in place of their names; names of unknown items stay.</summary>
    public static byte[] WithItems(JsonElement request, IReadOnlyDictionary<string, JsonElement> items)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, JsonWriting.Options))
        {
            writer.WriteStartObject();
            foreach (var member in request.EnumerateObject())
            {
                var name = JsonMembers.NameOf(member);
                writer.WritePropertyName(name);
                if (name != "input" || member.Value.ValueKind != JsonValueKind.Array)
                {
                    writer.WriteElement(member.Value);
                    continue;
                }

                writer.WriteStartArray();
                foreach (var item in member.Value.EnumerateArray())
                {
                    writer.WriteElement(IdOf(item) is { } id && items.TryGetValue(id, out var known) ? known : item);
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>The id of the item that is named; null when it is there. "type" may be missing (OpenAI's specification, ItemReferenceParam).</summary>
    private static string? IdOf(JsonElement item) =>
        item.ValueKind == JsonValueKind.Object && (item.Text("type") == "item_reference" || (item.Member("type") is null && item.Member("role") is null))
            ? item.Text("id")
            : null;
}
