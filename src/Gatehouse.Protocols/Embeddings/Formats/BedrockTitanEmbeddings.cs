using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Embeddings.Formats;

/// <summary>
/// Amazon Titan text embeddings through InvokeModel: one text a call
/// (https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html, read 2026-11-21).
/// </summary>
internal static class BedrockTitanEmbeddings
{
    public static string PathOf(string model) => $"/model/{Uri.EscapeDataString(model)}/invoke";

    /// <summary>"The only available field is inputText" (G1 request).</summary>
    public static bool TakesDimensions(string model) =>
        !model.Contains("titan-embed-text-v1", StringComparison.Ordinal) && !model.Contains("titan-embed-g1", StringComparison.Ordinal);

    public static void WriteRequest(Utf8JsonWriter writer, EmbeddingRequest request, EmbeddingSlice inputs)
    {
        writer.WriteStartObject();
        writer.WriteString("inputText"u8, inputs.Texts.Single());
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
            if (reader.TextIs("embedding"u8))
            {
                _ = reader.Read();
                if (!answer.ReadVector(ref reader))
                {
                    return;
                }
            }
            else if (reader.TextIs("inputTextTokenCount"u8))
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
