using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Cohere;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Cohere;

/// <summary>What clients of Cohere rely on in a stream.</summary>
internal static class CohereStreamCheck
{
    public static string Write(IEnumerable<ChatStreamEvent> events)
    {
        var writer = CohereCodec.Instance.NewStreamWriter(RoundTrip.Context(Dialect.Cohere));
        var output = new ArrayBufferWriter<byte>();
        foreach (var streamEvent in events)
        {
            writer.Write(streamEvent, output);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>A stream that ends well: every start has its end, nothing overlaps, indices count up in their own rows.</summary>
    /// <returns>The events.</returns>
    public static List<JsonElement> Whole(string stream)
    {
        Assert.EndsWith("\n\ndata: [DONE]\n\n", stream, StringComparison.Ordinal);
        var events = Events(stream[..^"data: [DONE]\n\n".Length]);
        Assert.Null(events[^1].GetProperty("delta").Text("error"));
        return events;
    }

    /// <summary>The same, of a stream that may have failed.</summary>
    public static List<JsonElement> Events(string stream)
    {
        var events = new List<JsonElement>();
        (string Kind, long Index)? open = null;
        var next = new Dictionary<string, long>(StringComparer.Ordinal) { ["content"] = 0, ["tool-call"] = 0, ["citation"] = 0 };
        foreach (var frame in stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = frame.Split('\n');
            Assert.Equal(2, lines.Length);
            var data = JsonDocument.Parse(lines[1]["data: ".Length..]).RootElement;
            var type = data.Text("type")!;
            Assert.Equal($"event: {type}", lines[0]);
            Assert.Equal(events.Count == 0, type == "message-start");
            Assert.False(events.Count > 0 && events[^1].Text("type") == "message-end");
            events.Add(data);
            switch (type)
            {
                case "content-start" or "tool-call-start":
                    Assert.Null(open);
                    open = (type[..^"-start".Length], data.Integer("index")!.Value);
                    Assert.Equal(next[open.Value.Kind]++, open.Value.Index);
                    break;
                case "content-delta" or "tool-call-delta":
                    Assert.Equal((type[..^"-delta".Length], data.Integer("index")!.Value), open);
                    break;
                case "content-end" or "tool-call-end":
                    Assert.Equal((type[..^"-end".Length], data.Integer("index")!.Value), open);
                    open = null;
                    break;
                case "citation-start":
                    Assert.Equal(next["citation"]++, data.Integer("index"));
                    break;
                case "message-end" when data.GetProperty("delta").Text("error") is null:
                    Assert.Null(open);
                    Assert.NotEmpty(data.GetProperty("delta").Text("finish_reason")!);
                    break;
            }
        }

        Assert.Equal("message-end", events[^1].Text("type"));
        return events;
    }
}
