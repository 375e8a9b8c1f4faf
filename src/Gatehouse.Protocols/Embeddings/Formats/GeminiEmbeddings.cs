using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Embeddings.Formats;

/// <summary>Gemini's batchEmbedContents (its API specification, BatchEmbedContentsRequest). Older models report no usage.</summary>
internal static class GeminiEmbeddings
{
    private const string ModelPrefix = "models/";

    public static string PathOf(string model) => $"/v1beta/{ModelPrefix}{Uri.EscapeDataString(NameOf(model))}:batchEmbedContents";

    public static void WriteRequest(Utf8JsonWriter writer, EmbeddingRequest request, EmbeddingSlice inputs)
    {
        var model = ModelPrefix + NameOf(request.Model);
        writer.WriteStartObject();
        writer.WriteStartArray("requests"u8);
        foreach (var text in inputs.Texts)
        {
            writer.WriteStartObject();

            // "This model must match the model in the URL" (EmbedContentRequest.model): it is required in each of them.
            writer.WriteString("model"u8, model);
            writer.WriteStartObject("content"u8);
            writer.WriteStartArray("parts"u8);
            writer.WriteStartObject();
            writer.WriteString("text"u8, text);
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
            if (request.InputType is { } type)
            {
                writer.WriteString("taskType"u8, TaskOf(type));
            }

            if (request.Dimensions is { } dimensions)
            {
                writer.WriteNumber("outputDimensionality"u8, dimensions);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    public static void ReadAnswer(ref Utf8JsonReader reader, AnswerVectors answer)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("embeddings"u8))
            {
                _ = reader.Read();
                if (!ReadEmbeddings(ref reader, answer))
                {
                    return;
                }
            }
            else if (reader.TextIs("usageMetadata"u8))
            {
                ReadUsage(ref reader, answer);
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }
    }

    private static bool ReadEmbeddings(ref Utf8JsonReader reader, AnswerVectors answer)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return answer.Fail("has no list 'embeddings'");
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!ReadEmbedding(ref reader, answer))
            {
                return false;
            }
        }

        return true;
    }

    private static bool ReadEmbedding(ref Utf8JsonReader reader, AnswerVectors answer)
    {
        float[]? values = null;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (!reader.TextIs("values"u8))
                {
                    JsonValueReader.SkipValue(ref reader);
                    continue;
                }

                _ = reader.Read();
                values = answer.Read(ref reader);
                if (values is null)
                {
                    return false;
                }
            }
        }

        return values is null ? answer.Fail("has an embedding without 'values'") : answer.PutNext(values);
    }

    private static void ReadUsage(ref Utf8JsonReader reader, AnswerVectors answer)
    {
        if (!JsonValueReader.EnterObject(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("promptTokenCount"u8))
            {
                answer.ReadInputTokens(ref reader);
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }
    }

    private static string NameOf(string model) => model.StartsWith(ModelPrefix, StringComparison.Ordinal) ? model[ModelPrefix.Length..] : model;

    private static ReadOnlySpan<byte> TaskOf(EmbeddingInputType type) => type switch
    {
        EmbeddingInputType.Query => "RETRIEVAL_QUERY"u8,
        EmbeddingInputType.Classification => "CLASSIFICATION"u8,
        EmbeddingInputType.Clustering => "CLUSTERING"u8,
        EmbeddingInputType.Similarity => "SEMANTIC_SIMILARITY"u8,
        _ => "RETRIEVAL_DOCUMENT"u8,
    };
}
