using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Bedrock;
using Gatehouse.Protocols.EventStream;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Bedrock;

/// <summary>Streams of Bedrock's, there and back.</summary>
internal static class BedrockStreams
{
    /// <summary>The messages of a stream: the name of the event or exception, and its JSON.</summary>
    public static List<(string Name, string Json)> Messages(byte[] stream)
    {
        var messages = new List<(string, string)>();
        using var reader = new EventStreamReader(Math.Max(stream.Length, 1024));
        stream.CopyTo(reader.GetMemory(Math.Max(stream.Length, 1)));
        reader.Advance(stream.Length);
        while (reader.TryReadMessage(out var message))
        {
            messages.Add((Encoding.UTF8.GetString(message.IsFailure ? message.ExceptionType : message.EventType), Encoding.UTF8.GetString(message.Payload)));
        }

        return messages;
    }

    public static List<ChatStreamEvent> Events(IEnumerable<(string Name, string Json)> messages)
    {
        var events = new List<ChatStreamEvent>();
        var reader = BedrockCodec.Instance.NewStreamReader("fallback");
        foreach (var (name, json) in messages)
        {
            reader.Read(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(json), events);
        }

        if (events is not [.., AnswerEnded or AnswerFailed])
        {
            reader.EndOfStream(events);
        }

        return events;
    }

    public static List<(string Name, string Json)> Written(IEnumerable<ChatStreamEvent> events)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = BedrockCodec.Instance.NewStreamWriter(RoundTrip.Context(Dialect.Bedrock));
        Assert.Equal("application/vnd.amazon.eventstream", writer.ContentType);
        foreach (var streamEvent in events)
        {
            if (streamEvent is AnswerFailed failed)
            {
                writer.WriteFailure(failed.Error, output);
            }
            else
            {
                writer.Write(streamEvent, output);
            }
        }

        var messages = Messages(output.WrittenSpan.ToArray());
        CheckInvariants(messages);
        return messages;
    }

    /// <summary>
    /// messageStart first and once; blocks counted from 0, one open at a time, tool calls begun with a start; messageStop once, then metadata,
    /// last; or an exception, last.
    /// </summary>
    private static void CheckInvariants(List<(string Name, string Json)> messages)
    {
        var blocks = 0;
        var isOpen = false;
        var isTool = false;
        var isStopped = false;
        for (var i = 0; i < messages.Count; i++)
        {
            var (name, json) = messages[i];
            var body = JsonElement.Parse(json);
            if (name.EndsWith("Exception", StringComparison.Ordinal))
            {
                Assert.Equal(messages.Count - 1, i);
                Assert.NotEmpty(body.GetProperty("message").GetString()!);
                return;
            }

            Assert.Equal(i == 0, name == "messageStart");
            Assert.Equal(isStopped, name == "metadata");
            switch (name)
            {
                case "messageStart":
                    Assert.Equal("assistant", body.GetProperty("role").GetString());
                    break;
                case "contentBlockStart":
                    Assert.False(isOpen);
                    Assert.Equal(blocks, body.GetProperty("contentBlockIndex").GetInt32());
                    isOpen = isTool = true;
                    break;
                case "contentBlockDelta":
                    Assert.Equal(blocks, body.GetProperty("contentBlockIndex").GetInt32());
                    var type = Assert.Single(body.GetProperty("delta").EnumerateObject()).Name;
                    Assert.True(isTool || type is "text" or "reasoningContent" or "citation", $"a delta of {type} without a start");
                    isOpen = true;
                    break;
                case "contentBlockStop":
                    Assert.True(isOpen);
                    Assert.Equal(blocks++, body.GetProperty("contentBlockIndex").GetInt32());
                    isOpen = isTool = false;
                    break;
                case "messageStop":
                    Assert.False(isOpen);
                    Assert.NotEmpty(body.GetProperty("stopReason").GetString()!);
                    isStopped = true;
                    break;
                case "metadata":
                    Assert.Equal(messages.Count - 1, i);
                    Assert.True(body.GetProperty("usage").TryGetProperty("totalTokens", out _));
                    break;
                default:
                    Assert.Fail($"an event named {name}");
                    break;
            }
        }
    }
}
