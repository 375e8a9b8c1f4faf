using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>
/// What the gateway must know of an OpenAI-format request (chat completions, completions, embeddings, responses), found in one scan of
/// the bytes, and where it stands in them. The body itself stays as the caller sent it.
/// </summary>
public sealed class OpenAiRequestEnvelope
{
    private static readonly byte[] StreamOptionsMember = ",\"stream_options\":{\"include_usage\":true}"u8.ToArray();
    private static readonly byte[] StreamOptionsValue = "{\"include_usage\":true}"u8.ToArray();
    private static readonly byte[] IncludeUsageMember = "\"include_usage\":true"u8.ToArray();
    private static readonly byte[] IncludeUsageMemberAndComma = "\"include_usage\":true,"u8.ToArray();
    private static readonly byte[] TrueValue = "true"u8.ToArray();
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 512 };

    private readonly List<Range> _models = new(1);
    private Range? _streamOptions;
    private JsonTokenType _streamOptionsType;
    private bool _streamOptionsIsEmpty;
    private Range? _includeUsage;
    private long _end;

    private OpenAiRequestEnvelope()
    {
    }

    /// <summary>The last "model" member: of members with the same name, JSON parsers take the last.</summary>
    public string? Model { get; private set; }

    public bool IsStream { get; private set; }

    /// <summary>The caller set <c>stream_options.include_usage</c> to true.</summary>
    public bool AsksForUsage { get; private set; }

    /// <summary>Reads the whole body once. Null with an <paramref name="error"/> when it cannot be accepted.</summary>
    /// <param name="body">The whole request body.</param>
    /// <param name="error">What is wrong and where.</param>
    /// <param name="requireModel">False for paths that the gateway relays without knowing them.</param>
    public static OpenAiRequestEnvelope? Read(in ReadOnlySequence<byte> body, out RequestError error, bool requireModel = true)
    {
        var envelope = new OpenAiRequestEnvelope();
        var reader = new Utf8JsonReader(body, ReaderOptions);
        try
        {
            error = envelope.Read(ref reader, requireModel);
        }
        catch (JsonException)
        {
            // The reader stops at the token it cannot read; BytesConsumed is the end of the last good one.
            error = new RequestError($"The request body is not valid JSON: unexpected content at byte {reader.BytesConsumed}.", Field: null);
        }
        catch (InvalidOperationException) when (reader.TokenType == JsonTokenType.PropertyName)
        {
            error = new RequestError($"The name of a member is not valid Unicode (at byte {reader.TokenStartIndex}).", Field: null);
        }
        catch (InvalidOperationException)
        {
            // GetString() on bytes that are not UTF-8, or on half a surrogate pair.
            error = new RequestError("'model' is not valid Unicode.", "model");
        }

        return error.Message is null ? envelope : null;
    }

    /// <summary>The edits that turn the caller's body into the one for the target, in order.</summary>
    /// <param name="model">The target's own name of the model.</param>
    /// <param name="askForUsage">Ask for the usage of a stream where the caller did not.</param>
    public JsonEdit[] EditsFor(string model, bool askForUsage)
    {
        var asks = askForUsage && IsStream && !AsksForUsage;
        var keepsModel = string.Equals(model, Model, StringComparison.Ordinal) && _models.Count == 1;
        if (!asks && keepsModel)
        {
            return [];
        }

        var edits = new List<JsonEdit>(_models.Count + 1);
        if (!keepsModel)
        {
            var value = Quote(model);
            foreach (var range in _models)
            {
                edits.Add(new JsonEdit(range.Offset, range.Length, value));
            }
        }

        if (asks && AskForUsage() is { } edit)
        {
            edits.Add(edit);
            edits.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        }

        return [.. edits];
    }

    private static byte[] Quote(string model) => Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(model)}\"");

    private JsonEdit? AskForUsage() => (_streamOptions, _includeUsage) switch
    {
        (null, _) => new JsonEdit(_end, 0, StreamOptionsMember),
        (_, { } flag) => new JsonEdit(flag.Offset, flag.Length, TrueValue),
        ({ } options, _) when _streamOptionsType == JsonTokenType.Null => new JsonEdit(options.Offset, options.Length, StreamOptionsValue),
        ({ } options, _) when _streamOptionsType == JsonTokenType.StartObject =>
            new JsonEdit(options.Offset + 1, 0, _streamOptionsIsEmpty ? IncludeUsageMember : IncludeUsageMemberAndComma),
        // Neither null nor an object: the provider says what is wrong with it.
        _ => null,
    };

    private RequestError Read(ref Utf8JsonReader reader, bool requireModel)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return new RequestError("The request body must be a JSON object.", Field: null);
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("model"u8))
            {
                if (!reader.Read() || reader.TokenType != JsonTokenType.String)
                {
                    return new RequestError($"'model' must be a string (at byte {reader.TokenStartIndex}).", "model");
                }

                Model = reader.GetString();
                _models.Add(TokenRange(reader));
            }
            else if (reader.ValueTextEquals("stream"u8))
            {
                _ = reader.Read();
                IsStream = reader.TokenType == JsonTokenType.True;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("stream_options"u8))
            {
                ReadStreamOptions(ref reader);
            }
            else
            {
                _ = reader.Read();
                reader.Skip();
            }
        }

        _end = reader.TokenStartIndex;
        _ = reader.Read();
        return requireModel && string.IsNullOrEmpty(Model)
            ? new RequestError("'model' is required: a route, provider/model, or the id of a model.", "model")
            : default;
    }

    private void ReadStreamOptions(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        _streamOptions = TokenRange(reader);
        _streamOptionsType = reader.TokenType;
        _streamOptionsIsEmpty = true;
        _includeUsage = null;
        AsksForUsage = false;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            _streamOptionsIsEmpty = false;
            var isIncludeUsage = reader.ValueTextEquals("include_usage"u8);
            _ = reader.Read();
            if (isIncludeUsage)
            {
                AsksForUsage = reader.TokenType == JsonTokenType.True;
                var start = reader.TokenStartIndex;
                reader.Skip();
                _includeUsage = new Range(start, (int)(reader.BytesConsumed - start));
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static Range TokenRange(in Utf8JsonReader reader) =>
        new(reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex));

    private readonly record struct Range(long Offset, int Length);
}

/// <summary>Why a request cannot be accepted: the message for its caller, and the field it is about.</summary>
public readonly record struct RequestError(string? Message, string? Field);
