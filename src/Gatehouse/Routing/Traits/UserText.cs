using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Routing.Traits;

/// <summary>Collects the text of one message, and keeps the end of it.</summary>
internal ref struct UserText
{
    /// <summary>What is kept, in bytes of UTF-8.</summary>
    public const int MaxBytes = 4096;

    /// <summary>A character that is written as an escape takes up to six bytes.</summary>
    private const int MaxRawBytes = MaxBytes * 6;

    private readonly byte[] _raw;
    private readonly byte[] _text;
    private int _length;

    private UserText(byte[] raw, byte[] text) => (_raw, _text) = (raw, text);

    /// <param name="json">Begins with a message, or with the text itself; what follows is not looked at.</param>
    public static string Read(in ReadOnlySequence<byte> json)
    {
        var text = new UserText(ArrayPool<byte>.Shared.Rent(MaxRawBytes), ArrayPool<byte>.Shared.Rent(MaxRawBytes + MaxBytes + 1));
        var reader = new Utf8JsonReader(json, RequestTraits.ReaderOptions);
        try
        {
            text.ReadMessage(ref reader);
        }
        catch (JsonException)
        {
            // A body that the envelope has not accepted: what was read until here is all there is.
        }

        var result = text.ToText();
        ArrayPool<byte>.Shared.Return(text._raw);
        ArrayPool<byte>.Shared.Return(text._text);
        return result;
    }

    private void ReadMessage(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            Append(reader);
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = TraitsReader.NameOf(reader);
            _ = reader.Read();
            if (name is Name.Content or Name.Parts)
            {
                _length = 0;
                ReadContent(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadContent(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                Append(reader);
                break;
            case JsonTokenType.StartObject:
                ReadPart(ref reader);
                break;
            case JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (reader.TokenType == JsonTokenType.String)
                    {
                        Append(reader);
                    }
                    else if (reader.TokenType == JsonTokenType.StartObject)
                    {
                        ReadPart(ref reader);
                    }
                    else
                    {
                        reader.Skip();
                    }
                }

                break;
        }
    }

    private void ReadPart(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isText = TraitsReader.NameOf(reader) == Name.Text;
            _ = reader.Read();
            if (isText && reader.TokenType == JsonTokenType.String)
            {
                Append(reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void Append(in Utf8JsonReader reader)
    {
        var length = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        var kept = (int)Math.Min(length, MaxRawBytes);
        if (reader.HasValueSequence)
        {
            reader.ValueSequence.Slice(length - kept).CopyTo(_raw);
        }
        else
        {
            reader.ValueSpan[^kept..].CopyTo(_raw);
        }

        if (_length + 1 + kept > _text.Length)
        {
            // Moved once for many short parts, not for each.
            var end = Math.Min(_length, MaxBytes);
            _text.AsSpan(_length - end, end).CopyTo(_text);
            _length = end;
        }

        if (_length > 0)
        {
            _text[_length++] = (byte)'\n';
        }

        // Where a long text was cut within an escape, the rest of that escape stands at the beginning as it is written.
        var unescaper = new JsonUnescaper(_text.AsSpan(_length));
        unescaper.Push(_raw.AsSpan(0, kept), reader.ValueIsEscaped);
        _length += unescaper.Written;
    }

    private readonly string ToText()
    {
        var start = Math.Max(0, _length - MaxBytes);
        while (start > 0 && start < _length && (_text[start] & 0xC0) == 0x80)
        {
            start++;
        }

        return Encoding.UTF8.GetString(_text, start, _length - start);
    }
}
