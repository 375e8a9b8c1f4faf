using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Embeddings;

/// <summary>Writes the answer of <c>/v1/embeddings</c>, in the OpenAI format.</summary>
public static class EmbeddingAnswerWriter
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="output">Takes one JSON object.</param>
    /// <param name="model">What the caller is told; <see cref="EmbeddingAnswer.Model"/> or the target's name of the model.</param>
    /// <param name="encoding">As the caller asked: whatever the provider sent, the values are the same to the last bit.</param>
    public static void Write(IBufferWriter<byte> output, EmbeddingAnswer answer, string model, EmbeddingEncoding encoding)
    {
        using var writer = new Utf8JsonWriter(output, WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("object"u8, "list"u8);
        writer.WriteStartArray("data"u8);
        for (var i = 0; i < answer.Vectors.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteString("object"u8, "embedding"u8);
            writer.WriteNumber("index"u8, i);
            writer.WritePropertyName("embedding"u8);
            WriteVector(writer, answer.Vectors[i], encoding);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("model"u8, model);

        // Required by the format: where the provider did not report it, clients that read it find a zero instead of nothing.
        writer.WriteStartObject("usage"u8);
        var input = InputOf(answer.Usage);
        writer.WriteNumber("prompt_tokens"u8, input);
        writer.WriteNumber("total_tokens"u8, input + (answer.Usage?.OutputTokens ?? 0));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static long InputOf(Usage? usage) => (usage?.InputTokens ?? 0) + (usage?.CacheReadTokens ?? 0) + (usage?.CacheWriteTokens ?? 0);

    private static void WriteVector(Utf8JsonWriter writer, float[] vector, EmbeddingEncoding encoding)
    {
        if (encoding == EmbeddingEncoding.Numbers)
        {
            writer.WriteStartArray();
            foreach (var value in vector)
            {
                // The shortest text that is read as the same value.
                writer.WriteNumberValue(value);
            }

            writer.WriteEndArray();
        }
        else if (BitConverter.IsLittleEndian)
        {
            writer.WriteBase64StringValue(MemoryMarshal.AsBytes(vector.AsSpan()));
        }
        else
        {
            var bits = new int[vector.Length];
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<float, int>(vector.AsSpan()), bits);
            writer.WriteBase64StringValue(MemoryMarshal.AsBytes(bits.AsSpan()));
        }
    }
}
