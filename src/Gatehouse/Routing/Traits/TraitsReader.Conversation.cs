using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tokens;
using Gatehouse.Upstream.Translation;

namespace Gatehouse.Routing.Traits;

/// <summary>The conversation, the system's text and the tools.</summary>
internal ref partial struct TraitsReader
{
    /// <summary>Of a text that goes into the hash of the prompt's beginning, in bytes of UTF-8.</summary>
    private const int MaxHashedBytes = 8192;

    private enum Speaker
    {
        Model,
        User,
        System,
    }

    private static readonly TextTable<Speaker> Speakers = new(("user", Speaker.User), ("system", Speaker.System), ("developer", Speaker.System));

    private void ReadSize()
    {
        _current = default;
        _hashes = false;
        AddJson();
        _other.Weight += _current.Weight;
    }

    private void ReadSystem()
    {
        _current = default;
        _hashes = true;
        if (_reader.TokenType == JsonTokenType.StartObject && _dialect == Dialect.Gemini)
        {
            _ = ReadMessage();
        }
        else
        {
            _current.Weight += TokenEstimate.MessageWeight;
            ReadContent(depth: 0);
        }

        _system = _current;
    }

    private void ReadConversation()
    {
        _current = Section.Empty;
        _hashes = true;
        switch (_reader.TokenType)
        {
            case JsonTokenType.String when _dialect == Dialect.OpenAiResponses:
                _current.Count = 1;
                _current.LastUserOffset = _reader.TokenStartIndex;
                _current.Weight += TokenEstimate.MessageWeight;
                AddText();
                break;
            case JsonTokenType.StartObject when _dialect == Dialect.Gemini:
                ReadTurn();
                break;
            case JsonTokenType.StartArray:
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                {
                    if (_reader.TokenType == JsonTokenType.StartObject)
                    {
                        ReadTurn();
                    }
                    else
                    {
                        _reader.Skip();
                    }
                }

                break;
            default:
                _reader.Skip();
                break;
        }

        _conversation = _current;
    }

    private void ReadTurn()
    {
        var start = _reader.TokenStartIndex;
        switch (ReadMessage())
        {
            case Speaker.System:
                break;
            case Speaker.User:
                _current.Count++;
                _hashes = false;
                if (_hasUserText)
                {
                    _current.LastUserOffset = start;
                }

                break;
            default:
                _current.Count++;
                break;
        }
    }

    /// <summary>A message of any dialect, or an item of the Responses API, which is a message or as flat as a part.</summary>
    private Speaker ReadMessage()
    {
        Speaker? speaker = _dialect == Dialect.Gemini ? Speaker.User : null;
        _hasUserText = false;
        _current.Weight += TokenEstimate.MessageWeight;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameOf(_reader);
            _ = _reader.Read();
            switch (name)
            {
                case Name.Role:
                    speaker = _reader.TokenType == JsonTokenType.String ? Lookup(_reader, Speakers) : null;
                    _reader.Skip();
                    break;
                case Name.Content or Name.Parts:
                    ReadContent(depth: 0);
                    break;
                case Name.Output:
                    _current.UsesTools = true;
                    ReadContent(depth: 1);
                    break;
                case Name.Type:
                    _current.UsesTools |= _reader.TokenType == JsonTokenType.String && Lookup(_reader, PartKinds.Table) == PartKind.Tool;
                    _reader.Skip();
                    break;
                case Name.ToolCall:
                    ReadCalls();
                    break;
                case Name.Input or Name.Thought or Name.Reasoning:
                    AddJson();
                    break;
                case Name.ImagePart when _reader.TokenType == JsonTokenType.StartArray:
                    // As OpenRouter puts them beside the content.
                    ReadContent(depth: 1);
                    break;
                default:
                    _reader.Skip();
                    break;
            }
        }

        return speaker ?? Speaker.Model;
    }

    /// <summary>
    /// The calls of a message, one call, or what a flat item says of its own. A message may have a name too: that of its author.
    /// </summary>
    private void ReadCalls()
    {
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                ReadCall();
                break;
            case JsonTokenType.StartArray:
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                {
                    if (_reader.TokenType == JsonTokenType.StartObject)
                    {
                        ReadCall();
                    }
                    else
                    {
                        _reader.Skip();
                    }
                }

                break;
            default:
                AddJson();
                break;
        }
    }

    private void ReadCall()
    {
        _current.UsesTools = true;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameOf(_reader);
            _ = _reader.Read();
            switch (name)
            {
                case Name.ToolCall or Name.Input:
                    AddJson();
                    break;
                case Name.Function when _reader.TokenType == JsonTokenType.StartObject:
                    ReadCall();
                    break;
                default:
                    _reader.Skip();
                    break;
            }
        }
    }

    private void ReadTools()
    {
        _current = default;
        _hashes = true;
        if (_reader.TokenType == JsonTokenType.StartObject && _dialect == Dialect.Gemini)
        {
            ReadTool();
        }
        else if (_reader.TokenType == JsonTokenType.StartArray)
        {
            while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
            {
                if (_reader.TokenType == JsonTokenType.StartObject)
                {
                    ReadTool();
                }
                else
                {
                    _reader.Skip();
                }
            }
        }
        else
        {
            _reader.Skip();
        }

        _tools = _current;
    }

    /// <summary>A tool; in Gemini's form one object has many functions, and may have tools of Google's beside them.</summary>
    private void ReadTool()
    {
        var functions = 0;
        var isGroup = false;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameOf(_reader);
            if (name == Name.CacheControl)
            {
                _reader.Skip();
                continue;
            }

            AddText();
            _current.Weight += TextTokens.JsonString;
            _ = _reader.Read();
            if (_dialect == Dialect.Gemini && _reader.TokenType == JsonTokenType.StartArray && name == Name.FunctionDeclarations)
            {
                isGroup = true;
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                {
                    functions++;
                    AddJson();
                }
            }
            else
            {
                AddJson();
            }
        }

        _current.Count += isGroup ? functions : 1;
        _current.Weight += TokenEstimate.ToolWeight * (isGroup ? functions : 1);
    }

    /// <summary>Counts and hashes a value of any form, as the model gets to see it. The reader stands at its end afterwards.</summary>
    private void AddJson()
    {
        var depth = _reader.CurrentDepth;
        do
        {
            switch (_reader.TokenType)
            {
                case JsonTokenType.PropertyName when NameOf(_reader) == Name.CacheControl:
                    _reader.Skip();
                    break;
                case JsonTokenType.PropertyName or JsonTokenType.String:
                    AddText();
                    _current.Weight += TextTokens.JsonString;
                    break;
                case JsonTokenType.Number:
                    AddText();
                    _current.Weight += TextTokens.JsonLiteral;
                    break;
                default:
                    if (_hashes)
                    {
                        _current.Hash.Add((ulong)_reader.TokenType);
                    }

                    _current.Weight += _reader.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null
                        ? TextTokens.PerToken
                        : TextTokens.JsonBracket;
                    break;
            }
        }
        while ((_reader.CurrentDepth > depth || _reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject) && _reader.Read());
    }

    /// <summary>Weighs a text, and hashes it where it is of the beginning.</summary>
    private void AddText()
    {
        if (_hashes)
        {
            _current.Weight += AddToHash(ref _current.Hash);
        }
        else if (!_reader.HasValueSequence && !_reader.ValueIsEscaped)
        {
            _current.Weight += TextTokens.WeightOf(_reader.ValueSpan);
        }
        else
        {
            var unescaper = new JsonUnescaper([], weighs: true);
            unescaper.Push(_reader);
            _current.Weight += unescaper.Weight;
        }
    }

    /// <returns>The weight of the text.</returns>
    private long AddToHash(ref PrefixHash hash)
    {
        if (!_reader.HasValueSequence && !_reader.ValueIsEscaped)
        {
            var text = _reader.ValueSpan;
            hash.Add(text[..Math.Min(text.Length, MaxHashedBytes)], text.Length);
            return _isMedium ? 0 : TextTokens.WeightOf(text);
        }

        _text ??= ArrayPool<byte>.Shared.Rent(MaxHashedBytes);
        var unescaper = new JsonUnescaper(_text.AsSpan(0, MaxHashedBytes), weighs: !_isMedium);
        unescaper.Push(_reader);
        hash.Add(_text.AsSpan(0, unescaper.Written), unescaper.Length);
        return unescaper.Weight;
    }
}
