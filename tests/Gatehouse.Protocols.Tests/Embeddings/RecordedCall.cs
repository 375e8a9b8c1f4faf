using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Embeddings;

/// <summary>A call of an embeddings or rerank endpoint as a provider and its client spoke it.</summary>
internal sealed record RecordedCall(string Id, string Provider, string Url, int Status, JsonObject? Request, byte[]? RequestBytes, byte[] Response)
{
    private const string Archive = "wire.tar.gz";

    private static readonly Lazy<Dictionary<string, RecordedCall>> Calls = new(Read);

    /// <summary>By id.</summary>
    public static IReadOnlyDictionary<string, RecordedCall> All => Calls.Value;

    public bool IsEmbedding => Url.Contains("embed", StringComparison.OrdinalIgnoreCase) && !IsRerank;

    public bool IsRerank => Url.Contains("rerank", StringComparison.OrdinalIgnoreCase);

    /// <summary>Without the archive one row is left, which is skipped, or fails in CI, when it looks for its recording.</summary>
    public static TheoryData<string> Rows(Func<RecordedCall, bool> condition) =>
        SharedData.IsPresent(Archive) ? [.. All.Values.Where(condition).Select(call => call.Id)] : ["none"];

    private static Dictionary<string, RecordedCall> Read()
    {
        var files = SharedData.Read(Archive);
        return JsonNode.Parse(files["wire/index.json"])!["entries"]!.AsArray()
            .Select(entry => entry!.AsObject())
            .Where(entry => (string?)entry["url"] is { } url
                && (url.Contains("embed", StringComparison.OrdinalIgnoreCase) || url.Contains("rerank", StringComparison.OrdinalIgnoreCase)))
            .Select(entry => Read(entry, files))
            .ToDictionary(call => call.Id, StringComparer.Ordinal);
    }

    private static RecordedCall Read(JsonObject entry, Dictionary<string, byte[]> files)
    {
        var request = (string?)entry["request"] is { } name ? files[$"wire/{name}"] : null;
        return new RecordedCall(
            (string)entry["id"]!,
            (string)entry["provider"]!,
            (string)entry["url"]!,
            (int)entry["status"]!,
            request is null ? null : JsonNode.Parse(request)!.AsObject(),
            request,
            files[$"wire/{(string)entry["response"]!}"]);
    }
}
