using System.Globalization;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>
/// Reads a stream of typed events. A provider that leaves out some (deltas before their item, items without deltas, no
/// <c>content_part.added</c>) is understood: whatever an item holds when it is done has been told by then.
/// </summary>
/// <param name="fallbackId">Makes ids for calls that have none.</param>
internal sealed class ResponsesStreamReader(string fallbackId) : ChatStreamReader
{
    private readonly SortedDictionary<long, ResponsesStreamItem> _items = [];
    private readonly ResponsesStreamParts _parts = new();
    private bool _hasStarted;
    private bool _isOver;

    public override void Read(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data, List<ChatStreamEvent> events)
    {
        if (_isOver || data.SequenceEqual("[DONE]"u8))
        {
            return;
        }

        using var document = Parse(data);
        var root = document.RootElement;
        var type = root.Text("type") ?? Encoding.UTF8.GetString(eventName);
        switch (type)
        {
            case "response.output_text.delta":
                Delta(root, Content(root), new TextPart(""), events, ResponsesLogprobs.ObjectOf(root.Array("logprobs")));
                break;
            case "response.refusal.delta":
                Delta(root, Content(root), new RefusalPart(""), events);
                break;
            case "response.reasoning_text.delta":
                Delta(root, ResponsesStreamItem.Whole, new ReasoningPart(), events);
                break;
            case "response.reasoning_summary_text.delta":
                SummaryDelta(root, events);
                break;
            case "response.function_call_arguments.delta" or "response.custom_tool_call_input.delta":
                ItemOf(root).Call(root.Text("delta"), events);
                break;
            case "response.output_text.annotation.added":
                if (root.Object("annotation") is { } annotation)
                {
                    ItemOf(root).Cite(Content(root), annotation.Clone(), events);
                }

                break;
            case "response.content_part.added" or "response.content_part.done":
                if (root.Object("part") is { } part)
                {
                    ItemOf(root).ContentPart(Content(root), part, type == "response.content_part.done", events);
                }

                break;
            case "response.output_item.added" or "response.output_item.done":
                if (root.Object("item") is { } item)
                {
                    Item(root, item, type == "response.output_item.done", events);
                }

                break;
            case "response.created" or "response.in_progress" or "response.queued":
                Start(root.Object("response"), events);
                break;
            case "response.completed" or "response.incomplete" or "response.failed" or "error":
                End(type, root, events);
                break;
        }
    }

    public override void EndOfStream(List<ChatStreamEvent> events)
    {
        // The answer has a last event of its own.
    }

    private static JsonDocument Parse(ReadOnlySpan<byte> data)
    {
        try
        {
            var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
            var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
        }
        catch (JsonException)
        {
            // Told below.
        }

        throw new MalformedException(null, "an event of the stream is not a JSON object");
    }

    private static long Content(JsonElement root) => root.Integer("content_index") ?? 0;

    private ResponsesStreamItem ItemOf(JsonElement root)
    {
        var index = root.Integer("output_index") ?? (_items.Count > 0 ? _items.Keys.Last() : 0);
        if (!_items.TryGetValue(index, out var item))
        {
            item = new ResponsesStreamItem(_parts, root.Text("item_id"), $"call_{fallbackId}{index.ToString(CultureInfo.InvariantCulture)}");
            _items.Add(index, item);
        }

        return item;
    }

    private void Delta(JsonElement root, long content, Part start, List<ChatStreamEvent> events, JsonElement? logprobs = null)
    {
        if (root.Text("delta") is { } delta)
        {
            Start(null, events);
            ItemOf(root).Delta(content, start, delta, logprobs, events);
        }
    }

    private void SummaryDelta(JsonElement root, List<ChatStreamEvent> events)
    {
        if (root.Text("delta") is { } delta)
        {
            Start(null, events);
            ItemOf(root).Summary(root.Integer("summary_index") ?? 0, delta, events);
        }
    }

    private void Item(JsonElement root, JsonElement item, bool isDone, List<ChatStreamEvent> events)
    {
        Start(null, events);
        var state = ItemOf(root);
        if (!isDone)
        {
            state.Added(item, events);
            return;
        }

        state.Done(item, events);
        _ = _items.Remove(root.Integer("output_index") ?? _items.Keys.LastOrDefault());
    }

    private void Start(JsonElement? response, List<ChatStreamEvent> events)
    {
        if (_hasStarted)
        {
            return;
        }

        _hasStarted = true;
        events.Add(new AnswerStarted(response?.Text("id"), response?.Text("model"))
        {
            Dialect = Dialect.OpenAiResponses,
            Created = response?.Integer("created_at"),
            ServiceTier = response?.Text("service_tier"),
        });
    }

    private void End(string type, JsonElement root, List<ChatStreamEvent> events)
    {
        _isOver = true;
        var response = root.Object("response");
        if (type == "error" || response?.Text("status") == "failed" || type == "response.failed")
        {
            var envelope = response ?? root;
            var error = envelope.Object("error") ?? root;
            events.Add(new AnswerFailed(ResponsesResponseReader.ReadError(ResponsesResponseReader.StatusOf(error), envelope)));
            return;
        }

        Start(response, events);
        foreach (var item in _items.Values)
        {
            item.End(events);
        }

        if (_parts.Count == 0)
        {
            // Nothing but the end was told: it has the whole answer.
            var index = 0L;
            foreach (var item in response?.Items("output") ?? default)
            {
                if (item.ValueKind == JsonValueKind.Object)
                {
                    new ResponsesStreamItem(_parts, null, $"call_{fallbackId}{(index++).ToString(CultureInfo.InvariantCulture)}").Done(item, events);
                }
            }
        }

        var stop = response is { } answer ? ResponsesResponseReader.StopOf(answer, _parts.HasCalls) : null;
        events.Add(new ChoiceStopped(0, stop ?? new Stop(_parts.HasCalls ? StopReason.ToolUse : StopReason.EndTurn, null)));
        if (response is { } told && ResponsesResponseReader.UsageOf(told) is { } usage)
        {
            events.Add(new UsageReported(usage));
        }

        events.Add(AnswerEnded.Instance);
    }
}
