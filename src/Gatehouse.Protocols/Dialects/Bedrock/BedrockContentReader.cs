using System.Globalization;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Reads the blocks of a message: objects with one member, whose name is their type.</summary>
/// <param name="fallbackId">Makes ids for calls without one, in an answer; null in a request, where both ends must be named.</param>
internal sealed class BedrockContentReader(string? fallbackId)
{
    /// <summary>A block of a tool's result that is JSON, and not text: kept on the text part that says the same.</summary>
    public const string Json = "json";

    /// <summary>The pieces of text of a <c>citationsContent</c> that are not exactly one.</summary>
    public const string CitedContent = "content";

    private static readonly HashSet<string> NoMembers = new(StringComparer.Ordinal);
    private static readonly HashSet<string> ToolUseMembers = new(StringComparer.Ordinal) { "toolUseId", "name", "input" };
    private static readonly HashSet<string> ToolResultMembers = new(StringComparer.Ordinal) { "toolUseId", "content", "status" };
    private static readonly HashSet<string> ToolResultMembersButStatus = new(StringComparer.Ordinal) { "toolUseId", "content" };
    private int _calls;

    /// <param name="content">An array of blocks.</param>
    /// <param name="list">Where it stands.</param>
    /// <exception cref="MalformedException">A block is not of this dialect's form.</exception>
    public List<Part> Read(JsonElement content, string list)
    {
        var parts = new List<Part>(content.GetArrayLength());
        foreach (var block in content.EnumerateArray())
        {
            var place = new BlockPlace(list, parts.Count);
            if (block.ValueKind != JsonValueKind.Object)
            {
                throw new MalformedException(place.ToString(), $"{place} must be an object with one member, such as {{\"text\": ...}}");
            }

            if (parts is [.., { CacheControl: null } last] && BedrockCachePoint.Read(block) is { } cache)
            {
                parts[^1] = last with { CacheControl = cache };
                continue;
            }

            parts.Add(ReadBlock(block, place));
        }

        return SignatureCarrier.Unpack(parts);
    }

    private Part ReadBlock(JsonElement block, BlockPlace place)
    {
        if (block.Member("text") is { } text)
        {
            return text.ValueKind == JsonValueKind.String ? new TextPart(text.TextOrFail("text")) : throw place.Missing("text", "a string");
        }

        return ReadKnown(block, place) ?? Opaque(block);
    }

    /// <summary>Null for a block, or a form of it, that this version does not know.</summary>
    private Part? ReadKnown(JsonElement block, BlockPlace place) =>
        block.Object("toolUse") is { } toolUse ? ReadToolUse(toolUse, place)
        : block.Object("toolResult") is { } toolResult ? ReadToolResult(toolResult, place)
        : block.Object("reasoningContent") is { } reasoning ? ReadReasoning(reasoning)
        : block.Object("image") is { } image ? BedrockMediaReader.ReadImage(image)
        : block.Object("document") is { } document ? BedrockMediaReader.ReadDocument(document)
        : block.Object("video") is { } video ? BedrockMediaReader.ReadVideo(video)
        : block.Object("audio") is { } audio ? BedrockMediaReader.ReadAudio(audio)
        : block.Object("citationsContent") is { } cited ? ReadCited(cited)
        : null;

    /// <summary>Null for a call that the provider itself runs.</summary>
    private ToolCallPart? ReadToolUse(JsonElement toolUse, BlockPlace place)
    {
        if (toolUse.HasText("type", "server_tool_use"))
        {
            return null;
        }

        var id = toolUse.Text("toolUseId") is { Length: > 0 } named ? named
            : fallbackId is not null ? $"tooluse_{fallbackId}{(_calls++).ToString(CultureInfo.InvariantCulture)}"
            : throw place.Missing("toolUse.toolUseId", "a string");
        return new ToolCallPart(
            id, toolUse.Text("name") ?? throw place.Missing("toolUse.name", "a string"), toolUse.Member("input")?.GetRawText() ?? "{}")
        {
            Extensions = toolUse.ExtensionsBeside(Dialect.Bedrock, ToolUseMembers),
        };
    }

    /// <summary>Null for the result of a tool that the provider itself ran: it names a <c>type</c>.</summary>
    private ToolResultPart? ReadToolResult(JsonElement toolResult, BlockPlace place)
    {
        if (toolResult.Member("type") is not null)
        {
            return null;
        }

        var content = new List<Part>();
        var index = 0;
        foreach (var block in toolResult.Items("content"))
        {
            var inner = new BlockPlace($"{place}.toolResult.content", index++);
            content.Add(block.ValueKind != JsonValueKind.Object ? throw inner.Missing("text", "an object with one member")
                : block.Member(Json) is { } json
                    ? new TextPart(json.GetRawText()) { Extensions = new Extensions(Dialect.Bedrock, [new Extension(Json, json)]) }
                    : block.Member("toolUse") is null && block.Member("toolResult") is null ? ReadBlock(block, inner)
                    : Opaque(block));
        }

        var status = toolResult.Text("status");
        var isKnown = status is "error" or "success";
        return new ToolResultPart(toolResult.Text("toolUseId") ?? throw place.Missing("toolResult.toolUseId", "a string"))
        {
            Content = content,
            Json = content is [TextPart { Extensions.Members: [{ Name: Json, Value: { ValueKind: JsonValueKind.Object } only }] }] ? only : null,
            IsError = isKnown ? status == "error" : null,
            Extensions = toolResult.ExtensionsBeside(Dialect.Bedrock, isKnown ? ToolResultMembers : ToolResultMembersButStatus),
        };
    }

    private static ReasoningPart? ReadReasoning(JsonElement reasoning)
    {
        if (reasoning.Text("redactedContent") is { } redacted)
        {
            return new ReasoningPart { IsRedacted = true, Signature = BedrockSignature.ReadRedacted(redacted) };
        }

        return reasoning.Object("reasoningText")?.Text("text") is { } text
            ? new ReasoningPart
            {
                Text = text,
                Signature = reasoning.Object("reasoningText")!.Value.Text("signature") is { } signature ? BedrockSignature.Read(signature) : null,
            }
            : null;
    }

    private static TextPart ReadCited(JsonElement cited)
    {
        var text = new StringBuilder();
        foreach (var piece in cited.Items("content"))
        {
            _ = text.Append(piece.Text("text"));
        }

        var citations = new List<Citation>();
        foreach (var citation in cited.Items("citations"))
        {
            citations.Add(BedrockCitation.Read(citation));
        }

        var content = cited.Array("content");
        var isPlain = citations.Count > 0 && content?.GetArrayLength() == 1 && content.Value[0].Text("text") is not null;
        return new TextPart(text.ToString())
        {
            Citations = citations,
            Extensions = isPlain || content is null ? null : new Extensions(Dialect.Bedrock, [new Extension(CitedContent, content.Value)]),
        };
    }

    private static OpaquePart Opaque(JsonElement block)
    {
        var type = block.ExtensionsBeside(Dialect.Bedrock, NoMembers)?.Members[0].Name;
        return new OpaquePart(Dialect.Bedrock, type ?? "", block);
    }
}
