using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>Reads content blocks, of requests and of answers. Types without a neutral form are kept as they are.</summary>
internal static class AnthropicBlockReader
{
    public static readonly FrozenSet<string> TextMembers = ["type", "text", "citations", "cache_control"];
    private static readonly FrozenSet<string> ThinkingMembers = ["type", "thinking", "signature"];
    private static readonly FrozenSet<string> RedactedMembers = ["type", "data"];
    private static readonly FrozenSet<string> ToolUseMembers = ["type", "id", "name", "input", "cache_control"];
    private static readonly FrozenSet<string> ToolResultMembers = ["type", "tool_use_id", "content", "is_error", "cache_control"];

    /// <summary>The blocks of a list. Signatures of other dialects, which this one carries in blocks of their own, are put where they belong.</summary>
    /// <param name="blocks">An array.</param>
    /// <param name="place">Where it stands, for errors: <c>messages[2].content</c>.</param>
    /// <param name="fallbackId">For tool calls without an id, in answers; null where an id is required.</param>
    /// <exception cref="MalformedException">An element is no block.</exception>
    public static List<Part> ReadAll(JsonElement blocks, string place, string? fallbackId = null)
    {
        var parts = new List<Part>(blocks.GetArrayLength());
        var index = 0;
        foreach (var block in blocks.EnumerateArray())
        {
            parts.Add(Read(block, new BlockPlace(place, index++), fallbackId));
        }

        return SignatureCarrier.Unpack(parts);
    }

    public static Part Read(JsonElement block, BlockPlace place, string? fallbackId = null)
    {
        if (block.ValueKind != JsonValueKind.Object || block.Text("type") is not { } type)
        {
            throw new MalformedException(place.ToString(), $"{place} is not a content block: an object with a \"type\" is expected");
        }

        return type switch
        {
            "text" => ReadText(block, place),
            "image" => AnthropicMediaReader.ReadImage(block, place),
            "document" => AnthropicMediaReader.ReadDocument(block, place),
            "thinking" => ReadThinking(block),
            "redacted_thinking" => ReadRedacted(block, place),
            "tool_use" => ReadToolUse(block, place, fallbackId),
            "tool_result" => ReadToolResult(block, place),
            _ => new OpaquePart(Dialect.Anthropic, type, block),
        };
    }

    private static TextPart ReadText(JsonElement block, BlockPlace place) =>
        new(block.Text("text") ?? throw place.Missing("text", "a string"))
        {
            Citations = AnthropicCitation.ReadAll(block),
            CacheControl = AnthropicCacheControl.Read(block),
            Extensions = block.ExtensionsBeside(Dialect.Anthropic, TextMembers),
        };

    private static ReasoningPart ReadThinking(JsonElement block) => new()
    {
        Text = block.Text("thinking") ?? "",
        Signature = block.Text("signature") is { Length: > 0 } signature ? Signature.From(Dialect.Anthropic, signature) : null,
        Extensions = block.ExtensionsBeside(Dialect.Anthropic, ThinkingMembers),
    };

    private static ReasoningPart ReadRedacted(JsonElement block, BlockPlace place) => new()
    {
        IsRedacted = true,
        Signature = Signature.From(Dialect.Anthropic, block.Text("data") ?? throw place.Missing("data", "a string")),
        Extensions = block.ExtensionsBeside(Dialect.Anthropic, RedactedMembers),
    };

    private static ToolCallPart ReadToolUse(JsonElement block, BlockPlace place, string? fallbackId)
    {
        var id = block.Text("id") is { Length: > 0 } written ? written
            : fallbackId is not null ? $"toolu_{fallbackId}{place.Index}"
            : throw place.Missing("id", "a string");
        return new ToolCallPart(id, block.Text("name") ?? throw place.Missing("name", "a string"), block.Member("input")?.JsonTextOrFail("input") ?? "{}")
        {
            CacheControl = AnthropicCacheControl.Read(block),
            Extensions = block.ExtensionsBeside(Dialect.Anthropic, ToolUseMembers),
        };
    }

    private static ToolResultPart ReadToolResult(JsonElement block, BlockPlace place)
    {
        var content = block.Member("content");
        return new ToolResultPart(block.Text("tool_use_id") is { Length: > 0 } id ? id : throw place.Missing("tool_use_id", "a string"))
        {
            IsPlainText = content is { ValueKind: JsonValueKind.String },
            Content = content switch
            {
                null => [],
                { ValueKind: JsonValueKind.String } text => [new TextPart(text.TextOrFail("content"))],
                { ValueKind: JsonValueKind.Array } blocks => ReadAll(blocks, $"{place}.content"),
                _ => throw place.Missing("content", "a string or a list of blocks"),
            },
            IsError = block.Flag("is_error"),
            CacheControl = AnthropicCacheControl.Read(block),
            Extensions = block.ExtensionsBeside(Dialect.Anthropic, ToolResultMembers),
        };
    }
}
