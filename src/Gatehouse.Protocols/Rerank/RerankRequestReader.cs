using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Rerank;

/// <summary>Reads what clients send to <c>/v1/rerank</c> and <c>/v2/rerank</c>: Cohere's format of both versions, which Jina's clients send too.</summary>
public sealed class RerankRequestReader
{
    /// <summary>"A maximum of 10,000 documents" was Cohere's limit in v1; providers take fewer today, and say so themselves.</summary>
    public const int MaxDocuments = 10_000;

    private string? _model;
    private string? _query;
    private List<string>? _documents;
    private int? _topN;
    private bool _returnDocuments;
    private int? _maxTokensPerDocument;
    private bool _hasRankFields;
    private OtherMembers _others;

    /// <summary>The member that is read just now, for an error that comes as an exception.</summary>
    private string _field = "";

    private RerankRequestReader()
    {
    }

    /// <summary>Null with an <paramref name="error"/> for a body that cannot be accepted.</summary>
    /// <param name="body">The whole request body.</param>
    /// <param name="error">What is wrong, and with which member.</param>
    public static RerankRequest? Read(in ReadOnlySequence<byte> body, out RequestError error)
    {
        var request = new RerankRequestReader();
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

    private RerankRequest ToRequest() => new(_model!, _query!, _documents!)
    {
        TopN = _topN,
        ReturnDocuments = _returnDocuments,
        MaxTokensPerDocument = _maxTokensPerDocument,
        HasRankFields = _hasRankFields,
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
            : _query is null ? new RequestError("'query' is required.", "query")
            : _documents is null ? new RequestError("'documents' is required: a list of texts.", "documents")
            : default;
    }

    private RequestError ReadMember(ref Utf8JsonReader reader)
    {
        if (reader.TextIs("documents"u8))
        {
            _ = reader.Read();
            return ReadDocuments(ref reader);
        }

        if (reader.TextIs("model"u8))
        {
            return ReadText(ref reader, "model", ref _model);
        }

        if (reader.TextIs("query"u8))
        {
            return ReadText(ref reader, "query", ref _query);
        }

        if (reader.TextIs("top_n"u8))
        {
            return ReadCount(ref reader, "top_n", ref _topN);
        }

        if (reader.TextIs("max_tokens_per_doc"u8))
        {
            return ReadCount(ref reader, "max_tokens_per_doc", ref _maxTokensPerDocument);
        }

        if (reader.TextIs("return_documents"u8))
        {
            _ = reader.Read();
            _returnDocuments = reader.TokenType == JsonTokenType.True;
            return reader.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null
                ? default
                : new RequestError("'return_documents' must be true or false.", "return_documents");
        }

        if (reader.TextIs("rank_fields"u8))
        {
            ReadRankFields(ref reader);
            return default;
        }

        _others.Add(ref reader);
        return default;
    }

    private RequestError ReadDocuments(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return new RequestError("'documents' must be a list of texts.", "documents");
        }

        _documents = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (_documents.Count == MaxDocuments)
            {
                return new RequestError($"'documents' has more than {MaxDocuments} items.", "documents");
            }

            _field = $"documents[{_documents.Count}]";
            string? text = null;
            if (reader.TokenType == JsonTokenType.String)
            {
                text = reader.GetString();
            }
            else if (reader.TokenType == JsonTokenType.StartObject)
            {
                text = ReadDocument(ref reader);
            }

            if (text is null)
            {
                return new RequestError($"'{_field}' must be a text, or an object with a 'text'.", _field);
            }

            _documents.Add(text);
        }

        return _documents.Count == 0 ? new RequestError("'documents' is empty.", "documents") : default;
    }

    private static string? ReadDocument(ref Utf8JsonReader reader)
    {
        string? text = null;
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
                reader.Skip();
            }
        }

        return text;
    }

    /// <summary>To be judged by the text is what happens anyway.</summary>
    private void ReadRankFields(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        _hasRankFields = reader.TokenType != JsonTokenType.Null;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        _hasRankFields = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            _hasRankFields |= reader.TokenType != JsonTokenType.String || !reader.TextIs("text"u8);
            reader.Skip();
        }
    }

    private static RequestError ReadCount(ref Utf8JsonReader reader, string field, ref int? count)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return default;
        }

        if (!reader.TryGetInteger(out var value) || value is < 1 or > int.MaxValue)
        {
            return new RequestError($"'{field}' must be an integer from 1.", field);
        }

        count = (int)value;
        return default;
    }

    private RequestError ReadText(ref Utf8JsonReader reader, string field, ref string? text)
    {
        _field = field;
        _ = reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            return new RequestError($"'{field}' must be a string.", field);
        }

        text = reader.GetString();
        return default;
    }
}
