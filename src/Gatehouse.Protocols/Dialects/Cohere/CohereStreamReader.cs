using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Cohere;

/// <summary>
/// Reads streams. A text ends when something else begins: its citations may come behind its <c>content-end</c>. The answer ends with
/// <c>message-end</c>; the <c>[DONE]</c> behind it is not always there.
/// </summary>
/// <param name="fallbackId">Makes ids of tool calls that have none.</param>
internal sealed class CohereStreamReader(string fallbackId) : ChatStreamReader
{
    private static readonly JsonElement Plan = JsonElement.Parse("\"\"");

    private readonly Dictionary<long, Open> _calls = [];

    /// <summary>What is open beside calls: one thing at a time.</summary>
    private Open? _open;
    private int _parts;
    private bool _hasStarted;
    private bool _isOver;

    private enum OpenKind
    {
        Text,
        Thinking,
        Plan,
        ToolCall,
        Opaque,
    }

    public override void Read(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data, List<ChatStreamEvent> events)
    {
        data = data.Trim(" \t\r\n"u8);
        if (_isOver || data.IsEmpty || data.SequenceEqual("[DONE]"u8))
        {
            return;
        }

        try
        {
            var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
            using var document = JsonDocument.ParseValue(ref reader);
            Read(document.RootElement, events);
        }
        catch (JsonException)
        {
            throw new MalformedException(null, "an event of the stream is not JSON");
        }
        catch (InvalidOperationException)
        {
            throw new MalformedException(null, "an event of the stream holds half a surrogate pair, which is not valid Unicode");
        }
    }

    public override void EndOfStream(List<ChatStreamEvent> events)
    {
        // message-end alone is the end.
    }

    private void Read(JsonElement root, List<ChatStreamEvent> events)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(null, "an event of the stream is not a JSON object");
        }

        var delta = root.Object("delta");
        var message = delta?.Object("message");
        switch (root.Text("type"))
        {
            case "message-start":
                Start(root.Text("id"), events);
                break;
            case "content-start":
                StartContent(Index(root), message?.Object("content"), events);
                break;
            case "content-delta":
                ReadContent(Index(root), message?.Object("content"), root, events);
                break;
            case "content-end":
                if ((Find(Index(root), OpenKind.Thinking) ?? Find(Index(root), OpenKind.Opaque)) is not null)
                {
                    EndOpen(events);
                }

                break;
            case "tool-plan-delta":
                ReadPlan(message?.Text(CohereMessageReader.ToolPlan), events);
                break;
            case "tool-call-start":
                StartCall(Index(root), message?.Object("tool_calls"), events);
                break;
            case "tool-call-delta":
                if (_calls.TryGetValue(Index(root), out var call))
                {
                    Add(call, message?.Object("tool_calls")?.Object("function")?.Text("arguments"), null, events);
                }

                break;
            case "tool-call-end":
                EndCall(Index(root), events);
                break;
            case "citation-start":
                Cite(message?.Object("citations"), events);
                break;
            case "message-end":
                End(root, delta, events);
                break;
            case null when root.Member("message") is { ValueKind: JsonValueKind.String } || root.Member("error") is not null:
                Fail(CohereResponseReader.ReadError(0, root), events);
                break;
        }
    }

    private static long Index(JsonElement root) => root.Integer("index") ?? 0;

    private void Start(string? id, List<ChatStreamEvent> events)
    {
        if (!_hasStarted)
        {
            _hasStarted = true;
            events.Add(new AnswerStarted(id, null) { Dialect = Dialect.Cohere });
        }
    }

    private Open Begin(OpenKind kind, long index, Part part, List<ChatStreamEvent> events)
    {
        Start(null, events);
        EndOpen(events);
        var open = new Open(kind, index, _parts++);
        if (kind == OpenKind.ToolCall)
        {
            _calls[index] = open;
        }
        else
        {
            _open = open;
        }

        events.Add(new PartStarted(0, open.Part, part));
        return open;
    }

    private void EndOpen(List<ChatStreamEvent> events)
    {
        if (_open is not null)
        {
            events.Add(new PartEnded(_open.Part));
            _open = null;
        }
    }

    private void EndCall(long index, List<ChatStreamEvent> events)
    {
        if (_calls.Remove(index, out var call))
        {
            events.Add(new PartEnded(call.Part));
        }
    }

    private static void Add(Open open, string? text, JsonElement? logprobs, List<ChatStreamEvent> events)
    {
        if (!string.IsNullOrEmpty(text))
        {
            events.Add(new PartDelta(open.Part, text) { Logprobs = logprobs });
        }
    }

    private Open? Find(long index, OpenKind kind) => _open is { } open && open.Index == index && open.Kind == kind ? open : null;

    private void StartContent(long index, JsonElement? content, List<ChatStreamEvent> events)
    {
        switch (content?.Text("type"))
        {
            case "thinking":
                Add(Begin(OpenKind.Thinking, index, new ReasoningPart(), events), content?.Text("thinking"), null, events);
                break;
            case null or "text":
                Add(Begin(OpenKind.Text, index, new TextPart(""), events), content?.Text("text"), null, events);
                break;
            case var type:
                _ = Begin(OpenKind.Opaque, index, new OpaquePart(Dialect.Cohere, type, content!.Value.Clone()), events);
                break;
        }
    }

    private void ReadContent(long index, JsonElement? content, JsonElement root, List<ChatStreamEvent> events)
    {
        if (content?.Text("text") is { Length: > 0 } text)
        {
            Add(Find(index, OpenKind.Text) ?? Begin(OpenKind.Text, index, new TextPart(""), events), text, CohereLogprobs.Read(root.Object("logprobs")), events);
        }

        if (content?.Text("thinking") is { Length: > 0 } thinking)
        {
            Add(Find(index, OpenKind.Thinking) ?? Begin(OpenKind.Thinking, index, new ReasoningPart(), events), thinking, null, events);
        }
    }

    private void ReadPlan(string? text, List<ChatStreamEvent> events)
    {
        if (string.IsNullOrEmpty(text))
        {
            return;
        }

        Add(Find(0, OpenKind.Plan) ?? Begin(OpenKind.Plan, 0, new TextPart("") { Extensions = CohereMessageReader.PlanMark(Plan) }, events), text, null, events);
    }

    private void StartCall(long index, JsonElement? call, List<ChatStreamEvent> events)
    {
        if (call?.Object("function")?.Text("name") is not { } name)
        {
            throw new MalformedException("delta.message.tool_calls.function.name", "a tool call of the stream has no name");
        }

        EndCall(index, events);
        var id = call.Value.Text("id") is { Length: > 0 } given ? given : $"call{fallbackId}x{_parts}";
        var open = Begin(OpenKind.ToolCall, index, new ToolCallPart(id, name, ""), events);
        Add(open, call.Value.Object("function")?.Text("arguments"), null, events);
    }

    private void Cite(JsonElement? citation, List<ChatStreamEvent> events)
    {
        if (citation is not { } given)
        {
            return;
        }

        var isPlan = given.Text("type") == "PLAN";
        var open = isPlan ? Find(0, OpenKind.Plan)
            : given.Integer("content_index") is { } index ? Find(index, OpenKind.Text)
            : _open is { Kind: OpenKind.Text } ? _open : null;
        if (open is not null)
        {
            events.Add(new PartCited(open.Part, CohereMessageReader.ReadCitation(given.Clone())));
        }
    }

    private void End(JsonElement root, JsonElement? delta, List<ChatStreamEvent> events)
    {
        if (delta?.Text("error") is { } error)
        {
            Fail(ChatError.Of(500, error) with { RequestId = root.Text("id") }, events);
            return;
        }

        Start(root.Text("id"), events);
        EndOpen(events);
        foreach (var call in _calls.Values)
        {
            events.Add(new PartEnded(call.Part));
        }

        _calls.Clear();

        _isOver = true;
        var usage = delta?.Object("usage");
        events.Add(new ChoiceStopped(0, CohereStop.Read(delta?.Text("finish_reason")) ?? new Stop(StopReason.EndTurn, null))
        {
            Extensions = usage is { } written ? new Extensions(Dialect.Cohere, [new Extension("usage", written.Clone())]) : null,
        });
        if (usage is { } counted && CohereUsageReader.Read(counted) is { } read)
        {
            events.Add(new UsageReported(read));
        }

        events.Add(AnswerEnded.Instance);
    }

    private void Fail(ChatError error, List<ChatStreamEvent> events)
    {
        _isOver = true;
        events.Add(new AnswerFailed(error));
    }

    private sealed record Open(OpenKind Kind, long Index, int Part);
}
