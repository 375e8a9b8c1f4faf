using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Embeddings.Formats;

/// <summary>Cohere's v2 embed, and the same through Bedrock, where the model stands in the path.</summary>
internal static class CohereEmbeddings
{
    public static void WriteRequest(Utf8JsonWriter writer, EmbeddingRequest request, EmbeddingSlice inputs, bool isBedrock)
    {
        writer.WriteStartObject();
        if (!isBedrock)
        {
            writer.WriteString("model"u8, request.Model);
        }

        writer.WriteStartArray("texts"u8);
        foreach (var text in inputs.Texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();

        // Required for all models from v3 on. Who does not tell embeds what is to be found later, as a rule.
        writer.WriteString("input_type"u8, request.InputType switch
        {
            EmbeddingInputType.Query => "search_query"u8,
            EmbeddingInputType.Classification => "classification"u8,
            EmbeddingInputType.Clustering => "clustering"u8,
            _ => "search_document"u8,
        });
        if (!isBedrock)
        {
            // Required in v2. Through Bedrock the older models' own format is v1, and float the default of all.
            writer.WriteStartArray("embedding_types"u8);
            writer.WriteStringValue("float"u8);
            writer.WriteEndArray();
        }

        if (request.Dimensions is { } dimensions)
        {
            writer.WriteNumber("output_dimension"u8, dimensions);
        }

        if (request.Truncation is { } truncation)
        {
            writer.WriteString("truncate"u8, truncation switch
            {
                EmbeddingTruncation.None => "NONE"u8,
                EmbeddingTruncation.Start => "START"u8,
                _ => "END"u8,
            });
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
                if (!ReadEmbeddings(ref reader, answer))
                {
                    return;
                }
            }
            else if (reader.TextIs("meta"u8))
            {
                ReadMeta(ref reader, answer);
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }
    }

    /// <summary>By type, or (response type "embeddings_floats") the vectors themselves.</summary>
    private static bool ReadEmbeddings(ref Utf8JsonReader reader, AnswerVectors answer)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return answer.ReadVectors(ref reader);
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("float"u8))
            {
                _ = reader.Read();
                if (!answer.ReadVectors(ref reader))
                {
                    return false;
                }
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }

        return true;
    }

    private static void ReadMeta(ref Utf8JsonReader reader, AnswerVectors answer)
    {
        if (!JsonValueReader.EnterObject(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("billed_units"u8))
            {
                ReadBilledUnits(ref reader, answer);
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }
    }

    private static void ReadBilledUnits(ref Utf8JsonReader reader, AnswerVectors answer)
    {
        if (!JsonValueReader.EnterObject(ref reader))
        {
            return;
        }

        long? text = null;
        long? image = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("input_tokens"u8))
            {
                text = JsonValueReader.ReadCount(ref reader);
            }
            else if (reader.TextIs("image_tokens"u8))
            {
                image = JsonValueReader.ReadCount(ref reader);
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }

        if (text is not null || image is not null)
        {
            // Counted beside each other there, one within the other here.
            answer.Usage = new Usage { InputTokens = (text ?? 0) + (image ?? 0), ImageInputTokens = image };
        }
    }
}
