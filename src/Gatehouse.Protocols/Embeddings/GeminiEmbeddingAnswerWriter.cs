using System.Buffers;
using System.Text.Json;

namespace Gatehouse.Protocols.Embeddings;

/// <summary>Writes the answers of <c>:embedContent</c> and <c>:batchEmbedContents</c>, in Gemini's format.</summary>
public static class GeminiEmbeddingAnswerWriter
{
    /// <param name="output">Takes one JSON object.</param>
    /// <param name="answer">Of one vector, unless it is a batch.</param>
    /// <param name="isBatch">The request was a list.</param>
    public static void Write(IBufferWriter<byte> output, EmbeddingAnswer answer, bool isBatch)
    {
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        if (isBatch)
        {
            writer.WriteStartArray("embeddings"u8);
            foreach (var vector in answer.Vectors)
            {
                WriteEmbedding(writer, vector);
            }

            writer.WriteEndArray();
        }
        else
        {
            writer.WritePropertyName("embedding"u8);
            WriteEmbedding(writer, answer.Vectors[0]);
        }

        if (answer.Usage?.InputTokens is { } tokens)
        {
            writer.WriteStartObject("usageMetadata"u8);
            writer.WriteNumber("promptTokenCount"u8, tokens + (answer.Usage.CacheReadTokens ?? 0));
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteEmbedding(Utf8JsonWriter writer, float[] vector)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("values"u8);
        foreach (var value in vector)
        {
            writer.WriteNumberValue(value);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
