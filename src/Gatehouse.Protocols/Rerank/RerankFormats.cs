using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gatehouse.Protocols.Rerank;

/// <summary>The formats of providers behind one face: they differ in a few names.</summary>
public static class RerankFormats
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Where the provider takes such calls, behind its base URL.</summary>
    public static string PathOf(RerankFormat format, string model) => format switch
    {
        RerankFormat.Cohere => "/v2/rerank",
        RerankFormat.BedrockCohere => $"/model/{Uri.EscapeDataString(model)}/invoke",
        _ => "/rerank",
    };

    /// <summary>What of a request the format cannot express.</summary>
    /// <param name="dropped">Takes the names of members that are left out.</param>
    /// <returns>Not null when the answer would be one to another request.</returns>
    public static UnsupportedFeature? Check(RerankFormat format, RerankRequest request, ICollection<string> dropped)
    {
        if (request.HasRankFields)
        {
            return new UnsupportedFeature("the choice of members by which documents are judged", $"{format} model {request.Model}", "rank_fields");
        }

        if (request.MaxTokensPerDocument is not null && !TakesMaxTokensPerDocument(format))
        {
            dropped.Add("max_tokens_per_doc");
        }

        foreach (var name in request.OtherMembers)
        {
            dropped.Add(name);
        }

        return null;
    }

    /// <summary>Writes the body of the call. The request has passed <see cref="Check"/>.</summary>
    public static void WriteRequest(RerankFormat format, RerankRequest request, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, WriterOptions);
        writer.WriteStartObject();
        if (format == RerankFormat.BedrockCohere)
        {
            // Bedrock: version 2 is the one whose documents are texts.
            writer.WriteNumber("api_version"u8, 2);
        }
        else
        {
            writer.WriteString("model"u8, request.Model);
        }

        writer.WriteString("query"u8, request.Query);
        writer.WriteStartArray("documents"u8);
        foreach (var document in request.Documents)
        {
            writer.WriteStringValue(document);
        }

        writer.WriteEndArray();
        if (request.TopN is { } count)
        {
            writer.WriteNumber(format == RerankFormat.Voyage ? "top_k"u8 : "top_n"u8, count);
        }

        if (format == RerankFormat.Jina)
        {
            // Jina's default is to send the documents back.
            writer.WriteBoolean("return_documents"u8, false);
        }

        if (request.MaxTokensPerDocument is { } tokens && TakesMaxTokensPerDocument(format))
        {
            writer.WriteNumber("max_tokens_per_doc"u8, tokens);
        }

        writer.WriteEndObject();
    }

    /// <summary>Reads the body of a successful answer. Null with a <paramref name="mistake"/> for one that is of no use.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="mistake">Ends a sentence that begins with "The answer".</param>
    public static RerankAnswer? ReadAnswer(in ReadOnlySequence<byte> body, RerankRequest request, out string? mistake)
    {
        var results = new RerankResults(request.Documents.Count);
        var reader = new Utf8JsonReader(body);
        try
        {
            if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                results.Read(ref reader);
                if (results.Mistake is null)
                {
                    // Nothing may follow: anything but white space is an exception.
                    _ = reader.Read();
                }
            }
            else
            {
                results.Fail("is not a JSON object");
            }
        }
        catch (JsonException)
        {
            results.Fail("is not valid JSON");
        }
        catch (InvalidOperationException)
        {
            // A string of bytes that are not UTF-8, or with half a surrogate pair.
            results.Fail("is not valid Unicode");
        }

        var answer = results.ToAnswer(request.TopN);
        mistake = results.Mistake;
        return answer;
    }

    private static bool TakesMaxTokensPerDocument(RerankFormat format) => format is RerankFormat.Cohere or RerankFormat.BedrockCohere;
}
