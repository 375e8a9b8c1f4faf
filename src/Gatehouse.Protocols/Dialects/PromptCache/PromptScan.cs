using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.PromptCache;

/// <summary>
/// Finds in one pass over a request where breakpoints can stand, whether there are any, and how long the prompt is. Of members with the same
/// name the last one counts, as everywhere. What is not of the dialect is passed over: the provider will say what is wrong with it.
/// </summary>
internal ref struct PromptScan(in ReadOnlySequence<byte> body, PromptCachePlan plan)
{
    /// <summary>Deeper than anything that is accepted from a caller, or written here.</summary>
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 1024 };

    private const int BytesPerToken = 4;
    private const int TokensPerMedium = 1000;

    /// <summary>Bytes by which a text can be told from base64.</summary>
    private const int SampleLength = 1024;

    private readonly PromptCachePlan _plan = plan;
    private Utf8JsonReader _reader = new(body, ReaderOptions);
    private long _bytes;
    private long _media;

    /// <summary>There is a breakpoint already.</summary>
    public bool HasMark { get; private set; }

    /// <summary>Behind the last tool.</summary>
    public PromptPlace Tools { get; private set; }

    public PromptPlace System { get; private set; }

    /// <summary>Behind the last message of the user, tools' results included.</summary>
    public PromptPlace LastUser { get; private set; }

    public PromptPlace UserBefore { get; private set; }

    /// <summary>Estimate: a token for four bytes of text, names and schemas, 1,000 for an image or a file.</summary>
    public readonly long Tokens => (_bytes / BytesPerToken) + (_media * TokensPerMedium);

    public void Read()
    {
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        while (NextMember())
        {
            if (_reader.TextIs("messages"u8))
            {
                ReadMessages();
            }
            else if (_plan.Dialect == Dialect.Bedrock && _reader.TextIs("toolConfig"u8))
            {
                ReadToolConfig();
            }
            else if (_plan.Dialect != Dialect.Bedrock && _reader.TextIs("tools"u8))
            {
                Tools = ReadTools();
            }
            else if (_plan.Dialect != Dialect.OpenAiChat && _reader.TextIs("system"u8))
            {
                System = ReadContent();
            }
            else if (_plan.Dialect != Dialect.Bedrock && _reader.TextIs("cache_control"u8))
            {
                _ = ReadMark();
            }
            else
            {
                _ = _reader.Read();
                _reader.Skip();
            }
        }
    }

    /// <returns>False at the end of an object.</returns>
    private bool NextMember() => _reader.Read() && _reader.TokenType == JsonTokenType.PropertyName;

    /// <returns>False at the end of a list.</returns>
    private bool NextItem() => _reader.Read() && _reader.TokenType != JsonTokenType.EndArray;

    private void ReadToolConfig()
    {
        _ = _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return;
        }

        while (NextMember())
        {
            if (_reader.TextIs("tools"u8))
            {
                Tools = ReadTools();
            }
            else
            {
                _ = _reader.Read();
                _reader.Skip();
            }
        }
    }

    private PromptPlace ReadTools()
    {
        var place = default(PromptPlace);
        _ = _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            _reader.Skip();
            return place;
        }

        while (NextItem())
        {
            var tool = _reader.TokenType != JsonTokenType.StartObject ? Passed() : _plan.Dialect == Dialect.Bedrock ? ReadBedrockBlock() : ReadTool();
            place = tool.Kind == PromptPlaceKind.None ? place : tool;
        }

        return place;
    }

    private PromptPlace ReadTool()
    {
        // OpenRouter takes it in function tools alone; Anthropic's own have no type, or one of many.
        var (canBeMarked, isDeferred, nullMark) = (false, false, -1L);
        while (NextMember())
        {
            canBeMarked |= _plan.Dialect == Dialect.Anthropic;
            if (_reader.TextIs("cache_control"u8))
            {
                nullMark = ReadMark();
            }
            else if (_reader.TextIs("defer_loading"u8))
            {
                // "Tools with defer_loading cannot use prompt caching" (Anthropic's 400): they are not in the prompt yet.
                _ = _reader.Read();
                isDeferred |= _reader.TokenType == JsonTokenType.True;
                _reader.Skip();
            }
            else if (_reader.TextIs("type"u8))
            {
                _ = _reader.Read();
                // Its tools, too, can be deferred, one by one.
                isDeferred |= IsType("mcp_toolset"u8);
                canBeMarked |= IsType("function"u8);
                Measure();
            }
            else
            {
                Count();
                _ = _reader.Read();
                Measure();
            }
        }

        return canBeMarked && !isDeferred ? ObjectPlace(nullMark) : default;
    }

    private void ReadMessages()
    {
        (LastUser, UserBefore) = (default, default);
        System = _plan.Dialect == Dialect.OpenAiChat ? default : System;
        _ = _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            _reader.Skip();
            return;
        }

        var isLeading = true;
        while (NextItem())
        {
            if (_reader.TokenType != JsonTokenType.StartObject)
            {
                _reader.Skip();
                continue;
            }

            var (role, content) = ReadMessage();
            isLeading &= role == Role.System;
            if (content.Kind == PromptPlaceKind.None)
            {
                continue;
            }

            if (role == Role.User)
            {
                (UserBefore, LastUser) = (LastUser, content);
            }
            else if (isLeading && _plan.Dialect == Dialect.OpenAiChat)
            {
                System = content;
            }
        }
    }

    private (Role Role, PromptPlace Content) ReadMessage()
    {
        // What the model said is not marked: a beginning of its turn is no whole turn, and what came before it is marked anyway.
        var (role, content) = (Role.Assistant, default(PromptPlace));
        while (NextMember())
        {
            if (_reader.TextIs("role"u8))
            {
                _ = _reader.Read();
                role = _reader.TokenType != JsonTokenType.String ? Role.Assistant
                    : _reader.TextIs("user"u8) || _reader.TextIs("tool"u8) ? Role.User
                    : _reader.TextIs("system"u8) || _reader.TextIs("developer"u8) ? Role.System
                    : Role.Assistant;
                _reader.Skip();
            }
            else if (_reader.TextIs("content"u8))
            {
                content = ReadContent();
            }
            else if (_reader.TextIs("cache_control"u8))
            {
                _ = ReadMark();
            }
            else
            {
                _ = _reader.Read();
                Measure();
            }
        }

        return (role, content);
    }

    /// <summary>A text, or a list of blocks.</summary>
    private PromptPlace ReadContent()
    {
        _ = _reader.Read();
        if (_reader.TokenType == JsonTokenType.StartArray)
        {
            return ReadBlocks();
        }

        var place = _reader.TokenType == JsonTokenType.String && _plan.Dialect != Dialect.Bedrock && HasWords()
            ? new PromptPlace(PromptPlaceKind.String, _reader.TokenStartIndex, _reader.BytesConsumed)
            : default;
        Measure();
        return place;
    }

    /// <returns>The last block that can be marked.</returns>
    private PromptPlace ReadBlocks()
    {
        var place = default(PromptPlace);
        while (NextItem())
        {
            var block = _reader.TokenType != JsonTokenType.StartObject ? Passed() : _plan.Dialect == Dialect.Bedrock ? ReadBedrockBlock() : ReadBlock();
            place = block.Kind == PromptPlaceKind.None ? place : block;
        }

        return place;
    }

    /// <summary>A block of Anthropic's, or a part of OpenAI's.</summary>
    private PromptPlace ReadBlock()
    {
        var (isText, isOther, hasWords, nullMark) = (false, false, false, -1L);
        while (NextMember())
        {
            if (_reader.TextIs("type"u8))
            {
                _ = _reader.Read();
                (isText, isOther) = (IsType("text"u8), IsType("tool_result"u8) || IsType("image"u8) || IsType("document"u8) || IsType("search_result"u8));
                _reader.Skip();
            }
            else if (_reader.TextIs("text"u8))
            {
                _ = _reader.Read();
                // "cache_control cannot be set for empty text blocks" (Anthropic's 400).
                hasWords = _reader.TokenType == JsonTokenType.String && HasWords();
                Measure();
            }
            else if (_reader.TextIs("cache_control"u8))
            {
                nullMark = ReadMark();
            }
            else if (_reader.TextIs("content"u8))
            {
                // Blocks of a tool's result: they may be marked, but that would be in the middle of the block around them.
                _ = ReadContent();
            }
            else if (_reader.TextIs("source"u8))
            {
                ReadSource();
            }
            else
            {
                _ = _reader.Read();
                Measure();
            }
        }

        // Thoughts have no cache_control in Anthropic's schema; of OpenAI's parts only texts have one at OpenRouter.
        return (isText && hasWords) || (isOther && _plan.Dialect == Dialect.Anthropic) ? ObjectPlace(nullMark) : default;
    }

    /// <summary>A document can be made of blocks.</summary>
    private void ReadSource()
    {
        _ = _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            Measure();
            return;
        }

        while (NextMember())
        {
            if (_reader.TextIs("content"u8))
            {
                _ = ReadContent();
            }
            else
            {
                _ = _reader.Read();
                Measure();
            }
        }
    }

    /// <summary>An object whose one member tells what it is: a block of a message or of the system's text, or a tool.</summary>
    private PromptPlace ReadBedrockBlock()
    {
        var canBeMarked = false;
        while (NextMember())
        {
            var isText = _reader.TextIs("text"u8);
            HasMark |= _reader.TextIs("cachePoint"u8);
            // Not behind thoughts; nor behind documents and videos, where recorded clients put a text between.
            canBeMarked = isText || _reader.TextIs("toolSpec"u8)
                || (!_plan.TextOnly && (_reader.TextIs("image"u8) || _reader.TextIs("toolUse"u8) || _reader.TextIs("toolResult"u8)));
            _ = _reader.Read();
            canBeMarked &= !isText || (_reader.TokenType == JsonTokenType.String && HasWords());
            Measure();
        }

        return canBeMarked ? new PromptPlace(PromptPlaceKind.Block, _reader.TokenStartIndex, _reader.BytesConsumed) : default;
    }

    /// <param name="nullMark">Where the object's <c>cache_control</c> is null; -1 for nowhere.</param>
    /// <returns>The object at whose end the reader is.</returns>
    private readonly PromptPlace ObjectPlace(long nullMark) => nullMark >= 0
        ? new PromptPlace(PromptPlaceKind.NullMember, nullMark, nullMark + "null".Length)
        : new PromptPlace(PromptPlaceKind.Object, _reader.TokenStartIndex, _reader.TokenStartIndex);

    /// <returns>Where it is null, which says nothing; else -1.</returns>
    private long ReadMark()
    {
        _ = _reader.Read();
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return _reader.TokenStartIndex;
        }

        HasMark = true;
        _reader.Skip();
        return -1;
    }

    private readonly bool IsType(ReadOnlySpan<byte> type) => _reader.TokenType == JsonTokenType.String && _reader.TextIs(type);

    private PromptPlace Passed()
    {
        Measure();
        return default;
    }

    /// <summary>The string is more than white space.</summary>
    private readonly bool HasWords()
    {
        if (Length > SampleLength)
        {
            return true;
        }

        try
        {
            return !string.IsNullOrWhiteSpace(_reader.GetString());
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, or no UTF-8.
            return true;
        }
    }

    private readonly long Length => _reader.HasValueSequence ? _reader.ValueSequence.Length : _reader.ValueSpan.Length;

    /// <summary>Adds the value that the reader is at, and goes to its end.</summary>
    private void Measure()
    {
        var level = 0;
        do
        {
            switch (_reader.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    level++;
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    level--;
                    break;
                case JsonTokenType.String or JsonTokenType.PropertyName:
                    Count();
                    break;
            }
        }
        while (level > 0 && _reader.Read());
    }

    private void Count()
    {
        var length = Length;
        if (length > SampleLength && IsMedium())
        {
            _media++;
        }
        else
        {
            _bytes += length;
        }
    }

    /// <summary>Base64, bare or in a URL, has neither white space nor letters beyond ASCII.</summary>
    private readonly bool IsMedium()
    {
        Span<byte> sample = stackalloc byte[SampleLength];
        if (_reader.HasValueSequence)
        {
            _reader.ValueSequence.Slice(0, SampleLength).CopyTo(sample);
        }
        else
        {
            _reader.ValueSpan[..SampleLength].CopyTo(sample);
        }

        return !sample.ContainsAnyExceptInRange((byte)'!', (byte)'~');
    }
}
