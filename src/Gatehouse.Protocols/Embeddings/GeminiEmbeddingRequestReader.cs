using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Embeddings;

/// <summary>
/// Reads what Gemini's clients send to <c>:embedContent</c> and <c>:batchEmbedContents</c> (Gemini's API specification,
/// EmbedContentRequest), in camelCase and, as Google's servers take it too, in snake_case.
/// </summary>
public sealed class GeminiEmbeddingRequestReader
{
    private const string ModelPrefix = "models/";
    private readonly string _model;
    private readonly List<EmbeddingInput> _inputs = [];
    private OtherMembers _others;

    /// <summary>Of the first request in a batch: those of the others are the same.</summary>
    private Options? _options;

    private GeminiEmbeddingRequestReader(string model) => _model = model;

    /// <summary>Null with an <paramref name="error"/> for a body that cannot be accepted.</summary>
    /// <param name="body">The whole request body.</param>
    /// <param name="model">As the path names it, without <c>models/</c>.</param>
    /// <param name="isBatch">The body is a list of requests.</param>
    /// <param name="error">What is wrong, and with which member.</param>
    public static EmbeddingRequest? Read(in ReadOnlySequence<byte> body, string model, bool isBatch, out RequestError error)
    {
        var request = new GeminiEmbeddingRequestReader(model);
        var reader = new Utf8JsonReader(body);
        try
        {
            error = request.Read(ref reader, isBatch);
        }
        catch (JsonException)
        {
            error = new RequestError("The request body is not valid JSON.", Field: null);
        }
        catch (InvalidOperationException)
        {
            // GetString() on bytes that are not UTF-8, or on half a surrogate pair.
            error = new RequestError("The request holds a text that is not valid Unicode.", Field: null);
        }

        return error.Message is null ? request.ToRequest() : null;
    }

    private EmbeddingRequest ToRequest() => new(_model, _inputs)
    {
        Dimensions = _options?.Dimensions,
        InputType = _options?.InputType,
        Truncation = _options?.Truncation,
        OtherMembers = _others.Names,
    };

    private RequestError Read(ref Utf8JsonReader reader, bool isBatch)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return new RequestError("The request body must be a JSON object.", Field: null);
        }

        var mistake = isBatch ? ReadBatch(ref reader) : ReadRequest(ref reader, prefix: "");
        if (mistake.Message is null)
        {
            // Nothing may follow: anything but white space is an exception.
            _ = reader.Read();
        }

        return mistake;
    }

    private RequestError ReadBatch(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!reader.TextIs("requests"u8))
            {
                // The model beside the list, which the clients for Go write, is the one of the path.
                JsonValueReader.SkipValue(ref reader);
                continue;
            }

            _ = reader.Read();
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                return new RequestError("'requests' must be a list.", "requests");
            }

            // Of members with the same name, JSON parsers take the last.
            _inputs.Clear();
            _options = null;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (_inputs.Count == EmbeddingRequestReader.MaxInputs)
                {
                    return new RequestError($"'requests' has more than {EmbeddingRequestReader.MaxInputs} items.", "requests");
                }

                var field = $"requests[{_inputs.Count}]";
                var mistake = reader.TokenType == JsonTokenType.StartObject
                    ? ReadRequest(ref reader, field + ".")
                    : new RequestError($"'{field}' must be an object.", field);
                if (mistake.Message is not null)
                {
                    return mistake;
                }
            }
        }

        return _inputs.Count == 0 ? new RequestError("'requests' is required: a list of requests.", "requests") : default;
    }

    /// <param name="reader">At the bracket of a request; at its end afterwards.</param>
    /// <param name="prefix">Of its members' names in an error.</param>
    private RequestError ReadRequest(ref Utf8JsonReader reader, string prefix)
    {
        EmbeddingInput? input = null;
        var options = default(Options);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("content"u8))
            {
                _ = reader.Read();
                input = ReadContent(ref reader);
            }
            else if (reader.TextIs("model"u8))
            {
                _ = reader.Read();
                if (reader.TokenType != JsonTokenType.String || !IsModelOfPath(reader.GetString()!))
                {
                    return new RequestError($"'{prefix}model' must be the model in the path, 'models/{_model}'.", prefix + "model");
                }
            }
            else if (reader.TextIs("outputDimensionality"u8) || reader.TextIs("output_dimensionality"u8))
            {
                _ = reader.Read();
                if (reader.TokenType == JsonTokenType.Null)
                {
                    continue;
                }

                if (!reader.TryGetInteger(out var dimensions) || dimensions is < 1 or > int.MaxValue)
                {
                    return new RequestError($"'{prefix}outputDimensionality' must be an integer from 1.", prefix + "outputDimensionality");
                }

                options = options with { Dimensions = (int)dimensions };
            }
            else if (reader.TextIs("taskType"u8) || reader.TextIs("task_type"u8))
            {
                options = options with { InputType = ReadTaskType(ref reader) };
            }
            else if (reader.TextIs("autoTruncate"u8) || reader.TextIs("auto_truncate"u8))
            {
                _ = reader.Read();
                options = options with
                {
                    Truncation = reader.TokenType switch
                    {
                        JsonTokenType.True => EmbeddingTruncation.End,
                        JsonTokenType.False => EmbeddingTruncation.None,
                        _ => null,
                    },
                };
                reader.Skip();
            }
            else
            {
                _others.Add(ref reader);
            }
        }

        if (input is null)
        {
            return new RequestError($"'{prefix}content' is required, with 'parts' that hold a text.", prefix + "content");
        }

        if (_options is { } first && first != options)
        {
            return new RequestError($"'{prefix}taskType', 'outputDimensionality' and 'autoTruncate' must be those of the first request.", prefix + "taskType");
        }

        _options = options;
        _inputs.Add(input);
        return default;
    }

    private bool IsModelOfPath(string name) =>
        (name.StartsWith(ModelPrefix, StringComparison.Ordinal) ? name.AsSpan(ModelPrefix.Length) : name).SequenceEqual(_model);

    /// <summary>Null for what is not a content with parts.</summary>
    private static EmbeddingInput? ReadContent(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        EmbeddingInput? input = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isParts = reader.TextIs("parts"u8);
            _ = reader.Read();
            if (isParts && reader.TokenType == JsonTokenType.StartArray)
            {
                input = ReadParts(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return input;
    }

    private static EmbeddingInput? ReadParts(ref Utf8JsonReader reader)
    {
        EmbeddingInput? input = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var part = ReadPart(ref reader);

            // How the parts become one vector is the model's own affair: no other joins them in the same way.
            input = input is null ? part : new OtherInput("an input of several parts");
        }

        return input;
    }

    private static EmbeddingInput ReadPart(ref Utf8JsonReader reader)
    {
        var other = new OtherInput("an input that is not a text");
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return other;
        }

        string? text = null;
        var hasData = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isText = reader.TextIs("text"u8);
            _ = reader.Read();
            if (isText && reader.TokenType == JsonTokenType.String)
            {
                text = reader.GetString();
            }
            else
            {
                // An image or a file; what is only said about the part is a scalar.
                hasData |= reader.TokenType == JsonTokenType.StartObject;
                reader.Skip();
            }
        }

        return text is null || hasData ? other : new TextInput(text);
    }

    private EmbeddingInputType? ReadTaskType(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        var task = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        var isNothing = reader.TokenType == JsonTokenType.Null || task is "TASK_TYPE_UNSPECIFIED";
        reader.Skip();
        EmbeddingInputType? type = task switch
        {
            "RETRIEVAL_DOCUMENT" => EmbeddingInputType.Document,
            "RETRIEVAL_QUERY" or "QUESTION_ANSWERING" or "FACT_VERIFICATION" or "CODE_RETRIEVAL_QUERY" => EmbeddingInputType.Query,
            "SEMANTIC_SIMILARITY" => EmbeddingInputType.Similarity,
            "CLASSIFICATION" => EmbeddingInputType.Classification,
            "CLUSTERING" => EmbeddingInputType.Clustering,
            _ => null,
        };
        if (type is null && !isNothing)
        {
            _others.Add("taskType");
        }

        return type;
    }

    private readonly record struct Options(int? Dimensions, EmbeddingInputType? InputType, EmbeddingTruncation? Truncation);
}
