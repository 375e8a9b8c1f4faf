using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;
using Gatehouse.Upstream.Translation;

namespace Gatehouse.Routing.Traits;

/// <summary>The pass over a body that makes its <see cref="RequestTraits"/>: here the members of the body itself.</summary>
internal ref partial struct TraitsReader
{
    /// <summary>Of names, values and ids that become texts, in bytes. OpenAI takes 512 characters for a value of metadata.</summary>
    public const int MaxValueBytes = 1024;

    private readonly Dialect _dialect;
    private readonly bool _isConversation;
    private Utf8JsonReader _reader;

    /// <summary>What is being read. The whole of it is put away when its member ends, so that a repeated member replaces what came before.</summary>
    private Section _current;
    private Section _system;
    private Section _conversation;
    private Section _tools;
    private Section _other;

    /// <summary>Room for the beginning of a text with escapes, when there is one.</summary>
    private byte[]? _text;

    /// <summary>What is read belongs to the beginning of the prompt.</summary>
    private bool _hashes;

    /// <summary>What is read is the data of a medium, which is hashed and not weighed.</summary>
    private bool _isMedium;

    /// <summary>The message that is read has text that its speaker said, and not only what tools gave.</summary>
    private bool _hasUserText;

    private GenerationSettings _settings;
    private bool _hasThinking;
    private bool _isStream;
    private string? _user;
    private string? _safetyIdentifier;
    private ulong _cacheKey;
    private long _metadataOffset = -1;

    public TraitsReader(in ReadOnlySequence<byte> body, Dialect dialect, bool isConversation)
    {
        _reader = new Utf8JsonReader(body, RequestTraits.ReaderOptions);
        _dialect = dialect;
        _isConversation = isConversation;
        _conversation = Section.Empty;
    }

    public RequestTraits Read(long bodyBytes, bool isStream)
    {
        try
        {
            ReadBody();
        }
        catch (JsonException)
        {
            // A body that the envelope has not accepted, if ever one comes here: what was read until here is all there is.
        }

        if (_text is not null)
        {
            ArrayPool<byte>.Shared.Return(_text);
            _text = null;
        }

        var weight = _system.Weight + _conversation.Weight + _tools.Weight + _other.Weight + (_isConversation ? TokenEstimate.AnswerWeight : 0);
        var media = _system.Media + _conversation.Media;
        return new RequestTraits
        {
            BodyBytes = bodyBytes,
            InputTokens = (int)Math.Min(TokenEstimate.Of(weight, media), int.MaxValue),
            MaxOutputTokens = _settings.MaxOutputTokens,
            Choices = _settings.Choices ?? 1,
            Modalities = _system.Modalities | _conversation.Modalities,
            UsesTools = _tools.Count > 0 || _conversation.UsesTools,
            ToolCount = _tools.Count,
            WantsStructuredOutput = _settings.WantsStructuredOutput,
            WantsReasoning = _settings.WantsReasoning || _hasThinking,
            IsStream = _isStream || isStream,
            TurnCount = _conversation.Count,
            User = _safetyIdentifier ?? _user,
            PromptPrefix = Prefix(),
            LastUserOffset = _conversation.LastUserOffset,
            MetadataOffset = _metadataOffset,
        };
    }

    /// <summary>What a name stands for; escaped or not.</summary>
    public static Name NameOf(in Utf8JsonReader reader) => Lookup(reader, Names.Table);

    /// <summary>A name or string of at most <see cref="MaxValueBytes"/>; null for a longer one.</summary>
    public static string? ShortText(in Utf8JsonReader reader)
    {
        Span<byte> text = stackalloc byte[MaxValueBytes];
        var unescaper = new JsonUnescaper(text);
        unescaper.Push(reader);
        return unescaper.Length > MaxValueBytes ? null : Encoding.UTF8.GetString(text[..unescaper.Written]);
    }

    private static T Lookup<T>(in Utf8JsonReader reader, TextTable<T> table)
        where T : struct
    {
        if (!reader.HasValueSequence && !reader.ValueIsEscaped)
        {
            return table[reader.ValueSpan];
        }

        Span<byte> text = stackalloc byte[TextTable<T>.MaxLength];
        var unescaper = new JsonUnescaper(text);
        unescaper.Push(reader);
        return unescaper.Length > text.Length ? default : table[text[..unescaper.Written]];
    }

    private void ReadBody()
    {
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameOf(_reader);
            _ = _reader.Read();
            if (_isConversation)
            {
                ReadMember(name);
            }
            else if (name is Name.Input or Name.SizeOnly or Name.Content or Name.Instructions)
            {
                ReadSize();
            }
            else
            {
                ReadSetting(name);
            }
        }
    }

    private void ReadMember(Name name)
    {
        switch (name, _dialect)
        {
            case (Name.Messages, Dialect.OpenAiChat or Dialect.Anthropic):
            case (Name.Input, Dialect.OpenAiResponses):
            case (Name.Contents, Dialect.Gemini):
                ReadConversation();
                break;
            case (Name.System, Dialect.Anthropic or Dialect.Gemini):
            case (Name.Instructions, Dialect.OpenAiResponses):
                ReadSystem();
                break;
            case (Name.Tools, _):
                ReadTools();
                break;
            case (Name.GenerationConfig, Dialect.Gemini):
                ReadGenerationConfig();
                break;
            case (Name.ResponseFormat, Dialect.OpenAiChat):
            case (Name.Text, Dialect.OpenAiResponses):
            case (Name.OutputFormat, Dialect.Anthropic):
                _settings.WantsStructuredOutput = AsksForSchema();
                break;
            case (Name.Thinking, _):
                _hasThinking = AsksForReasoning();
                break;
            case (Name.ReasoningEffort or Name.Reasoning, _):
                _settings.WantsReasoning = AsksForReasoning();
                break;
            default:
                ReadSetting(name);
                break;
        }
    }

    private void ReadSetting(Name name)
    {
        switch (name)
        {
            case Name.Stream:
                _isStream = _reader.TokenType == JsonTokenType.True;
                _reader.Skip();
                break;
            case Name.MaxTokens:
                // Where both are given, OpenAI's newer name counts.
                _settings.OldMaxOutputTokens = Count();
                break;
            case Name.MaxCompletionTokens or Name.MaxOutputTokens:
                _settings.NewMaxOutputTokens = Count();
                break;
            case Name.Choices:
                _settings.Choices = Count();
                break;
            case Name.User:
                _user = Id();
                break;
            case Name.SafetyIdentifier:
                _safetyIdentifier = Id();
                break;
            case Name.PromptCacheKey when _reader.TokenType == JsonTokenType.String:
                var key = default(PrefixHash);
                AddToHash(ref key);
                _cacheKey = key.Value;
                break;
            case Name.Metadata:
            case Name.Labels when _dialect == Dialect.Gemini:
                ReadMetadata();
                break;
            default:
                _reader.Skip();
                break;
        }
    }

    private void ReadMetadata()
    {
        _metadataOffset = -1;
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return;
        }

        _metadataOffset = _reader.TokenStartIndex;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var isUser = _dialect == Dialect.Anthropic && NameOf(_reader) == Name.UserId;
            _ = _reader.Read();
            if (isUser)
            {
                _user = Id();
            }
            else
            {
                _reader.Skip();
            }
        }
    }

    private string? Id()
    {
        var id = _reader.TokenType == JsonTokenType.String ? ShortText(_reader) : null;
        _reader.Skip();
        return string.IsNullOrEmpty(id) ? null : id;
    }

    private int? Count()
    {
        if (_reader.TokenType == JsonTokenType.Number && _reader.TryGetDouble(out var number) && number >= 1 && number <= int.MaxValue)
        {
            return (int)number;
        }

        _reader.Skip();
        return null;
    }

    private readonly ulong Prefix()
    {
        if (_tools.Hash.Value == 0 && _system.Hash.Value == 0 && _conversation.Hash.Value == 0)
        {
            return 0;
        }

        var prefix = default(PrefixHash);
        prefix.Add(_cacheKey);
        prefix.Add(_tools.Hash.Value);
        prefix.Add(_system.Hash.Value);
        prefix.Add(_conversation.Hash.Value);
        return prefix.Value;
    }

    private struct GenerationSettings
    {
        public int? OldMaxOutputTokens;
        public int? NewMaxOutputTokens;
        public int? Choices;
        public bool WantsStructuredOutput;
        public bool WantsReasoning;

        public readonly int? MaxOutputTokens => NewMaxOutputTokens ?? OldMaxOutputTokens;
    }

    /// <summary>What one member of the body adds.</summary>
    private struct Section
    {
        public static Section Empty => new() { LastUserOffset = -1 };

        public long Weight;
        public long Media;
        public Modalities Modalities;
        public PrefixHash Hash;
        public int Count;
        public bool UsesTools;
        public long LastUserOffset;
    }
}
