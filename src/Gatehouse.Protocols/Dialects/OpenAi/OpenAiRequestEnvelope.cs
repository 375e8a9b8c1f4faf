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

    /// <summary>No provider has a name as long; it goes into headers and the ledger.</summary>
    private const int MaxModelLength = 512;

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

    /// <summary>"model" is written more than once: who reads the first one reads something else than who reads the last.</summary>
    public bool HasSeveralModels => _models.Count > 1;

    public bool IsStream { get; private set; }

    /// <summary>The names of the other members, as <see cref="MemberNames"/> marks them.</summary>
    public ulong Names { get; private set; }

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
            error = new RequestError($"The request body is not valid JSON: {Mistake(body)}.", Field: null);
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

    /// <summary>
    /// Utf8JsonReader tells line and column, and its count of bytes depends on how the body is cut into segments; the scanner says where.
    /// </summary>
    private static string Mistake(in ReadOnlySequence<byte> body)
    {
        var scanner = new JsonScanner([], maxMemberLength: 0);
        foreach (var segment in body)
        {
            if (!scanner.Push(segment.Span))
            {
                return $"unexpected content at byte {scanner.Offset}";
            }
        }

        return $"it is cut off at byte {scanner.Offset}";
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
            if (reader.TextIs("model"u8))
            {
                if (ReadModel(ref reader, requireModel) is { Message: not null } mistake)
                {
                    return mistake;
                }
            }
            else if (reader.TextIs("stream"u8))
            {
                _ = reader.Read();
                IsStream = reader.TokenType == JsonTokenType.True;
                reader.Skip();
            }
            else if (reader.TextIs("stream_options"u8))
            {
                ReadStreamOptions(ref reader);
            }
            else if (reader.TextIsInAnyCase("model"u8))
            {
                // Some servers match names in any case: they would read another model than the one that was authorized.
                return new RequestError($"Write 'model' in lower case (at byte {reader.TokenStartIndex}).", "model");
            }
            else
            {
                Names |= reader.HasValueSequence ? ulong.MaxValue : MemberNames.MarkOf(reader.ValueSpan);
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

    private RequestError ReadModel(ref Utf8JsonReader reader, bool requireModel)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            Model = reader.GetString();
            _models.Add(TokenRange(reader));
            return Model!.Length <= MaxModelLength
                ? default
                : new RequestError($"'model' is longer than {MaxModelLength} characters (at byte {reader.TokenStartIndex}).", "model");
        }

        if (requireModel)
        {
            return new RequestError($"'model' must be a string (at byte {reader.TokenStartIndex}).", "model");
        }

        // A relayed request that names no model, in other words.
        reader.Skip();
        return default;
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
            var isIncludeUsage = reader.TextIs("include_usage"u8);
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
