using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

/// <summary>The order of events that <see cref="ChatStreamEvent"/> promises.</summary>
internal static class StreamRules
{
    public static void CheckEvents(IReadOnlyList<ChatStreamEvent> events)
    {
        var open = new HashSet<int>();
        var seen = 0;
        var hasStarted = false;
        var stopped = new HashSet<int>();
        for (var i = 0; i < events.Count; i++)
        {
            switch (events[i])
            {
                case AnswerStarted:
                    Assert.False(hasStarted);
                    hasStarted = true;
                    break;
                case PartStarted started:
                    Assert.True(hasStarted);
                    Assert.Equal(seen++, started.Part);
                    Assert.True(open.Add(started.Part));
                    Assert.DoesNotContain(started.Choice, stopped);
                    break;
                case PartDelta delta:
                    Assert.Contains(delta.Part, open);
                    Assert.NotEmpty(delta.Text);
                    break;
                case PartSigned signed:
                    Assert.Contains(signed.Part, open);
                    break;
                case PartCited cited:
                    Assert.Contains(cited.Part, open);
                    break;
                case AudioDelta audio:
                    Assert.Contains(audio.Part, open);
                    break;
                case PartEnded ended:
                    Assert.True(open.Remove(ended.Part));
                    break;
                case ChoiceStopped stop:
                    Assert.True(stopped.Add(stop.Choice));
                    break;
                case AnswerEnded:
                    Assert.Empty(open);
                    Assert.NotEmpty(stopped);
                    Assert.Equal(events.Count - 1, i);
                    break;
                case AnswerFailed:
                    Assert.Equal(events.Count - 1, i);
                    break;
            }
        }
    }
}

/// <summary>What clients of the format rely on in a stream.</summary>
internal static class ChatStreamRules
{
    /// <summary>Writes events and checks what comes out.</summary>
    /// <returns>The chunks, without <c>[DONE]</c>.</returns>
    public static List<JsonElement> Write(DialectCodec codec, IEnumerable<ChatStreamEvent> events, AnswerContext? context = null)
    {
        var writer = codec.NewStreamWriter(context ?? RoundTrip.Context(codec.Dialect));
        var output = new ArrayBufferWriter<byte>();
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

        return Check(Encoding.UTF8.GetString(output.WrittenSpan));
    }

    private static List<JsonElement> Check(string stream)
    {
        var frames = stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        // A failure has no [DONE]: it is what clients take for a clean ending.
        var hasFailed = frames[^1].StartsWith("data: {\"error\"", StringComparison.Ordinal);
        Assert.True(hasFailed || frames[^1] == "data: [DONE]", frames[^1]);
        var chunks = frames[..^(hasFailed ? 0 : 1)].Select(f => JsonDocument.Parse(f["data: ".Length..]).RootElement).ToList();
        var hasRole = new HashSet<int>();
        var stopped = new HashSet<int>();
        var arguments = new Dictionary<(int Choice, int Call), StringBuilder>();
        foreach (var chunk in chunks)
        {
            if (chunk.TryGetProperty("error", out var error))
            {
                Assert.NotEmpty(error.GetProperty("message").GetString()!);
                Assert.Equal(chunk, chunks[^1]);
                return chunks;
            }

            Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString());
            Assert.NotEmpty(chunk.GetProperty("id").GetString()!);
            foreach (var choice in chunk.GetProperty("choices").EnumerateArray())
            {
                var index = choice.GetProperty("index").GetInt32();
                var delta = choice.GetProperty("delta");
                Assert.DoesNotContain(index, stopped);
                Assert.Equal(hasRole.Add(index), delta.TryGetProperty("role", out _));
                CheckCalls(index, delta, arguments);
                if (choice.GetProperty("finish_reason").ValueKind == JsonValueKind.String)
                {
                    _ = stopped.Add(index);
                }
            }
        }

        Assert.Equal(hasRole, stopped);
        foreach (var text in arguments.Values)
        {
            Assert.NotEmpty(text.ToString());
        }

        return chunks;
    }

    private static void CheckCalls(int choice, JsonElement delta, Dictionary<(int Choice, int Call), StringBuilder> arguments)
    {
        if (!delta.TryGetProperty("tool_calls", out var calls))
        {
            return;
        }

        foreach (var call in calls.EnumerateArray())
        {
            var key = (choice, call.GetProperty("index").GetInt32());
            if (!arguments.TryGetValue(key, out var text))
            {
                Assert.Equal(arguments.Keys.Count(k => k.Choice == choice), key.Item2);
                Assert.NotEmpty(call.GetProperty("id").GetString()!);
                arguments[key] = text = new StringBuilder();
            }
            else
            {
                Assert.False(call.TryGetProperty("id", out _));
            }

            if (call.TryGetProperty("function", out var function))
            {
                _ = text.Append(function.GetProperty("arguments").GetString());
            }
            else if (call.TryGetProperty("custom", out var custom))
            {
                // Free text may be empty.
                _ = text.Append(custom.GetProperty("input").GetString()).Append(' ');
            }
        }
    }
}
