using System.Text.Json;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Embeddings.Formats;

/// <summary>The OpenAI format (OpenAI's API specification, createEmbedding), in which Voyage and Mistral answer too.</summary>
internal static class OpenAiEmbeddings
{
    public static void WriteRequest(Utf8JsonWriter writer, EmbeddingRequest request, EmbeddingSlice inputs)
    {
        writer.WriteStartObject();
        writer.WriteString("model"u8, request.Model);
        WriteInputs(writer, inputs);
        if (request.Dimensions is { } dimensions)
        {
            writer.WriteNumber("dimensions"u8, dimensions);
        }

        if (request.Encoding == EmbeddingEncoding.Base64)
        {
            writer.WriteString("encoding_format"u8, "base64"u8);
        }

        if (request.User is not null)
        {
            writer.WriteString("user"u8, request.User);
        }

        writer.WriteEndObject();
    }

    public static void WriteInputs(Utf8JsonWriter writer, EmbeddingSlice inputs)
    {
        writer.WriteStartArray("input"u8);
        foreach (var input in inputs)
        {
            if (input is TokensInput { Tokens: var tokens })
            {
                writer.WriteStartArray();
                foreach (var token in tokens)
                {
                    writer.WriteNumberValue(token);
                }

                writer.WriteEndArray();
            }
            else
            {
                writer.WriteStringValue(((TextInput)input).Text);
            }
        }

        writer.WriteEndArray();
    }

    public static void ReadAnswer(ref Utf8JsonReader reader, AnswerVectors answer)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("data"u8))
            {
                _ = reader.Read();
                if (!ReadData(ref reader, answer))
                {
                    return;
                }
            }
            else if (reader.TextIs("model"u8))
            {
                answer.ReadModel(ref reader);
            }
            else if (reader.TextIs("usage"u8))
            {
                _ = reader.Read();
                answer.Usage = OpenAiUsageReader.Read(ref reader) ?? answer.Usage;
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }
    }

    private static bool ReadData(ref Utf8JsonReader reader, AnswerVectors answer)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return answer.Fail("has no list 'data'");
        }

        // Items come in the order of the inputs, and some servers do not number them.
        for (var position = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; position++)
        {
            if (!ReadItem(ref reader, position, answer))
            {
                return false;
            }
        }

        return true;
    }

    private static bool ReadItem(ref Utf8JsonReader reader, int position, AnswerVectors answer)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return answer.Fail("has an item in 'data' that is not an object");
        }

        long index = position;
        float[]? vector = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("embedding"u8))
            {
                _ = reader.Read();
                vector = answer.Read(ref reader);
                if (vector is null)
                {
                    return false;
                }
            }
            else if (reader.TextIs("index"u8))
            {
                index = JsonValueReader.ReadCount(ref reader) ?? index;
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }

        return vector is null ? answer.Fail("has an item in 'data' without an 'embedding'") : answer.Put(index, vector);
    }
}
