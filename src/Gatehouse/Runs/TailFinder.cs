using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Routing.Traits;

namespace Gatehouse.Runs;

/// <summary>Finds, in one pass without a document, where in a body the end of the conversation stands: from the model's last turn on.</summary>
internal ref struct TailFinder
{
    private Utf8JsonReader _reader;

    private TailFinder(in ReadOnlySequence<byte> body) => _reader = new Utf8JsonReader(body, RequestTraits.ReaderOptions);

    private enum Speaker
    {
        System,
        User,
        Model,
    }

    /// <summary>The turns of the tail; without any turn of the model, all there are. Ends before the bracket of the list.</summary>
    public (long Start, long End) Tail { get; private set; }

    /// <summary>The first message of the user; empty for none.</summary>
    public (long Start, long End) FirstUser { get; private set; }

    /// <exception cref="JsonException">The body is not JSON.</exception>
    public static TailFinder Find(in ReadOnlySequence<byte> body, Dialect dialect)
    {
        var finder = new TailFinder(body);
        finder.ReadBody(dialect switch
        {
            Dialect.OpenAiResponses => Name.Input,
            Dialect.Gemini => Name.Contents,
            _ => Name.Messages,
        });
        return finder;
    }

    private void ReadBody(Name name)
    {
        _ = _reader.Read();
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var isConversation = TraitsReader.NameOf(_reader) == name;
            _ = _reader.Read();
            if (!isConversation)
            {
                _reader.Skip();
                continue;
            }

            (Tail, FirstUser) = (default, default);
            if (_reader.TokenType == JsonTokenType.StartArray)
            {
                ReadTurns();
            }
            else
            {
                // One text, or one turn, instead of a list.
                var start = _reader.TokenStartIndex;
                _reader.Skip();
                Tail = FirstUser = (start, _reader.BytesConsumed);
            }
        }
    }

    private void ReadTurns()
    {
        var last = Speaker.User;
        long start = -1, end = 0;
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            var turn = _reader.TokenStartIndex;
            var speaker = ReadSpeaker();
            end = _reader.BytesConsumed;
            if (start < 0 || (speaker == Speaker.Model && last != Speaker.Model))
            {
                start = turn;
            }

            if (speaker == Speaker.User && FirstUser.End == 0)
            {
                FirstUser = (turn, end);
            }

            last = speaker;
        }

        Tail = (Math.Max(start, 0), end);
    }

    private Speaker ReadSpeaker()
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return Speaker.User;
        }

        string? role = null, type = null;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = TraitsReader.NameOf(_reader);
            _ = _reader.Read();
            if (_reader.TokenType == JsonTokenType.String)
            {
                role = name == Name.Role ? TraitsReader.ShortText(_reader) : role;
                type = name == Name.Type ? TraitsReader.ShortText(_reader) : type;
            }

            _reader.Skip();
        }

        return role switch
        {
            "assistant" or "model" => Speaker.Model,
            "system" or "developer" => Speaker.System,
            not null => Speaker.User,
            // Items of the Responses API: what has no role and is no output is the model's.
            _ => type?.EndsWith("_output", StringComparison.Ordinal) == false ? Speaker.Model : Speaker.User,
        };
    }
}
