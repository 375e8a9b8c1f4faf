using System.Text.Json;

namespace Gatehouse.Upstream.Sandbox;

/// <summary>What the sandbox reads of a request.</summary>
internal sealed record SandboxRequest(string Model, bool IsStream, bool IncludeUsage, string Text, IReadOnlyList<string> Inputs, string? Tool, bool HasToolResult)
{
    public static SandboxRequest Read(byte[] body)
    {
        using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 512 });
        var root = document.RootElement;
        var messages = Member(root, "messages", JsonValueKind.Array) is { } list ? list.EnumerateArray().ToArray() : [];
        var last = messages.LastOrDefault(message => Role(message) is "user");
        var text = Member(root, "prompt", JsonValueKind.String)?.GetString() ?? TextOf(last);
        return new SandboxRequest(
            Member(root, "model", JsonValueKind.String)?.GetString() ?? "",
            Member(root, "stream", JsonValueKind.True) is not null,
            Member(root, "stream_options", JsonValueKind.Object) is { } options && Member(options, "include_usage", JsonValueKind.True) is not null,
            text,
            InputsOf(root),
            ToolOf(root),
            messages.Length > 0 && Role(messages[^1]) is "tool");
    }

    private static JsonElement? Member(JsonElement element, string name, JsonValueKind kind) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == kind ? value : null;

    private static string? Role(JsonElement message) => Member(message, "role", JsonValueKind.String)?.GetString();

    private static string TextOf(JsonElement message)
    {
        if (Member(message, "content", JsonValueKind.String) is { } text)
        {
            return text.GetString()!;
        }

        return Member(message, "content", JsonValueKind.Array) is { } parts
            ? string.Join(' ', parts.EnumerateArray().Select(part => Member(part, "text", JsonValueKind.String)?.GetString()).OfType<string>())
            : "";
    }

    private static List<string> InputsOf(JsonElement root)
    {
        if (Member(root, "input", JsonValueKind.Array) is not { } inputs)
        {
            return [Member(root, "input", JsonValueKind.String)?.GetString() ?? ""];
        }

        // A list of token numbers is one input.
        var items = inputs.EnumerateArray().ToArray();
        return items.All(item => item.ValueKind == JsonValueKind.Number)
            ? [inputs.GetRawText()]
            : items.Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : item.GetRawText()).ToList();
    }

    /// <summary>The first tool offered.</summary>
    private static string? ToolOf(JsonElement root) =>
        Member(root, "tools", JsonValueKind.Array) is { } tools && tools.GetArrayLength() > 0 && Member(tools[0], "function", JsonValueKind.Object) is { } function
            ? Member(function, "name", JsonValueKind.String)?.GetString()
            : null;
}
