using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Recorded;

/// <summary>The recorded traffic of wire.tar.gz.</summary>
internal static class RecordedCases
{
    private const string Archive = "wire.tar.gz";

    private static readonly Lazy<Dictionary<string, RecordedCase>> Cases = new(Read);

    public static IReadOnlyCollection<RecordedCase> All => Cases.Value.Values;

    public static RecordedCase Get(string id)
    {
        Require.Present(SharedData.IsPresent(Archive), "the recorded traffic");
        return Cases.Value[id];
    }

    /// <summary>The ids of cases, as data for a theory; one row that fails or is skipped when there is no data.</summary>
    public static TheoryData<string> Ids(Func<RecordedCase, bool> filter) =>
        SharedData.IsPresent(Archive) ? [.. Cases.Value.Values.Where(filter).Select(c => c.Id)] : ["absent"];

    private static Dictionary<string, RecordedCase> Read()
    {
        var files = SharedData.Read(Archive);
        using var index = JsonDocument.Parse(files["wire/index.json"]);
        return index.RootElement.GetProperty("entries").EnumerateArray().Select(e => Read(e, files)).ToDictionary(c => c.Id, StringComparer.Ordinal);
    }

    // An empty file has no data in the archive.
    private static RecordedCase Read(JsonElement entry, Dictionary<string, byte[]> files) => new(
        Text(entry, "id")!,
        Text(entry, "provider")!,
        Text(entry, "endpoint") ?? "",
        Text(entry, "url") ?? "",
        Text(entry, "model"),
        entry.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.Number ? status.GetInt32() : 0,
        Text(entry, "response_kind"),
        Text(entry, "request") is { } request ? files[$"wire/{request}"] : null,
        Text(entry, "response") is { } response ? files.GetValueOrDefault($"wire/{response}", []) : null);

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
