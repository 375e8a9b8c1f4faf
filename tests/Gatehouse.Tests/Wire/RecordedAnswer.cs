using System.Text.Json.Nodes;

namespace Gatehouse.Tests.Wire;

/// <summary>What a recorded answer says of itself: read by whole documents, unlike in the gateway.</summary>
internal static class RecordedAnswer
{
    /// <summary>The JSON objects in the data lines of a stream, or of one frame of it.</summary>
    public static IEnumerable<JsonObject> DataOf(string stream) => stream.Split('\n')
        .Where(line => line.StartsWith("data:", StringComparison.Ordinal))
        .Select(line => line["data:".Length..].Trim())
        .Where(data => data != "[DONE]")
        .Select(data => JsonNode.Parse(RecordedCall.Bytes.GetBytes(data)))
        .OfType<JsonObject>();

    public static IEnumerable<JsonObject> Documents(Recording recording) => recording.IsEventStream
        ? DataOf(RecordedCall.Bytes.GetString(recording.Response))
        : new[] { JsonNode.Parse(recording.Response) }.OfType<JsonObject>();

    public static string Outcome(Recording recording) =>
        !recording.IsSuccess || Documents(recording).Any(data => data["error"] is not null) ? "failed" : "completed";
}
