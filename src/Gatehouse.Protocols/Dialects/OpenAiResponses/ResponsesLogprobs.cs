using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Log probabilities: a list here, an object with the list as its <c>content</c> in OpenAI Chat and in the middle.</summary>
internal static class ResponsesLogprobs
{
    public static JsonElement? ListOf(JsonElement? logprobs) => logprobs switch
    {
        { ValueKind: JsonValueKind.Array } list => list,
        { ValueKind: JsonValueKind.Object } chat => chat.Array("content"),
        _ => null,
    };

    /// <summary>All entries of some lists; null when there are none.</summary>
    public static JsonElement? ListOf(List<JsonElement> lists)
    {
        if (lists.Count == 0)
        {
            return null;
        }

        return JsonMade.Element(writer =>
        {
            writer.WriteStartArray();
            foreach (var entry in lists.SelectMany(list => list.EnumerateArray()))
            {
                writer.WriteElement(entry);
            }

            writer.WriteEndArray();
        });
    }

    /// <summary>Null for a list without entries: providers send one whether it was asked for or not.</summary>
    public static JsonElement? ObjectOf(JsonElement? list)
    {
        if (list is not { ValueKind: JsonValueKind.Array } entries || entries.GetArrayLength() == 0)
        {
            return null;
        }

        return JsonMade.Element(writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("content"u8);
            writer.WriteElement(entries);
            writer.WriteEndObject();
        });
    }
}
