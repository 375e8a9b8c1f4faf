using System.Buffers;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Ollama;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Ollama;

/// <summary>What clients of Ollama rely on in a stream.</summary>
internal static class OllamaStreamCheck
{
    public static string Write(IEnumerable<ChatStreamEvent> events)
    {
        var writer = OllamaCodec.Instance.NewStreamWriter(RoundTrip.Context(Dialect.Ollama));
        Assert.Equal("application/x-ndjson", writer.ContentType);
        var output = new ArrayBufferWriter<byte>();
        foreach (var streamEvent in events)
        {
            writer.Write(streamEvent, output);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>Every line is an answer; the last one, and no other, is done, and says why.</summary>
    /// <returns>The lines.</returns>
    public static List<JsonElement> Whole(string stream)
    {
        Assert.EndsWith("}\n", stream, StringComparison.Ordinal);
        var lines = stream[..^1].Split('\n').Select(l => JsonDocument.Parse(l).RootElement).ToList();
        for (var i = 0; i < lines.Count; i++)
        {
            Assert.NotEmpty(lines[i].Text("model")!);
            _ = lines[i].GetProperty("created_at").GetDateTimeOffset();
            Assert.Equal("assistant", lines[i].GetProperty("message").Text("role"));
            Assert.NotNull(lines[i].GetProperty("message").Text("content"));
            Assert.Equal(i == lines.Count - 1, lines[i].Flag("done"));
            Assert.Equal(i == lines.Count - 1, lines[i].Text("done_reason") is not null);
            foreach (var call in lines[i].GetProperty("message").Items("tool_calls"))
            {
                Assert.NotEmpty(call.Object("function")!.Value.Text("name")!);
                Assert.NotNull(call.Object("function")!.Value.Object("arguments"));
            }
        }

        return lines;
    }
}
