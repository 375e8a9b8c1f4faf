using System.Text.Json;

namespace Gatehouse.Protocols.Embeddings.Formats;

/// <summary>Voyage: the OpenAI format with an input type. Its answer is OpenAI's, its usage a total.</summary>
internal static class VoyageEmbeddings
{
    public static void WriteRequest(Utf8JsonWriter writer, EmbeddingRequest request, EmbeddingSlice inputs)
    {
        writer.WriteStartObject();
        writer.WriteString("model"u8, request.Model);
        OpenAiEmbeddings.WriteInputs(writer, inputs);
        if (request.InputType is EmbeddingInputType.Document or EmbeddingInputType.Query)
        {
            writer.WriteString("input_type"u8, request.InputType == EmbeddingInputType.Query ? "query"u8 : "document"u8);
        }

        if (request.Truncation is EmbeddingTruncation.None or EmbeddingTruncation.End)
        {
            writer.WriteBoolean("truncation"u8, request.Truncation == EmbeddingTruncation.End);
        }

        if (request.Dimensions is { } dimensions)
        {
            writer.WriteNumber("output_dimension"u8, dimensions);
        }

        if (request.Encoding == EmbeddingEncoding.Base64)
        {
            writer.WriteString("encoding_format"u8, "base64"u8);
        }

        writer.WriteEndObject();
    }
}
