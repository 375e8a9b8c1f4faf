using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Embeddings.Formats;

/// <summary>Ollama's own format (its API specification, EmbedRequest).</summary>
internal static class OllamaEmbeddings
{
    public static void WriteRequest(Utf8JsonWriter writer, EmbeddingRequest request, EmbeddingSlice inputs)
    {
        writer.WriteStartObject();
        writer.WriteString("model"u8, request.Model);
        OpenAiEmbeddings.WriteInputs(writer, inputs);
        if (request.Truncation is EmbeddingTruncation.None or EmbeddingTruncation.End)
        {
            writer.WriteBoolean("truncate"u8, request.Truncation == EmbeddingTruncation.End);
        }

        if (request.Dimensions is { } dimensions)
        {
            writer.WriteNumber("dimensions"u8, dimensions);
        }

        writer.WriteEndObject();
    }

    public static void ReadAnswer(ref Utf8JsonReader reader, AnswerVectors answer)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("embeddings"u8))
            {
                _ = reader.Read();
                if (!answer.ReadVectors(ref reader))
                {
                    return;
                }
            }
            else if (reader.TextIs("model"u8))
            {
                answer.ReadModel(ref reader);
            }
            else if (reader.TextIs("prompt_eval_count"u8))
            {
                answer.ReadInputTokens(ref reader);
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }
    }
}
