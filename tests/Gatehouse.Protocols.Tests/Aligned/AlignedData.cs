using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Aligned;

/// <summary>One format of a case: a request and its followup as they were sent, with the answers to them.</summary>
/// <param name="Files">By what they are: request, response, response-streaming, followup-request, ...</param>
internal sealed record AlignedFormat(WireFormat Format, IReadOnlyDictionary<string, JsonElement> Files)
{
    /// <summary>Where the path names the model, the answer tells it.</summary>
    public string Model => AlignedData.ModelOf(Files["request"])
        ?? (Files.TryGetValue("response", out var response) ? response.Text("modelVersion") ?? response.Text("model") : null)
        ?? "";
}

internal sealed record AlignedCase(string Name, IReadOnlyList<AlignedFormat> Formats);

/// <summary>What another implementation made of a request, and of the answer of the provider that it went to.</summary>
internal sealed record PeerTranslation(string Case, WireFormat From, WireFormat To, IReadOnlyDictionary<string, JsonElement> Files);

/// <summary>The recordings of wire-aligned.tar.gz: the same calls in up to nine formats.</summary>
internal sealed class AlignedData
{
    private const string Archive = "wire-aligned.tar.gz";

    private static readonly Lazy<AlignedData> Read = new(() => new AlignedData(SharedData.Read(Archive)));

    private AlignedData(Dictionary<string, byte[]> files)
    {
        using var index = JsonDocument.Parse(files["wire-aligned/index.json"]);
        Cases = [.. index.RootElement.All("cases").Select(c => new AlignedCase(
            c.Text("case")!,
            [.. c.GetProperty("formats").EnumerateObject().Select(f => new AlignedFormat(WireFormat.Of(f.Name), Load(f.Value, files)))]))];
        Translations = [.. index.RootElement.All("translations").Select(t => new PeerTranslation(
            t.Text("case")!, WireFormat.Of(t.Text("from")!), WireFormat.Of(t.Text("to")!), Load(t, files)))];
    }

    public static AlignedData Instance
    {
        get
        {
            Require.Present(SharedData.IsPresent(Archive), "the aligned recordings");
            return Read.Value;
        }
    }

    public IReadOnlyList<AlignedCase> Cases { get; }

    public IReadOnlyList<PeerTranslation> Translations { get; }

    public static string? ModelOf(JsonElement request) => request.Text("model") ?? request.Text("modelId");

    private static Dictionary<string, JsonElement> Load(JsonElement names, Dictionary<string, byte[]> files) =>
        names.EnumerateObject().Where(n => n.Value.GetString()!.EndsWith(".json", StringComparison.Ordinal))
            .ToDictionary(n => n.Name, n => AsSent(files[$"wire-aligned/{n.Value.GetString()}"]), StringComparer.Ordinal);

    /// <summary>
    /// The recordings are what the official client libraries take and give. AWS's has bytes where base64 is sent, names the model that
    /// stands in the path, and adds <c>$metadata</c>.
    /// </summary>
    private static JsonElement AsSent(byte[] json)
    {
        var node = JsonNode.Parse(json)!;
        if (node is JsonObject body)
        {
            _ = body.Remove("$metadata");
            var turns = body["modelId"] is null ? [] : body["messages"] as JsonArray ?? [];
            foreach (var source in turns.SelectMany(m => m!["content"]!.AsArray()).Select(c => c!["document"]?["source"]))
            {
                if (source?["bytes"] is JsonObject bytes)
                {
                    source["bytes"] = Convert.ToBase64String([.. bytes.Select(b => (byte)(int)b.Value!)]);
                }
            }
        }

        return JsonDocument.Parse(node.ToJsonString()).RootElement;
    }
}
