using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Routing.Traits;

/// <summary>The parts of a message.</summary>
internal ref partial struct TraitsReader
{
    /// <summary>Results of tools have parts, and documents in them have some; nobody nests them deeper.</summary>
    private const int MaxPartDepth = 4;

    /// <param name="depth">0 for what the speaker says, more for what is within a part of it.</param>
    private void ReadContent(int depth)
    {
        switch (_reader.TokenType)
        {
            case JsonTokenType.String:
                AddSpokenText(depth);
                break;
            case JsonTokenType.StartObject when depth <= MaxPartDepth:
                ReadPart(depth);
                break;
            case JsonTokenType.StartArray when depth <= MaxPartDepth:
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                {
                    if (_reader.TokenType == JsonTokenType.String)
                    {
                        AddSpokenText(depth);
                    }
                    else if (_reader.TokenType == JsonTokenType.StartObject)
                    {
                        ReadPart(depth);
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
    }

    private void AddSpokenText(int depth)
    {
        AddText();
        _hasUserText |= depth == 0;
    }

    private void ReadPart(int depth)
    {
        var kind = PartKind.Other;
        var found = Modalities.None;
        var isTextDocument = false;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameOf(_reader);
            _ = _reader.Read();
            switch (name)
            {
                case Name.Type:
                    kind = _reader.TokenType == JsonTokenType.String ? Lookup(_reader, PartKinds.Table) : PartKind.Other;
                    _reader.Skip();
                    break;
                case Name.Text when _reader.TokenType == JsonTokenType.String:
                    AddSpokenText(depth);
                    break;
                case Name.Thinking or Name.Thought or Name.Input:
                    AddJson();
                    break;
                case Name.ToolCall:
                    ReadCalls();
                    break;
                case Name.ToolResult:
                    ReadToolResult(depth);
                    break;
                case Name.Content or Name.Output:
                    ReadContent(depth + 1);
                    break;
                case Name.Source:
                    isTextDocument = ReadSource(depth);
                    break;
                case Name.InlineData:
                case Name.FilePart when _dialect == Dialect.Gemini:
                    found |= ReadInlineData();
                    break;
                case Name.ImagePart:
                    found |= ReadMedium(Modalities.Image);
                    break;
                case Name.AudioPart:
                    found |= ReadMedium(Modalities.Audio);
                    break;
                case Name.VideoPart:
                    found |= ReadMedium(Modalities.Video);
                    break;
                case Name.DocumentPart or Name.FilePart:
                    found |= ReadMedium(Modalities.Document);
                    break;
                default:
                    _reader.Skip();
                    break;
            }
        }

        found |= kind switch
        {
            PartKind.Image => Modalities.Image,
            PartKind.Audio => Modalities.Audio,
            PartKind.Video => Modalities.Video,
            PartKind.Document when !isTextDocument => Modalities.Document,
            _ => Modalities.None,
        };
        _current.UsesTools |= kind == PartKind.Tool;
        _current.Modalities |= found;
        _current.Media += found == Modalities.None ? 0 : 1;
    }

    /// <summary>A medium in the form of OpenAI: an address, or an object with an address or the data.</summary>
    private Modalities ReadMedium(Modalities modality)
    {
        var isThere = _reader.TokenType is JsonTokenType.String or JsonTokenType.StartObject;
        SkipMedium();
        return isThere ? modality : Modalities.None;
    }

    /// <summary>Anthropic's source of an image or a document. Whether it is text, or parts.</summary>
    private bool ReadSource(int depth)
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return false;
        }

        // Which comes first is not said.
        bool? isText = null;
        var dataWeight = 0L;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameOf(_reader);
            _ = _reader.Read();
            switch (name)
            {
                case Name.Type:
                    isText = _reader.TokenType == JsonTokenType.String && Lookup(_reader, PartKinds.Table) == PartKind.Text;
                    _reader.Skip();
                    break;
                case Name.Data or Name.Url when _reader.TokenType == JsonTokenType.String:
                    var before = _current.Weight;
                    _isMedium = isText == false;
                    AddText();
                    _isMedium = false;
                    dataWeight = _current.Weight - before;
                    _current.Weight = before;
                    break;
                case Name.Content:
                    ReadContent(depth + 1);
                    break;
                default:
                    _reader.Skip();
                    break;
            }
        }

        _current.Weight += isText == true ? dataWeight : 0;
        return isText == true;
    }

    /// <summary>Gemini's <c>inlineData</c> or <c>fileData</c>: the media type tells what it is.</summary>
    private Modalities ReadInlineData()
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return Modalities.None;
        }

        var modality = Modalities.Document;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameOf(_reader);
            _ = _reader.Read();
            if (name == Name.MediaType && _reader.TokenType == JsonTokenType.String)
            {
                modality = ModalityOfMediaType();
            }
            else
            {
                SkipMedium();
            }
        }

        return modality;
    }

    private readonly Modalities ModalityOfMediaType()
    {
        Span<byte> text = stackalloc byte["image/".Length];
        var unescaper = new JsonUnescaper(text);
        unescaper.Push(_reader);
        return System.Text.Ascii.EqualsIgnoreCase(text, "image/"u8) ? Modalities.Image
            : System.Text.Ascii.EqualsIgnoreCase(text, "audio/"u8) ? Modalities.Audio
            : System.Text.Ascii.EqualsIgnoreCase(text, "video/"u8) ? Modalities.Video
            : Modalities.Document;
    }

    /// <summary>Gemini's <c>functionResponse</c>: the result, and media beside it as parts.</summary>
    private void ReadToolResult(int depth)
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return;
        }

        _current.UsesTools = true;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = NameOf(_reader);
            _ = _reader.Read();
            if (name == Name.Parts)
            {
                ReadContent(depth + 1);
            }
            else
            {
                AddJson();
            }
        }
    }

    /// <summary>What is not text counts as a medium, and not by its bytes; in the hash it is.</summary>
    private void SkipMedium()
    {
        if (!_hashes)
        {
            _reader.Skip();
            return;
        }

        var before = _current.Weight;
        _isMedium = true;
        AddJson();
        _isMedium = false;
        _current.Weight = before;
    }
}
