using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Wire;

/// <summary>The recorded calls of the OpenAI chat, completions and embeddings endpoints, of every provider that speaks that format.</summary>
internal static class Recordings
{
    private const string Archive = "wire.tar.gz";
    private const string StoredCompletions = "GET: reads a stored completion, not one of the three endpoints";

    /// <summary>The longest first, as one is the end of another.</summary>
    public static readonly string[] Endpoints = ["/chat/completions", "/completions", "/embeddings"];

    /// <summary>What has one of the endpoints in its address and is not a call of it, with the reason.</summary>
    public static readonly IReadOnlyDictionary<string, string> Excluded = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["openai/chat-completions-chatmetadata-19"] = StoredCompletions,
        ["openai/chat-completions-getchatcompletionmessageswithafteridpagination-1"] = StoredCompletions,
        ["openai/chat-completions-getchatcompletionmessageswithafteridpagination-3"] = StoredCompletions,
        ["openai/chat-completions-getchatcompletionmessageshandlesnonexistentcompletion-0"] = StoredCompletions,
        ["portkey/completions-async-prompt-template-0"] = "Portkey's prompt templates: the path names a template, the body no model",
    };

    private static readonly Lazy<Dictionary<string, Recording>> Candidates = new(Read);

    public static bool ArePresent => SharedData.IsPresent(Archive);

    /// <summary>All recordings that have one of the endpoints in their address, by id.</summary>
    public static IReadOnlyDictionary<string, Recording> All => Candidates.Value;

    /// <summary>
    /// What is translated does not pass byte for byte: Mistral's chat is a dialect of its own. Its recordings go through their readers and
    /// writers in the tests of the dialects, and through the gateway in those of the clients.
    /// </summary>
    public static IEnumerable<Recording> Translated =>
        All.Values.Where(recording => recording.Provider == "mistral" && recording.Url.AbsolutePath.EndsWith("/chat/completions", StringComparison.Ordinal));

    public static IEnumerable<Recording> Replayed => All.Values.Where(recording => !Excluded.ContainsKey(recording.Id)).Except(Translated);

    private static Dictionary<string, Recording> Read()
    {
        var files = SharedData.Read(Archive);
        var entries = JsonNode.Parse(files["wire/index.json"])!["entries"]!.AsArray();
        return entries.Select((entry, number) => (Entry: entry!.AsObject(), number))
            .Where(item => Endpoints.Any(endpoint => Text(item.Entry, "url")?.Contains(endpoint, StringComparison.Ordinal) == true))
            .Select(item => Read(item.Entry, item.number, files))
            .ToDictionary(recording => recording.Id, StringComparer.Ordinal);
    }

    private static Recording Read(JsonObject entry, int number, Dictionary<string, byte[]> files) => new(
        number,
        Text(entry, "id")!,
        Text(entry, "provider")!,
        new Uri(Text(entry, "url")!),
        Text(entry, "model"),
        (int)entry["status"]!,
        Text(entry, "response_kind") == "sse",
        Text(entry, "request") is { } request ? files[$"wire/{request}"] : null,
        files[$"wire/{Text(entry, "response")}"],
        Headers(entry, "request_headers"),
        Headers(entry, "response_headers"));

    private static string? Text(JsonObject entry, string name) => (string?)entry[name];

    private static Dictionary<string, string> Headers(JsonObject entry, string name) =>
        entry[name]!.AsObject().ToDictionary(header => header.Key, header => (string)header.Value!, StringComparer.OrdinalIgnoreCase);
}
