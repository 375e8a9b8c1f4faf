using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Sse;

namespace Gatehouse.Protocols.Tests.Dialects.Anthropic;

/// <summary>What every stream of this dialect must keep, whoever it is from.</summary>
internal static class AnthropicStreamCheck
{
    public static List<JsonElement> Write(ChatStreamWriter writer, IEnumerable<ChatStreamEvent> events)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var streamEvent in events)
        {
            writer.Write(streamEvent, output);
        }

        return Frames(output.WrittenSpan);
    }

    /// <summary>The data of all frames, each of which has its name.</summary>
    public static List<JsonElement> Frames(ReadOnlySpan<byte> stream)
    {
        var frames = new List<JsonElement>();
        using var reader = new SseFrameReader(16 * 1024 * 1024);
        stream.CopyTo(reader.GetMemory(stream.Length + 1).Span);
        reader.Advance(stream.Length);
        while (reader.TryReadFrame(out var bytes))
        {
            var frame = SseFrame.Parse(bytes);
            var data = JsonDocument.Parse(frame.Data.ToArray()).RootElement;
            Assert.Equal(data.GetProperty("type").GetString(), Encoding.UTF8.GetString(frame.EventName));
            frames.Add(data);
        }

        return frames;
    }

    /// <summary>A stream that came to its end, or to an error.</summary>
    public static void Whole(IReadOnlyList<JsonElement> frames)
    {
        var types = frames.Select(f => f.GetProperty("type").GetString()).ToList();
        var open = -1;
        var next = 0;
        var kind = "";
        for (var i = 0; i < frames.Count; i++)
        {
            switch (types[i])
            {
                case "message_start":
                    Assert.Equal(0, i);
                    Assert.True(frames[i].GetProperty("message").GetProperty("usage").TryGetProperty("input_tokens", out _));
                    break;
                case "content_block_start":
                    Assert.Equal(-1, open);
                    open = frames[i].GetProperty("index").GetInt32();
                    Assert.Equal(next++, open);
                    kind = frames[i].GetProperty("content_block").GetProperty("type").GetString()!;
                    break;
                case "content_block_delta":
                    Assert.Equal(open, frames[i].GetProperty("index").GetInt32());
                    Fits(kind, frames[i].GetProperty("delta").GetProperty("type").GetString()!);
                    break;
                case "content_block_stop":
                    Assert.Equal(open, frames[i].GetProperty("index").GetInt32());
                    open = -1;
                    break;
                case "message_delta":
                    Assert.Equal(-1, open);
                    Assert.Equal(JsonValueKind.String, frames[i].GetProperty("delta").GetProperty("stop_reason").ValueKind);
                    Assert.True(frames[i].GetProperty("usage").TryGetProperty("input_tokens", out _));
                    Assert.True(frames[i].GetProperty("usage").TryGetProperty("output_tokens", out _));
                    Assert.Equal("message_stop", types[i + 1]);
                    break;
                case "message_stop":
                    Assert.Equal("message_delta", types[i - 1]);
                    Assert.Equal(frames.Count - 1, i);
                    break;
                case "error":
                    Assert.Equal(frames.Count - 1, i);
                    break;
                default:
                    Assert.Fail($"a frame of type {types[i]}");
                    break;
            }
        }

        Assert.True(types[0] is "message_start" or "error");
        Assert.True(types[^1] is "message_stop" or "error");
    }

    private static void Fits(string block, string delta) => Assert.True(
        block switch
        {
            "text" => delta is "text_delta" or "citations_delta",
            "thinking" => delta is "thinking_delta" or "signature_delta",
            "tool_use" => delta is "input_json_delta",
            "compaction" => delta is "compaction_delta",
            "redacted_thinking" => false,
            // What only this dialect knows, whatever it calls itself.
            _ => delta is "input_json_delta",
        },
        $"{delta} in {block}");
}
