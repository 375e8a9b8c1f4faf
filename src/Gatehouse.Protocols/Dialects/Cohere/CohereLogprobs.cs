using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Cohere;

/// <summary>
/// Cohere's <c>{text, token_ids, logprobs}</c> is about a piece of text of one token or more; OpenAI's <c>{token, logprob, bytes,
/// top_logprobs}</c> about a token. The probability of a piece is the product of those of its tokens.
/// </summary>
internal static class CohereLogprobs
{
    /// <summary>In OpenAI's form.</summary>
    /// <param name="items">A list of pieces, or one of them.</param>
    public static JsonElement? Read(JsonElement? items)
    {
        if (items is not { ValueKind: JsonValueKind.Array or JsonValueKind.Object } given)
        {
            return null;
        }

        return JsonMade.Element(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("content");
            if (given.ValueKind == JsonValueKind.Object)
            {
                WriteToken(writer, given);
            }
            else
            {
                foreach (var item in given.EnumerateArray())
                {
                    WriteToken(writer, item);
                }
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    /// <summary>Writes the pieces of OpenAI's form. It has no ids of tokens.</summary>
    public static void WriteItem(Utf8JsonWriter writer, JsonElement token)
    {
        writer.WriteStartObject();
        writer.WriteString("text", token.Text("token"));
        writer.WriteStartArray("token_ids");
        writer.WriteEndArray();
        writer.WriteStartArray("logprobs");
        writer.WriteNumberValue(Finite(token.Number("logprob") ?? 0));
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteToken(Utf8JsonWriter writer, JsonElement item)
    {
        var sum = 0.0;
        foreach (var value in item.Items("logprobs"))
        {
            sum += value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number : 0;
        }

        writer.WriteStartObject();
        writer.WriteString("token", item.Text("text"));
        writer.WriteNumber("logprob", Finite(sum));
        writer.WriteNull("bytes");
        writer.WriteStartArray("top_logprobs");
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static double Finite(double value) => double.IsFinite(value) ? value : -9999;
}
