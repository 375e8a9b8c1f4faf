using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Between Gemini's <c>logprobsResult</c> and OpenAI's <c>logprobs</c>, the form that the neutral model has.</summary>
internal static class GeminiLogprobs
{
    public static JsonElement Read(JsonElement result) => JsonMade.Element(writer =>
    {
        var top = result.Array("topCandidates") is { } list ? list.EnumerateArray().ToArray() : [];
        var index = 0;
        writer.WriteStartObject();
        writer.WriteStartArray("content"u8);
        foreach (var chosen in result.Items("chosenCandidates"))
        {
            writer.WriteStartObject();
            WriteToken(chosen, writer);
            writer.WriteStartArray("top_logprobs"u8);
            if (index < top.Length)
            {
                foreach (var candidate in top[index].Items("candidates"))
                {
                    writer.WriteStartObject();
                    WriteToken(candidate, writer);
                    writer.WriteEndObject();
                }
            }

            index++;
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <summary>Writes the member <c>logprobsResult</c> of what OpenAI's form says.</summary>
    public static void Write(JsonElement logprobs, Utf8JsonWriter writer)
    {
        if (logprobs.Array("content") is not { } content)
        {
            return;
        }

        writer.WriteStartObject("logprobsResult"u8);
        writer.WriteStartArray("chosenCandidates"u8);
        foreach (var token in content.EnumerateArray())
        {
            WriteCandidate(token, writer);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("topCandidates"u8);
        foreach (var token in content.EnumerateArray())
        {
            writer.WriteStartObject();
            writer.WriteStartArray("candidates"u8);
            foreach (var candidate in token.Items("top_logprobs"))
            {
                WriteCandidate(candidate, writer);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteToken(JsonElement candidate, Utf8JsonWriter writer)
    {
        var token = candidate.Text("token") ?? "";
        writer.WriteString("token"u8, token);
        writer.WriteNumber("logprob"u8, candidate.Number("logProbability") ?? 0);
        writer.WriteStartArray("bytes"u8);
        foreach (var octet in Encoding.UTF8.GetBytes(token))
        {
            writer.WriteNumberValue(octet);
        }

        writer.WriteEndArray();
    }

    private static void WriteCandidate(JsonElement token, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteOptional("token", token.Text("token"));
        writer.WriteOptional("logProbability", token.Number("logprob"));
        writer.WriteEndObject();
    }
}
