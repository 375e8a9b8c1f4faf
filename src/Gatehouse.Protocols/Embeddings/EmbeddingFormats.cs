using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Gatehouse.Protocols.Embeddings.Formats;

namespace Gatehouse.Protocols.Embeddings;

/// <summary>
/// The formats of providers behind one face. For a request: <see cref="Check"/> once, then for each of its <see cref="CallsFor"/> calls
/// <see cref="WriteRequest"/> and <see cref="ReadAnswer"/>, then <see cref="EmbeddingAnswer.Join"/>.
/// </summary>
public static class EmbeddingFormats
{
    /// <summary>Calls that one request may take at most: as many as 2,048 texts take in lists of 96, and some.</summary>
    public const int MaxCalls = 32;

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Where the provider takes such calls, behind its base URL.</summary>
    public static string PathOf(EmbeddingFormat format, string model) => format switch
    {
        EmbeddingFormat.Cohere => "/v2/embed",
        EmbeddingFormat.Gemini => GeminiEmbeddings.PathOf(model),
        EmbeddingFormat.BedrockTitan or EmbeddingFormat.BedrockCohere => BedrockTitanEmbeddings.PathOf(model),
        EmbeddingFormat.Ollama => "/api/embed",
        _ => "/embeddings",
    };

    /// <summary>Inputs that the provider takes in one call.</summary>
    public static int InputsPerCall(EmbeddingFormat format) => format switch
    {
        EmbeddingFormat.BedrockTitan => 1,
        EmbeddingFormat.Cohere or EmbeddingFormat.BedrockCohere => 96,
        EmbeddingFormat.Gemini => 100,
        EmbeddingFormat.Voyage => 1000,
        _ => EmbeddingRequestReader.MaxInputs,
    };

    /// <summary>Number of calls that the request takes.</summary>
    public static int CallsFor(EmbeddingFormat format, EmbeddingRequest request) =>
        (request.Inputs.Count + InputsPerCall(format) - 1) / InputsPerCall(format);

    /// <summary>Number of inputs in one of the calls.</summary>
    /// <param name="call">From 0.</param>
    public static int InputsIn(EmbeddingFormat format, EmbeddingRequest request, int call) =>
        Math.Min(InputsPerCall(format), request.Inputs.Count - (call * InputsPerCall(format)));

    /// <summary>What of a request the format cannot express.</summary>
    /// <param name="dropped">Takes the names of members that are left out.</param>
    /// <returns>Not null when the answer would be one to another request.</returns>
    public static UnsupportedFeature? Check(EmbeddingFormat format, EmbeddingRequest request, ICollection<string> dropped)
    {
        var target = $"{NameOf(format)} model {request.Model}";
        if (request.Inputs.OfType<OtherInput>().FirstOrDefault() is { } other)
        {
            return new UnsupportedFeature(other.What, target, "content");
        }

        if (format != EmbeddingFormat.OpenAi && request.Inputs.Any(input => input is TokensInput))
        {
            return new UnsupportedFeature("an input of token ids, which mean something in the model's own vocabulary only", target, "input");
        }

        if (request.OutputType is not null)
        {
            return new UnsupportedFeature($"vectors of type {request.OutputType}", target, "output_dtype");
        }

        if (format == EmbeddingFormat.BedrockTitan && request.Dimensions is not null && !BedrockTitanEmbeddings.TakesDimensions(request.Model))
        {
            return new UnsupportedFeature("a length of the vectors: whoever stores them expects it", target, "dimensions");
        }

        if (CallsFor(format, request) > MaxCalls)
        {
            return new UnsupportedFeature($"{request.Inputs.Count} inputs (at most {MaxCalls * InputsPerCall(format)})", target, "input");
        }

        if (request.InputType is { } type && !TakesInputType(format, type))
        {
            dropped.Add("input_type");
        }

        if (request.Truncation is { } truncation && !TakesTruncation(format, truncation))
        {
            dropped.Add("truncation");
        }

        if (request.User is not null && format != EmbeddingFormat.OpenAi)
        {
            dropped.Add("user");
        }

        foreach (var name in request.OtherMembers)
        {
            dropped.Add(name);
        }

        return null;
    }

    /// <summary>Writes the body of one call. The request has passed <see cref="Check"/>.</summary>
    /// <param name="call">From 0.</param>
    public static void WriteRequest(EmbeddingFormat format, EmbeddingRequest request, int call, IBufferWriter<byte> output)
    {
        var inputs = new EmbeddingSlice(request.Inputs, call * InputsPerCall(format), InputsIn(format, request, call));
        using var writer = new Utf8JsonWriter(output, WriterOptions);
        switch (format)
        {
            case EmbeddingFormat.Cohere:
            case EmbeddingFormat.BedrockCohere:
                CohereEmbeddings.WriteRequest(writer, request, inputs, isBedrock: format == EmbeddingFormat.BedrockCohere);
                break;
            case EmbeddingFormat.Gemini:
                GeminiEmbeddings.WriteRequest(writer, request, inputs);
                break;
            case EmbeddingFormat.Voyage:
                VoyageEmbeddings.WriteRequest(writer, request, inputs);
                break;
            case EmbeddingFormat.Mistral:
                MistralEmbeddings.WriteRequest(writer, request, inputs);
                break;
            case EmbeddingFormat.BedrockTitan:
                BedrockTitanEmbeddings.WriteRequest(writer, request, inputs);
                break;
            case EmbeddingFormat.Ollama:
                OllamaEmbeddings.WriteRequest(writer, request, inputs);
                break;
            default:
                OpenAiEmbeddings.WriteRequest(writer, request, inputs);
                break;
        }
    }

    /// <summary>Reads the body of a successful answer to one call. Null with a <paramref name="mistake"/> for one that is of no use.</summary>
    /// <param name="inputs">Number of inputs of that call: the answer must have a vector for each.</param>
    /// <param name="mistake">Ends a sentence that begins with "The answer".</param>
    public static EmbeddingAnswer? ReadAnswer(EmbeddingFormat format, in ReadOnlySequence<byte> body, int inputs, out string? mistake)
    {
        var vectors = new AnswerVectors(inputs);
        var reader = new Utf8JsonReader(body);
        try
        {
            if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadBody(format, ref reader, vectors);
                if (vectors.Mistake is null)
                {
                    // Nothing may follow: anything but white space is an exception.
                    _ = reader.Read();
                }
            }
            else
            {
                _ = vectors.Fail("is not a JSON object");
            }
        }
        catch (JsonException)
        {
            _ = vectors.Fail("is not valid JSON");
        }
        catch (InvalidOperationException)
        {
            // A string of bytes that are not UTF-8, or with half a surrogate pair.
            _ = vectors.Fail("is not valid Unicode");
        }

        var answer = vectors.ToAnswer();
        mistake = vectors.Mistake;
        return answer;
    }

    private static void ReadBody(EmbeddingFormat format, ref Utf8JsonReader reader, AnswerVectors vectors)
    {
        switch (format)
        {
            case EmbeddingFormat.Cohere:
            case EmbeddingFormat.BedrockCohere:
                CohereEmbeddings.ReadAnswer(ref reader, vectors);
                break;
            case EmbeddingFormat.Gemini:
                GeminiEmbeddings.ReadAnswer(ref reader, vectors);
                break;
            case EmbeddingFormat.BedrockTitan:
                BedrockTitanEmbeddings.ReadAnswer(ref reader, vectors);
                break;
            case EmbeddingFormat.Ollama:
                OllamaEmbeddings.ReadAnswer(ref reader, vectors);
                break;
            default:
                OpenAiEmbeddings.ReadAnswer(ref reader, vectors);
                break;
        }
    }

    private static bool TakesInputType(EmbeddingFormat format, EmbeddingInputType type) => format switch
    {
        EmbeddingFormat.Gemini => true,
        EmbeddingFormat.Cohere or EmbeddingFormat.BedrockCohere => type != EmbeddingInputType.Similarity,
        EmbeddingFormat.Voyage => type is EmbeddingInputType.Document or EmbeddingInputType.Query,
        _ => false,
    };

    private static bool TakesTruncation(EmbeddingFormat format, EmbeddingTruncation truncation) => format switch
    {
        EmbeddingFormat.Cohere or EmbeddingFormat.BedrockCohere => true,
        EmbeddingFormat.Voyage or EmbeddingFormat.Ollama => truncation != EmbeddingTruncation.Start,
        EmbeddingFormat.Gemini => false,

        // They have no such member, and answer an error to an input that is too long.
        _ => truncation == EmbeddingTruncation.None,
    };

    private static string NameOf(EmbeddingFormat format) => format switch
    {
        EmbeddingFormat.OpenAi => "OpenAI",
        EmbeddingFormat.BedrockTitan => "Amazon Titan",
        EmbeddingFormat.BedrockCohere => "Cohere on Bedrock",
        _ => format.ToString(),
    };
}
