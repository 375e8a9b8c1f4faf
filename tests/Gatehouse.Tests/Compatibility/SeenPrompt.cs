using System.Text.Json.Nodes;

namespace Gatehouse.Tests.Compatibility;

/// <summary>What a provider understood of a request, in the same words for all.</summary>
internal sealed class SeenPrompt
{
    private readonly List<string> _callIds = [];
    private readonly List<string> _callNames = [];

    /// <summary>What stands apart from the conversation, or before it.</summary>
    public List<string> System { get; } = [];

    /// <summary>The conversation, one line for each part: <c>user: Hello</c>, <c>assistant: #1 get_weather {...}</c>, <c>user: result #1 ...</c>.</summary>
    public List<string> Lines { get; } = [];

    /// <summary>Tools with the names of their parameters: <c>get_weather(city)</c>.</summary>
    public List<string> Tools { get; } = [];

    /// <summary>Seals of thoughts that came back.</summary>
    public List<string> Seals { get; } = [];

    /// <summary>Thoughts that came back.</summary>
    public List<string> Thoughts { get; } = [];

    public IReadOnlyList<string> CallIds => _callIds;

    public long? MaxTokens { get; set; }

    public JsonNode? Schema { get; set; }

    public bool IsStream { get; set; }

    public void AddText(string role, string text)
    {
        const string open = "<system>\n", close = "\n</system>";
        if (text.StartsWith(open, StringComparison.Ordinal) && text.EndsWith(close, StringComparison.Ordinal))
        {
            (role, text) = ("system", text[open.Length..^close.Length]);
        }

        if (role is "system" or "developer" && Lines.Count == 0)
        {
            System.Add(text);
            return;
        }

        Lines.Add($"{(role == "developer" ? "system" : role)}: {text}");
    }

    public void AddImage(string mediaType, string base64) => Lines.Add($"user: image {mediaType} {base64}");

    public void AddImage(string dataUrl)
    {
        Assert.StartsWith("data:", dataUrl, StringComparison.Ordinal);
        var comma = dataUrl.IndexOf(";base64,", StringComparison.Ordinal);
        AddImage(dataUrl[5..comma], dataUrl[(comma + 8)..]);
    }

    public void AddCall(string? id, string name, JsonNode? arguments)
    {
        Assert.True(arguments is JsonObject, $"the arguments of {name} are an object");
        _callIds.Add(id ?? "");
        _callNames.Add(name);
        Lines.Add($"assistant: #{_callIds.Count} {name} {Canonical(arguments)}");
    }

    /// <summary>A result is of the call with its id; where a format has none, of the call with its name.</summary>
    public void AddResult(string? id, string? name, string text)
    {
        var index = id is { Length: > 0 } ? _callIds.IndexOf(id) : _callNames.IndexOf(name!);
        Assert.True(index >= 0, $"the result of '{id}' ({name}) belongs to no call before it");
        Lines.Add($"user: result #{index + 1} {text}");
    }

    public void AddTool(string name, JsonNode? schema)
    {
        var type = (string?)schema?["type"];
        Assert.True(schema is null || string.Equals(type, "object", StringComparison.OrdinalIgnoreCase), $"the schema of {name} is an object's");
        Tools.Add($"{name}({string.Join(",", (schema?["properties"] as JsonObject ?? []).Select(property => property.Key))})");
    }

    public static string Canonical(JsonNode? json) => json?.ToJsonString(Shape.Relaxed) ?? "null";
}
