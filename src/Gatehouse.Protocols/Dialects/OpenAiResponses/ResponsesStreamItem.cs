using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Numbers the parts of a stream.</summary>
internal sealed class ResponsesStreamParts
{
    public int Count { get; private set; }

    public bool HasCalls { get; private set; }

    public int Start(Part content, List<ChatStreamEvent> events)
    {
        HasCalls |= content is ToolCallPart;
        events.Add(new PartStarted(0, Count, content));
        return Count++;
    }
}

/// <summary>One item of a stream while it is made, and what has been told of it.</summary>
/// <param name="parts">Numbers its parts.</param>
/// <param name="itemId">Where its first event names it.</param>
/// <param name="fallbackId">Of a call without an id.</param>
internal sealed class ResponsesStreamItem(ResponsesStreamParts parts, string? itemId, string fallbackId)
{
    /// <summary>The key of the only part of an item that is no message.</summary>
    public const long Whole = 0;

    private readonly Dictionary<long, Told> _told = [];
    private ItemMark? _mark;
    private string? _type;
    private long _summary;
    private bool _hasCited;

    /// <summary>The item begins; a call's name is known.</summary>
    public void Added(JsonElement item, List<ChatStreamEvent> events)
    {
        Identify(item);
        if (_type is "function_call" or "custom_tool_call" && item.Text("call_id") is { Length: > 0 } && item.Text("name") is { Length: > 0 })
        {
            StartCall(item, events);
        }
    }

    public void Delta(long content, Part start, string delta, JsonElement? logprobs, List<ChatStreamEvent> events)
    {
        var told = Open(content, start, events);
        // A summary was told first: it is what is shown.
        if (told.IsEnded || (start is ReasoningPart { Summary: null } && told.IsSummary))
        {
            return;
        }

        told.HasText |= delta.Length > 0;
        events.Add(new PartDelta(told.Part, delta) { Logprobs = logprobs });
    }

    /// <summary>More of a summary; its pieces are set apart as paragraphs.</summary>
    public void Summary(long index, string delta, List<ChatStreamEvent> events)
    {
        var told = Open(Whole, new ReasoningPart { Summary = [] }, events);
        if (!told.IsSummary || told.IsEnded)
        {
            return;
        }

        if (index != _summary && told.HasText)
        {
            delta = "\n\n" + delta;
        }

        _summary = index;
        told.HasText |= delta.Length > 0;
        events.Add(new PartDelta(told.Part, delta));
    }

    public void Call(string? delta, List<ChatStreamEvent> events)
    {
        if (delta is { Length: > 0 } && _told.TryGetValue(Whole, out var told) && !told.IsEnded)
        {
            told.HasText = true;
            events.Add(new PartDelta(told.Part, delta));
        }
    }

    public void Cite(long content, JsonElement annotation, List<ChatStreamEvent> events)
    {
        if (_told.TryGetValue(content, out var told) && !told.IsEnded)
        {
            _hasCited = true;
            events.Add(new PartCited(told.Part, ResponsesContentReader.ReadAnnotation(annotation)));
        }
    }

    public void ContentPart(long content, JsonElement part, bool isDone, List<ChatStreamEvent> events)
    {
        switch (part.Text("type"))
        {
            case "output_text":
                _ = Open(content, new TextPart(""), events);
                break;
            case "refusal":
                _ = Open(content, new RefusalPart(""), events);
                break;
            case "reasoning_text" or "summary_text":
                return;
        }

        if (isDone)
        {
            Complete(content, part, events);
        }
    }

    /// <summary>The item is whole.</summary>
    public void Done(JsonElement item, List<ChatStreamEvent> events)
    {
        Identify(item);
        switch (_type)
        {
            case "message":
                var index = 0L;
                foreach (var part in item.Items("content"))
                {
                    Complete(index++, part, events);
                }

                break;
            case "function_call" or "custom_tool_call":
                CompleteCall(item, events);
                break;
            case "reasoning":
                CompleteReasoning(item, events);
                break;
            default:
                events.Add(new PartEnded(parts.Start(ResponsesItemReader.Opaque(item.Clone(), _type!), events)));
                return;
        }

        End(events);
    }

    public void End(List<ChatStreamEvent> events)
    {
        foreach (var told in _told.Values)
        {
            if (!told.IsEnded)
            {
                told.IsEnded = true;
                events.Add(new PartEnded(told.Part));
            }
        }
    }

    private void Identify(JsonElement item)
    {
        var type = ResponsesItemReader.IsMessage(item) ? "message" : item.Text("type") ?? "unknown";
        _type ??= type;
        if (type != _type)
        {
            throw new MalformedException("item.type", $"an item of the stream began as a {_type} and went on as a {type}");
        }

        // Before its first part: later ones know it.
        if (_told.Count == 0)
        {
            _mark = ResponsesItemReader.MarkOf(item, _type);
        }
    }

    private Told Open(long content, Part start, List<ChatStreamEvent> events)
    {
        if (_told.TryGetValue(content, out var told))
        {
            return told;
        }

        var mark = _mark ??= new ItemMark(start is ReasoningPart ? "reasoning" : "message", itemId);
        start = start is ReasoningPart reasoning ? reasoning with { ItemId = mark.Id, Item = mark } : start with { Item = _told.Count == 0 ? mark : null };
        told = new Told(parts.Start(start, events), start is ReasoningPart { Summary: not null });
        _told.Add(content, told);
        return told;
    }

    private void StartCall(JsonElement item, List<ChatStreamEvent> events)
    {
        if (_told.ContainsKey(Whole))
        {
            // It was told already, or a piece of something else came first.
            return;
        }

        var read = new List<Part>();
        ResponsesItemReader.Read(item, "item", read, fallbackId);
        var call = (ToolCallPart)read[0] with { Arguments = "", Item = _mark };
        _told.Add(Whole, new Told(parts.Start(call, events), isSummary: false));
    }

    private void CompleteCall(JsonElement item, List<ChatStreamEvent> events)
    {
        StartCall(item, events);
        if (!_told[Whole].HasText)
        {
            var arguments = item.Text(_type == "custom_tool_call" ? "input" : "arguments");
            Call(arguments, events);
        }
    }

    private void CompleteReasoning(JsonElement item, List<ChatStreamEvent> events)
    {
        var read = new List<Part>();
        ResponsesItemReader.Read(item, "item", read, fallbackId);
        var whole = (ReasoningPart)read[0];
        var told = Open(Whole, new ReasoningPart { Summary = whole.Summary is null ? null : [], IsRedacted = whole.IsRedacted }, events);
        if (!told.HasText && whole.Text.Length > 0)
        {
            events.Add(new PartDelta(told.Part, whole.Text));
        }

        if (whole.Signature is { } signature)
        {
            events.Add(new PartSigned(told.Part, signature));
        }
    }

    /// <summary>A part of a message is whole: what has not been told of it is told now.</summary>
    private void Complete(long content, JsonElement part, List<ChatStreamEvent> events)
    {
        if (_told.TryGetValue(content, out var known) && known.IsEnded)
        {
            return;
        }

        var read = ResponsesContentReader.Read(part, Role.Assistant, "part");
        var told = known ?? Open(content, read switch { TextPart => new TextPart(""), RefusalPart => new RefusalPart(""), _ => Cloned(read) }, events);
        var text = read switch { TextPart output => output.Text, RefusalPart refusal => refusal.Text, _ => "" };
        if (!told.HasText && text.Length > 0)
        {
            events.Add(new PartDelta(told.Part, text));
        }

        if (!_hasCited)
        {
            foreach (var citation in (read as TextPart)?.Citations ?? [])
            {
                events.Add(new PartCited(told.Part, citation with { Value = citation.Value.Clone() }));
            }
        }

        _hasCited = false;
        told.IsEnded = true;
        events.Add(new PartEnded(told.Part));
    }

    private static Part Cloned(Part part) => part is OpaquePart opaque ? opaque with { Value = opaque.Value.Clone() } : part;

    private sealed class Told(int part, bool isSummary)
    {
        public int Part { get; } = part;

        public bool IsSummary { get; } = isSummary;

        public bool HasText { get; set; }

        public bool IsEnded { get; set; }
    }
}
