using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Embeddings;

/// <summary>
/// Reads what clients send to <c>/v1/embeddings</c>: the OpenAI format, with the members that Voyage (<c>input_type</c>,
/// <c>truncation</c>, <c>output_dimension</c>, <c>output_dtype</c>), Mistral (the last two) and Cohere (<c>truncate</c>) have beside it.
/// </summary>
public sealed class EmbeddingRequestReader
{
    /// <summary>"any array must be 2048 dimensions or less" (OpenAI's API specification, createEmbedding).</summary>
    public const int MaxInputs = 2048;

    private string? _model;
    private List<EmbeddingInput>? _inputs;
    private int? _dimensions;
    private EmbeddingEncoding _encoding;
    private EmbeddingInputType? _inputType;
    private EmbeddingTruncation? _truncation;
    private string? _user;
    private string? _outputType;
    private OtherMembers _others;

    /// <summary>The member that is read just now, for an error that comes as an exception.</summary>
    private string _field = "";

    private EmbeddingRequestReader()
    {
    }

    /// <summary>Null with an <paramref name="error"/> for a body that cannot be accepted.</summary>
    /// <param name="body">The whole request body.</param>
    /// <param name="error">What is wrong, and with which member.</param>
    public static EmbeddingRequest? Read(in ReadOnlySequence<byte> body, out RequestError error)
    {
        var request = new EmbeddingRequestReader();
        var reader = new Utf8JsonReader(body);
        try
        {
            error = request.Read(ref reader);
        }
        catch (JsonException)
        {
            error = new RequestError("The request body is not valid JSON.", Field: null);
        }
        catch (InvalidOperationException)
        {
            // GetString() on bytes that are not UTF-8, or on half a surrogate pair.
            error = new RequestError($"'{request._field}' is not valid Unicode.", request._field);
        }

        return error.Message is null ? request.ToRequest() : null;
    }

    private EmbeddingRequest ToRequest() => new(_model!, _inputs!)
    {
        Dimensions = _dimensions,
        Encoding = _encoding,
        InputType = _inputType,
        Truncation = _truncation,
        User = _user,
        OutputType = _outputType,
        OtherMembers = _others.Names,
    };

    private RequestError Read(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return new RequestError("The request body must be a JSON object.", Field: null);
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (ReadMember(ref reader) is { Message: not null } mistake)
            {
                return mistake;
            }
        }

        // Nothing may follow: anything but white space is an exception.
        _ = reader.Read();
        return string.IsNullOrEmpty(_model) ? new RequestError("'model' is required: a route, provider/model, or the id of a model.", "model")
            : _inputs is null ? new RequestError("'input' is required: a text, or a list of texts.", "input")
            : default;
    }

    private RequestError ReadMember(ref Utf8JsonReader reader)
    {
        if (reader.TextIs("input"u8))
        {
            _ = reader.Read();
            return ReadInputs(ref reader);
        }

        if (reader.TextIs("model"u8))
        {
            return ReadText(ref reader, "model", out _model);
        }

        if (reader.TextIs("dimensions"u8))
        {
            return ReadDimensions(ref reader, "dimensions");
        }

        if (reader.TextIs("output_dimension"u8))
        {
            return ReadDimensions(ref reader, "output_dimension");
        }

        if (reader.TextIs("encoding_format"u8))
        {
            return ReadEncoding(ref reader);
        }

        if (reader.TextIs("input_type"u8))
        {
            return ReadInputType(ref reader);
        }

        if (reader.TextIs("truncation"u8))
        {
            return ReadTruncation(ref reader, "truncation");
        }

        if (reader.TextIs("truncate"u8))
        {
            return ReadTruncation(ref reader, "truncate");
        }

        if (reader.TextIs("user"u8))
        {
            return ReadText(ref reader, "user", out _user);
        }

        if (reader.TextIs("output_dtype"u8))
        {
            var mistake = ReadText(ref reader, "output_dtype", out var type);
            _outputType = type is "float" ? null : type;
            return mistake;
        }

        _others.Add(ref reader);
        return default;
    }

    private RequestError ReadInputs(ref Utf8JsonReader reader)
    {
        _field = "input";
        _inputs = [];
        if (reader.TokenType == JsonTokenType.String)
        {
            _inputs.Add(new TextInput(reader.GetString()!));
            return default;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return new RequestError("'input' must be a text, a list of texts, a list of token ids, or a list of such lists.", "input");
        }

        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.Number)
        {
            return ReadTokens(ref reader, "input");
        }

        for (; reader.TokenType != JsonTokenType.EndArray; _ = reader.Read())
        {
            var field = $"input[{_inputs.Count}]";
            if (_inputs.Count == MaxInputs)
            {
                return new RequestError($"'input' has more than {MaxInputs} items.", "input");
            }

            if (reader.TokenType == JsonTokenType.String)
            {
                _field = field;
                _inputs.Add(new TextInput(reader.GetString()!));
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                _ = reader.Read();
                if (ReadTokens(ref reader, field) is { Message: not null } mistake)
                {
                    return mistake;
                }
            }
            else
            {
                return new RequestError($"'{field}' must be a text or a list of token ids.", field);
            }
        }

        return _inputs.Count == 0 ? new RequestError("'input' is empty.", "input") : default;
    }

    /// <param name="reader">Behind the bracket; at the closing one afterwards.</param>
    private RequestError ReadTokens(ref Utf8JsonReader reader, string field)
    {
        var tokens = new List<int>();
        for (; reader.TokenType != JsonTokenType.EndArray; _ = reader.Read())
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var token) || token < 0)
            {
                return new RequestError($"'{field}' must hold token ids only: integers from 0.", field);
            }

            tokens.Add(token);
        }

        _inputs!.Add(new TokensInput([.. tokens]));
        return tokens.Count == 0 ? new RequestError($"'{field}' is empty.", field) : default;
    }

    private RequestError ReadDimensions(ref Utf8JsonReader reader, string field)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return default;
        }

        if (!reader.TryGetInteger(out var dimensions) || dimensions is < 1 or > int.MaxValue)
        {
            return new RequestError($"'{field}' must be an integer from 1.", field);
        }

        _dimensions = (int)dimensions;
        return default;
    }

    private RequestError ReadEncoding(ref Utf8JsonReader reader)
    {
        var mistake = ReadText(ref reader, "encoding_format", out var encoding);
        if (mistake.Message is not null)
        {
            return mistake;
        }

        _encoding = encoding is "base64" ? EmbeddingEncoding.Base64 : EmbeddingEncoding.Numbers;
        return encoding is null or "float" or "base64" ? default : new RequestError("'encoding_format' must be 'float' or 'base64'.", "encoding_format");
    }

    private RequestError ReadInputType(ref Utf8JsonReader reader)
    {
        var mistake = ReadText(ref reader, "input_type", out var type);
        if (mistake.Message is not null)
        {
            return mistake;
        }

        _inputType = type switch
        {
            "document" or "search_document" or "passage" => EmbeddingInputType.Document,
            "query" or "search_query" => EmbeddingInputType.Query,
            "classification" => EmbeddingInputType.Classification,
            "clustering" => EmbeddingInputType.Clustering,
            "similarity" or "semantic_similarity" => EmbeddingInputType.Similarity,
            _ => null,
        };
        if (type is not null && _inputType is null)
        {
            // A hint of one provider's own: none of the others knows it.
            _others.Add("input_type");
        }

        return default;
    }

    private RequestError ReadTruncation(ref Utf8JsonReader reader, string field)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return default;
        }

        _truncation = reader.TokenType switch
        {
            JsonTokenType.True => EmbeddingTruncation.End,
            JsonTokenType.False => EmbeddingTruncation.None,
            JsonTokenType.String when reader.TextIsInAnyCase("none"u8) => EmbeddingTruncation.None,
            JsonTokenType.String when reader.TextIsInAnyCase("start"u8) => EmbeddingTruncation.Start,
            JsonTokenType.String when reader.TextIsInAnyCase("end"u8) => EmbeddingTruncation.End,
            _ => null,
        };
        return _truncation is not null ? default : new RequestError($"'{field}' must be true, false, 'NONE', 'START' or 'END'.", field);
    }

    private RequestError ReadText(ref Utf8JsonReader reader, string field, out string? text)
    {
        _field = field;
        text = null;
        _ = reader.Read();
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
        {
            return new RequestError($"'{field}' must be a string.", field);
        }

        text = reader.GetString();
        return default;
    }
}
