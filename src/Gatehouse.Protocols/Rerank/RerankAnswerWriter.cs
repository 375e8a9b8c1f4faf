using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gatehouse.Protocols.Rerank;

/// <summary>Writes the answer of <c>/v1/rerank</c> and <c>/v2/rerank</c>, in Cohere's format.</summary>
public static class RerankAnswerWriter
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="output">Takes one JSON object.</param>
    /// <param name="request">What was asked: its documents are repeated if the caller wants them.</param>
    /// <param name="id">The provider's, or the gateway's own.</param>
    /// <param name="version">1 or 2: of the path that was called.</param>
    public static void Write(IBufferWriter<byte> output, RerankAnswer answer, RerankRequest request, string id, int version)
    {
        using var writer = new Utf8JsonWriter(output, WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("id"u8, id);
        writer.WriteStartArray("results"u8);
        foreach (var result in answer.Results)
        {
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, result.Index);
            writer.WriteNumber("relevance_score"u8, result.Score);
            if (request.ReturnDocuments)
            {
                writer.WriteStartObject("document"u8);
                writer.WriteString("text"u8, request.Documents[result.Index]);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        WriteMeta(writer, answer, version);
        writer.WriteEndObject();
    }

    private static void WriteMeta(Utf8JsonWriter writer, RerankAnswer answer, int version)
    {
        writer.WriteStartObject("meta"u8);
        writer.WriteStartObject("api_version"u8);
        writer.WriteString("version"u8, version.ToString(CultureInfo.InvariantCulture));
        writer.WriteEndObject();
        if (answer.SearchUnits is { } units)
        {
            writer.WriteStartObject("billed_units"u8);
            writer.WriteNumber("search_units"u8, units);
            writer.WriteEndObject();
        }

        if (answer.Usage is { } usage && (usage.InputTokens is not null || usage.OutputTokens is not null))
        {
            writer.WriteStartObject("tokens"u8);
            if (usage.InputTokens is { } input)
            {
                writer.WriteNumber("input_tokens"u8, input + (usage.CacheReadTokens ?? 0));
            }

            if (usage.OutputTokens is { } tokens)
            {
                writer.WriteNumber("output_tokens"u8, tokens);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
