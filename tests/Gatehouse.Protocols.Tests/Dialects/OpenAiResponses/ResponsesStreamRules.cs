using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Sse;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAiResponses;

/// <summary>What must hold of every stream of this dialect, whatever it says.</summary>
internal sealed class ResponsesStreamRules
{
    private readonly List<JsonElement> _done = [];
    private readonly StringBuilder _text = new();
    private string? _itemId;
    private int _contentParts;
    private bool _isPartOpen;

    /// <summary>Writes events as a stream.</summary>
    public static byte[] Write(IEnumerable<ChatStreamEvent> events, ChatError? failure = null, AnswerContext? context = null)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        var writer = ResponsesCodec.Instance.NewStreamWriter(context ?? RoundTrip.Context(Dialect.OpenAiResponses));
        foreach (var streamEvent in events)
        {
            writer.Write(streamEvent, output);
        }

        if (failure is not null)
        {
            writer.WriteFailure(failure, output);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Fails the test when a rule does not hold.</summary>
    /// <returns>The last event's answer.</returns>
    public static JsonElement Check(byte[] stream)
    {
        var events = Events(stream);
        Assert.Equal("response.created", events[0].Text("type"));
        Assert.Equal("response.in_progress", events[1].Text("type"));
        var rules = new ResponsesStreamRules();
        foreach (var told in events.Skip(2).SkipLast(1))
        {
            rules.Check(told);
        }

        var last = events[^1];
        Assert.Contains(last.Text("type"), (string[])["response.completed", "response.incomplete", "response.failed"], StringComparer.Ordinal);
        var response = last.GetProperty("response");
        Assert.Equal(last.Text("type")!["response.".Length..], response.Text("status"));
        Assert.Equal(last.Text("type") == "response.failed", response.Object("error") is not null);
        Assert.Equal(events[0].GetProperty("response").Text("id"), response.Text("id"));
        if (last.Text("type") != "response.failed")
        {
            Assert.Null(rules._itemId);
        }

        Assert.Equal(rules._done.Select(i => i.GetRawText()), response.Items("output").Select(i => i.GetRawText()), StringComparer.Ordinal);
        CheckMembers(response);
        return response;
    }

    public static List<JsonElement> Events(byte[] stream)
    {
        var events = new List<JsonElement>();
        using var frames = new SseFrameReader(16 * 1024 * 1024);
        stream.CopyTo(frames.GetMemory(stream.Length));
        frames.Advance(stream.Length);
        while (frames.TryReadFrame(out var bytes))
        {
            var frame = SseFrame.Parse(bytes);
            var told = JsonDocument.Parse(frame.Data.ToArray()).RootElement;
            Assert.Equal(told.Text("type"), Encoding.UTF8.GetString(frame.EventName));
            Assert.Equal(events.Count, told.Integer("sequence_number"));
            events.Add(told);
        }

        return events;
    }

    /// <summary>The members that OpenAI's specification (2.3.0, Response) or Open Responses (ResponseResource) requires, null or not.</summary>
    public static void CheckMembers(JsonElement response)
    {
        string[] required =
        [
            "id", "object", "created_at", "completed_at", "status", "incomplete_details", "model", "previous_response_id", "instructions", "output", "error",
            "tools", "tool_choice", "truncation", "parallel_tool_calls", "text", "top_p", "presence_penalty", "frequency_penalty", "top_logprobs",
            "temperature", "reasoning", "usage", "max_output_tokens", "max_tool_calls", "store", "background", "service_tier", "metadata",
            "safety_identifier", "prompt_cache_key",
        ];
        Assert.All(required, name => Assert.True(response.TryGetProperty(name, out _), name));
        Assert.Equal(response.EnumerateObject().Count(), response.EnumerateObject().Select(m => m.Name).Distinct(StringComparer.Ordinal).Count());
    }

    private void Check(JsonElement told)
    {
        var type = told.Text("type")!;
        switch (type)
        {
            case "error":
                Assert.Equal(told.Text("message"), told.GetProperty("error").Text("message"));
                return;
            case "response.output_item.added":
                Assert.Null(_itemId);
                _itemId = told.GetProperty("item").Text("id");
                Assert.NotNull(_itemId);
                Assert.DoesNotContain(_itemId, _done.Select(i => i.Text("id")), StringComparer.Ordinal);
                _contentParts = 0;
                _text.Clear();
                break;
            case "response.output_item.done":
                Assert.Equal(_itemId, told.GetProperty("item").Text("id"));
                Assert.False(_isPartOpen);
                _done.Add(told.GetProperty("item"));
                Assert.Equal(_done.Count - 1, told.Integer("output_index"));
                _itemId = null;
                return;
            case "response.content_part.added":
                Assert.False(_isPartOpen);
                Assert.Equal(_contentParts, told.Integer("content_index"));
                _isPartOpen = true;
                _text.Clear();
                break;
            case "response.content_part.done":
                Assert.True(_isPartOpen);
                _isPartOpen = false;
                _contentParts++;
                break;
        }

        Assert.Equal(_done.Count, told.Integer("output_index"));
        if (told.Text("item_id") is { } id)
        {
            Assert.Equal(_itemId, id);
        }

        if (type.StartsWith("response.output_text", StringComparison.Ordinal) || type.StartsWith("response.refusal", StringComparison.Ordinal))
        {
            Assert.True(_isPartOpen);
            Assert.Equal(_contentParts, told.Integer("content_index"));
        }

        if (type.EndsWith(".delta", StringComparison.Ordinal))
        {
            Assert.NotNull(told.Text("item_id"));
            _text.Append(told.Text("delta"));
        }
        else if ((told.Text("text") ?? told.Text("arguments") ?? told.Text("input") ?? told.Text("refusal")) is { } whole)
        {
            Assert.Equal(_text.ToString(), whole);
        }
    }
}
