using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Upstream.Failures;

/// <summary>
/// Reads the body of an error in one pass, without a document. Only members that are known to hold a provider's own words are looked at: what
/// else stands in an error (FastAPI's <c>input</c>, Groq's <c>failed_generation</c>, the <c>metadata</c> of a response) the caller wrote.
/// </summary>
internal static class ErrorBody
{
    /// <summary>So much of a sentence is searched.</summary>
    private const int MaxText = 4096;

    private const int MaxWord = 128;
    private const int MaxDepth = 32;

    /// <summary>So many members and values are looked at; the longest error that was recorded has 90.</summary>
    private const int MaxTokens = 4096;

    private enum Place
    {
        /// <summary>The body, or an error in it.</summary>
        Error,

        /// <summary>One of Google's details.</summary>
        Detail,

        /// <summary>OpenRouter's, with the error of the provider behind it as text.</summary>
        Metadata,

        /// <summary>MiniMax's <c>base_resp</c>.</summary>
        BaseResponse,

        /// <summary>The response in an event of the Responses API, with an error in it.</summary>
        Response,
    }

    private enum Member
    {
        Other,
        Word,
        Sentence,
        Param,
        RetryDelay,
        Error,
        Details,
        Metadata,
        BaseResponse,
        Response,
    }

    /// <summary>Never throws: of what is not JSON nothing is told, of what breaks off the part before.</summary>
    public static ErrorFacts Read(ReadOnlySpan<byte> body)
    {
        var facts = default(ErrorFacts);
        body = body.StartsWith("\uFEFF"u8) ? body["\uFEFF"u8.Length..] : body;
        body = body.TrimStart(" \t\r\n"u8);
        if (body.IsEmpty || body[0] is not ((byte)'{' or (byte)'[' or (byte)'"'))
        {
            return facts;
        }

        var reader = new Utf8JsonReader(body, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = MaxDepth }));
        var tokens = 0;
        try
        {
            _ = Next(ref reader, ref tokens) && ReadValue(ref reader, Member.Error, Place.Error, ref facts, ref tokens);
        }
        catch (JsonException)
        {
            // The reader has no other way to say that it is no JSON from here on.
        }

        return facts;
    }

    /// <summary>Adds a type that stands outside the body: the header <c>x-amzn-errortype</c>, or <c>:exception-type</c> of an event.</summary>
    public static void AddType(string type, ref ErrorFacts facts) => AddWord(type, ref facts);

    private static bool Next(ref Utf8JsonReader reader, ref int tokens) => ++tokens <= MaxTokens && reader.Read();

    /// <returns>False when the text is at its end.</returns>
    private static bool ReadValue(ref Utf8JsonReader reader, Member member, Place place, ref ErrorFacts facts, ref int tokens)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject when PlaceIn(member, place) is { } inner:
                return ReadObject(ref reader, inner, ref facts, ref tokens);
            case JsonTokenType.StartArray when PlaceIn(member, place) is not null:
                while (Next(ref reader, ref tokens))
                {
                    if (reader.TokenType == JsonTokenType.EndArray)
                    {
                        return true;
                    }

                    if (!ReadValue(ref reader, member, place, ref facts, ref tokens))
                    {
                        return false;
                    }
                }

                return false;
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                return reader.TrySkip();
            case JsonTokenType.String or JsonTokenType.Number:
                ReadText(ref reader, member, place, ref facts);
                return true;
            default:
                return true;
        }
    }

    private static bool ReadObject(ref Utf8JsonReader reader, Place place, ref ErrorFacts facts, ref int tokens)
    {
        while (Next(ref reader, ref tokens))
        {
            if (reader.TokenType == JsonTokenType.EndObject)
            {
                return true;
            }

            var member = MemberOf(ref reader, place);
            if (!Next(ref reader, ref tokens) || !ReadValue(ref reader, member, place, ref facts, ref tokens))
            {
                return false;
            }
        }

        return false;
    }

    private static Place? PlaceIn(Member member, Place place) => (member, place) switch
    {
        (Member.Error, Place.Error or Place.Response) => Place.Error,
        (Member.Details, Place.Error) => Place.Detail,
        (Member.Metadata, Place.Error) => Place.Metadata,
        (Member.BaseResponse, Place.Error) => Place.BaseResponse,
        (Member.Response, Place.Error) => Place.Response,
        _ => null,
    };

    private static Member MemberOf(ref Utf8JsonReader reader, Place place)
    {
        // An escaped or a long name is none of these.
        Span<char> buffer = stackalloc char[24];
        var name = reader.ValueSpan.Length <= buffer.Length ? buffer[..Encoding.Latin1.GetChars(reader.ValueSpan, buffer)] : [];
        return place switch
        {
            Place.Error => OfError(name),
            Place.Detail => name is "retryDelay" ? Member.RetryDelay : OfError(name),
            Place.Metadata => name switch { "raw" => Member.Sentence, "error_type" => Member.Word, _ => Member.Other },
            Place.BaseResponse => name switch { "status_code" => Member.Word, "status_msg" => Member.Sentence, _ => Member.Other },
            _ => name is "error" ? Member.Error : Member.Other,
        };
    }

    private static Member OfError(ReadOnlySpan<char> name) => name switch
    {
        "code" or "type" or "__type" or "status" or "reason" or "error_type" or "error_code" or "status_code" or "raw_status_code" => Member.Word,
        "message" or "Message" or "msg" or "error_msg" or "originalMessage" => Member.Sentence,
        // {"detail": "text"} of FastAPI, {"detail": [{"msg": ...}]} of its validation, and Google's DebugInfo.
        "error" or "errors" or "detail" or "innererror" or "inner_error" => Member.Error,
        "details" => Member.Details,
        "metadata" => Member.Metadata,
        "param" => Member.Param,
        "base_resp" => Member.BaseResponse,
        "response" => Member.Response,
        _ => Member.Other,
    };

    private static void ReadText(ref Utf8JsonReader reader, Member member, Place place, ref ErrorFacts facts)
    {
        var raw = reader.ValueSpan;
        switch (member)
        {
            case Member.Word when raw.Length <= MaxWord:
                Span<char> word = stackalloc char[MaxWord];
                word = word[..JsonText(raw, word)];
                if (place == Place.BaseResponse)
                {
                    facts.Word ??= ErrorWords.OfMiniMax(word);
                }
                else
                {
                    AddWord(word, ref facts);
                }

                break;
            case Member.Sentence or Member.Error or Member.Details when reader.TokenType == JsonTokenType.String:
                Span<char> sentence = stackalloc char[MaxText];
                facts.Phrase ??= ErrorPhrases.Of(sentence[..JsonText(raw, sentence)]);
                break;
            case Member.Param when reader.TokenType == JsonTokenType.String:
                // "None": Python's null as text, which LiteLLM writes with every error.
                facts.BlamesField |= !raw.IsEmpty && !raw.SequenceEqual("model"u8) && !raw.SequenceEqual("None"u8);
                break;
            case Member.RetryDelay when raw.Length <= MaxWord:
                Span<char> delay = stackalloc char[MaxWord];
                facts.RetryDelay ??= HeaderTime.Duration(delay[..JsonText(raw, delay)]);
                break;
        }
    }

    private static void AddWord(ReadOnlySpan<char> word, ref ErrorFacts facts)
    {
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 400 and <= 599)
        {
            facts.Status ??= number;
        }
        else if (ErrorWords.Of(word) is var (kind, isCommon))
        {
            if (isCommon)
            {
                facts.CommonWord ??= kind;
            }
            else
            {
                facts.Word ??= kind;
            }
        }
    }

    /// <summary>The beginning of a text without its escapes. What is not ASCII becomes a mark: no word and no phrase has it.</summary>
    private static int JsonText(ReadOnlySpan<byte> raw, Span<char> text)
    {
        var length = 0;
        for (var i = 0; i < raw.Length && length < text.Length; i++)
        {
            var next = (char)raw[i];
            if (next == '\\' && i + 1 < raw.Length)
            {
                next = (char)raw[++i];
                if (next == 'u' && i + 4 < raw.Length && ushort.TryParse(raw[(i + 1)..(i + 5)], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
                {
                    next = (char)code;
                    i += 4;
                }
                else if (next is 'n' or 'r' or 't' or 'b' or 'f')
                {
                    next = ' ';
                }
            }

            text[length++] = char.IsAscii(next) ? next : '?';
        }

        return length;
    }
}
