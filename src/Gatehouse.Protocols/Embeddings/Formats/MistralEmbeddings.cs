using System.Text.Json;

namespace Gatehouse.Protocols.Embeddings.Formats;

/// <summary>
/// Mistral (its API specification, EmbeddingRequest). The vectors are taken as numbers whatever the caller asked for: not every model
/// of theirs has answered base64, and the gateway writes the same values in either form.
/// </summary>
internal static class MistralEmbeddings
{
    public static void WriteRequest(Utf8JsonWriter writer, EmbeddingRequest request, EmbeddingSlice inputs)
    {
        writer.WriteStartObject();
        writer.WriteString("model"u8, request.Model);
        OpenAiEmbeddings.WriteInputs(writer, inputs);
        if (request.Dimensions is { } dimensions)
        {
            writer.WriteNumber("output_dimension"u8, dimensions);
        }

        writer.WriteEndObject();
    }
}
