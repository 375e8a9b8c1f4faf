using System.Buffers;
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

        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, JsonWriting.Options))
        {
            writer.WriteStartArray();
            foreach (var entry in lists.SelectMany(list => list.EnumerateArray()))
            {
                writer.WriteElement(entry);
            }

            writer.WriteEndArray();
        }

        return Parse(output.WrittenSpan);
    }

    /// <summary>Null for a list without entries: providers send one whether it was asked for or not.</summary>
    public static JsonElement? ObjectOf(JsonElement? list)
    {
        if (list is not { ValueKind: JsonValueKind.Array } entries || entries.GetArrayLength() == 0)
        {
            return null;
        }

        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, JsonWriting.Options))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("content"u8);
            writer.WriteElement(entries);
            writer.WriteEndObject();
        }

        return Parse(output.WrittenSpan);
    }

    private static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        // One level deeper than what was read.
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth + 1 });
        return JsonElement.ParseValue(ref reader);
    }
}
