using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;
using Gatehouse.Routing.Traits;

namespace Gatehouse.Runs;

/// <summary>Reads the end of a conversation, in the dialects that callers speak. Bounded: a longer end is not read, and is no loop.</summary>
internal sealed class TailReader
{
    private const int MaxTail = 1024 * 1024;
    private const int MaxFirst = 64 * 1024;
    private const int MaxArguments = 64 * 1024;

    private static readonly ulong StateMarks = MemberNames.MarksOf(["previous_response_id", "conversation"]);

    private ulong _calls;
    private ulong _results;
    private PrefixHash _answer;
    private PrefixHash _user;
    private bool _hasCalls;
    private bool _hasResults;
    private string? _answerText;

    /// <returns>
    /// Null when the request does not say enough to compare it with others: it is no conversation, or its earlier turns are kept elsewhere.
    /// </returns>
    public static RequestTail? Read(Operation operation, ModelRequest request)
    {
        if (!operation.IsChat || request.Envelope is not { } envelope || request.Body.IsEmpty
            || ((envelope.Names & StateMarks) != 0 && MemberNames.HasAny(request.Body, ["previous_response_id", "conversation"])))
        {
            return null;
        }

        try
        {
            var found = TailFinder.Find(request.Body, operation.Dialect);
            var (start, end) = found.Tail;
            if (end - start is <= 0 or > MaxTail)
            {
                return null;
            }

            var reader = new TailReader();
            using (var tail = Document(request.Body.Slice(start, end - start)))
            {
                foreach (var turn in tail.RootElement.EnumerateArray())
                {
                    reader.AddTurn(turn);
                }
            }

            return reader.Result(ConversationOf(request.Body, found.FirstUser));
        }
        catch (Exception exception) when (exception is JsonException or MalformedException)
        {
            // Half a surrogate pair, or what is no JSON to a document: the target says what is wrong with it.
            return null;
        }
    }

    private static ulong ConversationOf(in ReadOnlySequence<byte> body, (long Start, long End) first)
    {
        if (first.End - first.Start is <= 0 or > MaxFirst)
        {
            return 0;
        }

        var reader = new TailReader();
        using var message = Document(body.Slice(first.Start, first.End - first.Start));
        reader.AddTurn(message.RootElement[0]);
        return reader._user.Value;
    }

    private static JsonDocument Document(in ReadOnlySequence<byte> turns)
    {
        var list = new byte[turns.Length + 2];
        list[0] = (byte)'[';
        turns.CopyTo(list.AsSpan(1));
        list[^1] = (byte)']';
        return JsonDocument.Parse(list, new JsonDocumentOptions { MaxDepth = RequestTraits.ReaderOptions.MaxDepth });
    }

    private RequestTail? Result(ulong conversation)
    {
        if (_hasResults && !_hasCalls)
        {
            // Results alone do not tell what was called: "ok" is said to many things.
            return null;
        }

        var key = default(PrefixHash);
        key.Add(_hasCalls ? 1UL : 2UL);
        key.Add(_hasCalls ? _calls : _answer.Value);
        key.Add(_results);
        key.Add(_user.Value);
        return new RequestTail(conversation, key.Value, _hasCalls || _answerText is null ? [] : AnswerLines.Of(_answerText));
    }

    private void AddTurn(JsonElement turn)
    {
        if (turn.ValueKind != JsonValueKind.Object)
        {
            AddText(turn, isModel: false);
            return;
        }

        var (role, type) = (turn.Text("role"), turn.Text("type"));
        if (role is null && type is not null and not "message")
        {
            AddItem(turn, type);
            return;
        }

        var content = turn.Member("content") ?? turn.Member("parts");
        if (role is "tool" or "function")
        {
            AddResult(content);
            return;
        }

        AddContent(content, isModel: role is "assistant" or "model");
        foreach (var call in turn.Items("tool_calls"))
        {
            AddCall((call.Object("function") ?? call.Object("custom")) is { } function ? function : call);
        }

        if (turn.Object("function_call") is { } only)
        {
            AddCall(only);
        }
    }

    /// <summary>An item of the Responses API that is no message.</summary>
    private void AddItem(JsonElement item, string type)
    {
        if (type.EndsWith("_output", StringComparison.Ordinal))
        {
            AddResult(item.Member("output"));
        }
        else if (type.EndsWith("_call", StringComparison.Ordinal))
        {
            AddCall(item);
        }
    }

    private void AddContent(JsonElement? content, bool isModel)
    {
        if (content is not { ValueKind: JsonValueKind.Array } parts)
        {
            if (content is { } text)
            {
                AddText(text, isModel);
            }

            return;
        }

        foreach (var part in parts.EnumerateArray())
        {
            AddPart(part, isModel);
        }
    }

    private void AddPart(JsonElement part, bool isModel)
    {
        var type = part.ValueKind == JsonValueKind.Object ? part.Text("type") : null;
        if (type is "tool_use" or "server_tool_use" or "mcp_tool_use")
        {
            AddCall(part);
        }
        else if ((part.Object("functionCall") ?? part.Object("function_call")) is { } call)
        {
            AddCall(call);
        }
        else if ((part.Object("functionResponse") ?? part.Object("function_response")) is { } response)
        {
            AddResult(response.Member("response"));
        }
        else if (type?.EndsWith("tool_result", StringComparison.Ordinal) == true)
        {
            AddResult(part.Member("content"));
        }
        else if (type is not ("thinking" or "redacted_thinking" or "reasoning") && part.Flag("thought") != true)
        {
            AddText(part.Member("text") ?? part, isModel);
        }
    }

    private void AddText(JsonElement text, bool isModel)
    {
        if (isModel)
        {
            _answer.Add(Hash(text));
            _answerText = text.ValueKind == JsonValueKind.String ? $"{_answerText}\n{text.TextOrFail("text")}" : _answerText;
        }
        else
        {
            _user.Add(Hash(text));
        }
    }

    /// <summary>What was called, with what: written in a different order, or with other white space, it is the same.</summary>
    private void AddCall(JsonElement call)
    {
        _hasCalls = true;
        var hash = default(PrefixHash);
        hash.Add(call.Member("name") is { } name ? Hash(name) : 0);
        hash.Add((call.Member("arguments") ?? call.Member("input") ?? call.Member("args") ?? call.Member("action")) is { } arguments ? HashOfArguments(arguments) : 0);
        _calls += hash.Value;
    }

    private void AddResult(JsonElement? content)
    {
        _hasResults = true;
        var hash = default(PrefixHash);
        if (content is { ValueKind: JsonValueKind.Array } parts)
        {
            foreach (var part in parts.EnumerateArray())
            {
                hash.Add(Hash(part.Member("text") ?? part));
            }
        }
        else if (content is { } value)
        {
            hash.Add(Hash(value));
        }

        _results += hash.Value;
    }

    private static ulong HashOfArguments(JsonElement arguments)
    {
        if (arguments.ValueKind == JsonValueKind.String && arguments.TextOrFail("arguments") is { Length: <= MaxArguments } text)
        {
            try
            {
                return Hash(JsonElement.Parse(text));
            }
            catch (JsonException)
            {
                // What a model wrote need not be JSON.
            }
        }

        return Hash(arguments);
    }

    private static ulong Hash(JsonElement element)
    {
        var hash = default(PrefixHash);
        hash.Add((ulong)element.ValueKind);
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var members = 0UL;
                foreach (var member in element.EnumerateObject())
                {
                    var name = JsonMarshal.GetRawUtf8PropertyName(member);
                    if (!name.SequenceEqual("cache_control"u8))
                    {
                        var pair = default(PrefixHash);
                        pair.Add(name, name.Length);
                        pair.Add(Hash(member.Value));
                        members += pair.Value;
                    }
                }

                hash.Add(members);
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    hash.Add(Hash(item));
                }

                break;
            case JsonValueKind.String or JsonValueKind.Number:
                var raw = JsonMarshal.GetRawUtf8Value(element);
                hash.Add(raw, raw.Length);
                break;
        }

        return hash.Value;
    }
}
