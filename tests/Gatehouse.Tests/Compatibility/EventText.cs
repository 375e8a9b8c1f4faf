using System.Text.Json.Nodes;

namespace Gatehouse.Tests.Compatibility;

/// <summary>One event of a stream of server-sent events.</summary>
internal sealed record EventText(string? Name, string Data)
{
    public JsonNode Json => Shape.Parse(Data);

    /// <summary>Reads a whole stream, with nothing in it but events of one or two lines.</summary>
    public static List<EventText> ReadAll(string stream)
    {
        Assert.True(stream.Length == 0 || stream.EndsWith("\n\n", StringComparison.Ordinal) || stream.EndsWith("\r\n\r\n", StringComparison.Ordinal), $"the last event has its end: {stream}");
        var events = new List<EventText>();
        foreach (var block in stream.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string? name = null, data = null;
            foreach (var line in block.Split('\n'))
            {
                if (line.StartsWith("event: ", StringComparison.Ordinal))
                {
                    Assert.Null(name);
                    name = line[7..];
                }
                else
                {
                    Assert.StartsWith("data: ", line, StringComparison.Ordinal);
                    Assert.Null(data);
                    data = line[6..];
                }
            }

            events.Add(new EventText(name, data ?? throw new InvalidOperationException($"an event without data: {block}")));
        }

        return events;
    }
}
