using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// Reads the events of <c>ConverseStream</c>: <c>messageStart</c>; for each block <c>contentBlockStart</c> (none for text and thoughts),
/// <c>contentBlockDelta</c>, <c>contentBlockStop</c>; <c>messageStop</c>; <c>metadata</c> with the usage. The answer is whole when both of the
/// last two have come, in whatever order; the usage is lost, but nothing else, when the stream ends between them.
/// </summary>
/// <param name="fallbackId">Makes ids for calls without one.</param>
internal sealed class BedrockStreamReader(string fallbackId) : ChatStreamReader
{
    private readonly Dictionary<long, BedrockStreamBlock> _open = [];
    private bool _hasStarted;
    private bool _hasStopped;
    private bool _hasMetadata;
    private bool _hasEnded;
    private bool _hasAnswerTool;
    private bool _hasToolCall;
    private int _parts;

    public override void Read(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data, List<ChatStreamEvent> events)
    {
        if (_hasEnded)
        {
            return;
        }

        JsonUnicode.Check(data);
        using var document = Parse(data);
        var body = document.RootElement;
        if (eventName.SequenceEqual("contentBlockDelta"u8))
        {
            Start(events);
            if (body.Object("delta") is { } delta)
            {
                Read(Index(body), delta, events);
            }
        }
        else if (eventName.SequenceEqual("contentBlockStart"u8))
        {
            Start(events);
            StartBlock(Index(body), body.Object("start") ?? default, events);
        }
        else if (eventName.SequenceEqual("contentBlockStop"u8))
        {
            Close(Index(body), events);
        }
        else if (eventName.SequenceEqual("messageStart"u8))
        {
            Start(events);
        }
        else if (eventName.SequenceEqual("messageStop"u8))
        {
            Stop(body, events);
        }
        else if (eventName.SequenceEqual("metadata"u8))
        {
            ReadMetadata(body, events);
        }
        else if (eventName.EndsWith("Exception"u8) || eventName.SequenceEqual("error"u8))
        {
            _hasEnded = true;
            events.Add(new AnswerFailed(BedrockErrors.Read(0, body, eventName.SequenceEqual("error"u8) ? null : Encoding.UTF8.GetString(eventName))));
        }
    }

    public override void EndOfStream(List<ChatStreamEvent> events)
    {
        if (_hasStopped && !_hasEnded)
        {
            End(events);
        }
    }

    private static JsonDocument Parse(ReadOnlySpan<byte> data)
    {
        try
        {
            var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
            return JsonDocument.ParseValue(ref reader);
        }
        catch (JsonException exception)
        {
            throw new MalformedException(null, $"an event of the stream is not JSON: {exception.Message}");
        }
    }

    private static long Index(JsonElement body) => body.Integer("contentBlockIndex") ?? 0;

    private void Start(List<ChatStreamEvent> events)
    {
        if (!_hasStarted)
        {
            _hasStarted = true;
            events.Add(new AnswerStarted(null, null));
        }
    }

    private void StartBlock(long index, JsonElement start, List<ChatStreamEvent> events)
    {
        Close(index, events);
        if (start.Object("toolUse") is { } toolUse && !toolUse.HasText("type", "server_tool_use"))
        {
            var name = toolUse.Text("name") ?? throw new MalformedException("start.toolUse.name", "a tool call has no name");
            var id = toolUse.Text("toolUseId") is { Length: > 0 } named ? named : $"tooluse_{fallbackId}{_parts}";
            _hasAnswerTool |= name == BedrockAnswerTool.Name;
            _hasToolCall |= name != BedrockAnswerTool.Name;
            Open(index, name == BedrockAnswerTool.Name ? new TextPart("") : new ToolCallPart(id, name, ""), events);
        }
        else if (start.ValueKind == JsonValueKind.Object && start.GetPropertyCount() > 0)
        {
            // A block that the model of an answer has no part for in pieces, or that is whole only at its end.
            _open[index] = new BedrockStreamBlock(start.Clone());
        }
    }

    private void Read(long index, JsonElement delta, List<ChatStreamEvent> events)
    {
        if (_open.TryGetValue(index, out var whole) && whole.IsWhole)
        {
            whole.Add(delta);
        }
        else if (delta.Member("text") is { ValueKind: JsonValueKind.String } text)
        {
            ReadText(index, text.TextOrFail("text"), events);
        }
        else if (delta.Object("toolUse") is { } toolUse)
        {
            if (toolUse.Text("input") is { Length: > 0 } input && whole is not null)
            {
                events.Add(new PartDelta(whole.Part, input));
            }
        }
        else if (delta.Object("reasoningContent") is { } reasoning)
        {
            ReadReasoning(index, reasoning, events);
        }
        else if (delta.Object("citation") is { } citation)
        {
            var block = whole is { Kind: TextPart } ? whole : Open(index, new TextPart(""), events);
            events.Add(new PartCited(block.Part, BedrockCitation.Read(citation.Clone())));
        }
    }

    private void ReadText(long index, string text, List<ChatStreamEvent> events)
    {
        // Streams open blocks with empty texts, some of which stay empty: such a part could not be sent back.
        if (text.Length > 0)
        {
            var block = _open.TryGetValue(index, out var open) && open.Kind is TextPart ? open : Open(index, new TextPart(""), events);
            events.Add(new PartDelta(block.Part, text));
        }
    }

    private void ReadReasoning(long index, JsonElement reasoning, List<ChatStreamEvent> events)
    {
        if (reasoning.Text("redactedContent") is { } redacted)
        {
            _ = Open(index, new ReasoningPart { IsRedacted = true, Signature = BedrockSignature.ReadRedacted(redacted) }, events);
            return;
        }

        var block = _open.TryGetValue(index, out var open) && open.Kind is ReasoningPart { IsRedacted: false } ? open : null;
        if (reasoning.Text("text") is { Length: > 0 } text)
        {
            block ??= Open(index, new ReasoningPart(), events);
            events.Add(new PartDelta(block.Part, text));
        }

        if (reasoning.Text("signature") is { Length: > 0 } signature)
        {
            block ??= Open(index, new ReasoningPart(), events);
            events.Add(new PartSigned(block.Part, BedrockSignature.Read(signature)));
        }
    }

    /// <summary>Begins a part; a block that changes its kind midway is two parts.</summary>
    private BedrockStreamBlock Open(long index, Part part, List<ChatStreamEvent> events)
    {
        Close(index, events);
        var block = new BedrockStreamBlock(_parts++, part);
        _open[index] = block;
        events.Add(new PartStarted(0, block.Part, part));
        return block;
    }

    private void Close(long index, List<ChatStreamEvent> events)
    {
        if (_open.Remove(index, out var block))
        {
            Close(block, events);
        }
    }

    private void Close(BedrockStreamBlock block, List<ChatStreamEvent> events)
    {
        var part = block.Part;
        if (block.IsWhole)
        {
            part = _parts++;
            events.Add(new PartStarted(0, part, block.ToPart()));
        }

        events.Add(new PartEnded(part));
    }

    private void Stop(JsonElement body, List<ChatStreamEvent> events)
    {
        if (_hasStopped)
        {
            return;
        }

        Start(events);
        foreach (var block in _open.Values)
        {
            Close(block, events);
        }

        _open.Clear();
        _hasStopped = true;
        var stop = body.Text("stopReason") is { } raw ? BedrockStop.Read(raw) : new Stop(StopReason.Other, null);
        if (body.Object("additionalModelResponseFields")?.Text("stop_sequence") is { } sequence)
        {
            stop = stop with { Sequence = sequence };
        }

        events.Add(new ChoiceStopped(0, _hasAnswerTool && !_hasToolCall ? BedrockAnswerTool.Ended(stop)! : stop));
        if (_hasMetadata)
        {
            End(events);
        }
    }

    private void ReadMetadata(JsonElement body, List<ChatStreamEvent> events)
    {
        if (body.Object("usage") is { } usage && BedrockUsageReader.Read(usage) is { } read)
        {
            Start(events);
            events.Add(new UsageReported(read));
        }

        _hasMetadata = true;
        if (_hasStopped)
        {
            End(events);
        }
    }

    private void End(List<ChatStreamEvent> events)
    {
        _hasEnded = true;
        events.Add(AnswerEnded.Instance);
    }
}
