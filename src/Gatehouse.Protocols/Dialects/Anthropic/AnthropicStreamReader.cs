using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>
/// Reads a streamed message: <c>message_start</c>, blocks of <c>content_block_start</c>, <c>_delta</c> and <c>_stop</c>,
/// <c>message_delta</c>, <c>message_stop</c>; <c>ping</c> and events that this version does not know anywhere. Also the events that Bedrock
/// (InvokeModel) wraps and that Vertex sends for Claude.
/// </summary>
internal sealed class AnthropicStreamReader(string fallbackId) : ChatStreamReader
{
    private static readonly FrozenSet<string> EventMembers = ["type", "delta", "usage"];
    private static readonly FrozenSet<string> DeltaMembers = ["stop_reason", "stop_sequence"];

    private readonly SortedDictionary<long, AnthropicStreamBlock> _open = [];
    private Usage? _usage;
    private int _parts;
    private bool _hasStarted;
    private bool _isOver;

    public override void Read(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data, List<ChatStreamEvent> events)
    {
        if (_isOver)
        {
            return;
        }

        // OpenRouter ends its streams with it in this dialect too.
        if (data.SequenceEqual("[DONE]"u8))
        {
            return;
        }

        using var document = Parse(data);
        Read(document.RootElement, events);
    }

    /// <summary>The dialect has a last frame of its own: a stream without it is not whole.</summary>
    public override void EndOfStream(List<ChatStreamEvent> events)
    {
    }

    private static JsonDocument Parse(ReadOnlySpan<byte> data)
    {
        try
        {
            var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
            return JsonDocument.ParseValue(ref reader);
        }
        catch (JsonException)
        {
            throw new MalformedException(null, "a frame of the stream is not JSON");
        }
    }

    private void Read(JsonElement frame, List<ChatStreamEvent> events)
    {
        if (frame.HasText("type", "content_block_delta"))
        {
            if (frame.Object("delta") is { } delta && frame.Integer("index") is { } index && _open.TryGetValue(index, out var block))
            {
                block.Add(delta, events);
            }

            return;
        }

        // What these rarer frames tell is kept longer than the frame.
        frame = frame.Clone();
        switch (frame.Text("type"))
        {
            case "message_start":
                Start(frame.Object("message") ?? throw new MalformedException("message", "'message_start' has no 'message'"), events);
                break;
            case "content_block_start" when frame.Object("content_block") is { } block:
                StartBlock(frame.Integer("index") ?? _parts, block, events);
                break;
            case "content_block_stop" when frame.Integer("index") is { } index:
                EndBlock(index, events);
                break;
            case "message_delta":
                ReadMessageDelta(frame, events);
                break;
            case "message_stop":
                End(events);
                break;
            case "error":
                Fail(frame, events);
                break;
            // Vertex breaks off with its own envelope, which has no type.
            case null when frame.Member("error") is not null:
                Fail(frame, events);
                break;
        }
    }

    private void Start(JsonElement message, List<ChatStreamEvent> events)
    {
        if (_hasStarted)
        {
            return;
        }

        _hasStarted = true;
        var usage = message.Object("usage");
        Merge(usage);
        events.Add(new AnswerStarted(message.Text("id"), message.Text("model"))
        {
            Dialect = Dialect.Anthropic,
            ServiceTier = usage?.Text("service_tier"),
            Usage = _usage,
            Extensions = message.ExtensionsBeside(Dialect.Anthropic, AnthropicResponseReader.Known),
        });
        if (_usage is not null)
        {
            events.Add(new UsageReported(_usage));
        }

        // Anthropic itself begins a message with blocks when it goes on after a tool that its own code called.
        var index = 0;
        foreach (var block in message.Items("content"))
        {
            if (block.ValueKind == JsonValueKind.Object)
            {
                StartBlock(--index, block, events);
                EndBlock(index, events);
            }
        }

        if (AnthropicResponseReader.ReadStop(message) is { } stop)
        {
            events.Add(new ChoiceStopped(0, stop));
        }
    }

    private void StartBlock(long index, JsonElement block, List<ChatStreamEvent> events)
    {
        // A provider that opens a block twice has ended the first.
        EndBlock(index, events);
        _open[index] = AnthropicStreamBlock.Start(block, _parts++, fallbackId, events);
    }

    private void EndBlock(long index, List<ChatStreamEvent> events)
    {
        if (_open.Remove(index, out var block))
        {
            block.End(events);
        }
    }

    private void ReadMessageDelta(JsonElement frame, List<ChatStreamEvent> events)
    {
        if (frame.Object("usage") is { } usage && Merge(usage))
        {
            events.Add(new UsageReported(_usage!));
        }

        if (frame.Object("delta") is { } delta && AnthropicResponseReader.ReadStop(delta) is { } stop)
        {
            EndBlocks(events);
            var extensions = delta.ExtensionsBeside(Dialect.Anthropic, DeltaMembers);
            var beside = frame.ExtensionsBeside(Dialect.Anthropic, EventMembers);
            events.Add(new ChoiceStopped(0, stop) { Extensions = extensions?.With(beside) ?? beside });
        }
    }

    /// <summary>
    /// "The token counts shown in the usage field of the message_delta event are cumulative" (docs, Streaming). Counts that only the first
    /// event tells, such as the life of what is written to the cache, stay.
    /// </summary>
    private bool Merge(JsonElement? usage)
    {
        if (usage is not { } counts || AnthropicUsageReader.Read(counts) is not { } later)
        {
            return false;
        }

        _usage = _usage is not { } earlier ? later : earlier.UpdatedBy(later) with
        {
            CacheReadTokens = later.CacheReadTokens ?? earlier.CacheReadTokens,
            CacheWriteTokens = later.CacheWriteTokens ?? earlier.CacheWriteTokens,
            CacheWriteOneHourTokens = later.CacheWriteOneHourTokens ?? earlier.CacheWriteOneHourTokens,
        };
        return true;
    }

    private void EndBlocks(List<ChatStreamEvent> events)
    {
        foreach (var block in _open.Values)
        {
            block.End(events);
        }

        _open.Clear();
    }

    private void End(List<ChatStreamEvent> events)
    {
        EndBlocks(events);
        events.Add(AnswerEnded.Instance);
        _isOver = true;
    }

    private void Fail(JsonElement frame, List<ChatStreamEvent> events)
    {
        events.Add(new AnswerFailed(AnthropicResponseReader.ReadError(200, frame)));
        _isOver = true;
    }
}
