using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.EventStream;

/// <summary>Recorded answers of one kind, as their bytes were on the wire.</summary>
internal static class RecordedStreams
{
    private static readonly Lazy<Dictionary<string, byte[]>> Files = new(() => SharedData.Read("wire.tar.gz"));

    /// <param name="kind">As the index calls it: <c>eventstream</c>, <c>ndjson</c>.</param>
    public static IReadOnlyList<(string Id, byte[] Bytes)> Of(string kind)
    {
        var entries = JsonNode.Parse(Files.Value["wire/index.json"])!["entries"]!.AsArray();
        var streams = entries.Where(entry => (string?)entry!["response_kind"] == kind)
            .Select(entry => ((string)entry!["id"]!, Files.Value[$"wire/{(string)entry["response"]!}"])).ToArray();
        Assert.NotEmpty(streams);
        return streams;
    }
}
