using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>Reads items: of an input, of an output, of a stream.</summary>
internal static class ResponsesItemReader
{
    /// <summary>Marks a message whose content was one string.</summary>
    private const string PlainContent = "content";

    public static bool IsMessage(JsonElement item) => item.Text("type") is "message" || (item.Member("type") is null && item.Member("role") is not null);

    /// <summary>Null for a role that this version does not know.</summary>
    public static Role? RoleOf(JsonElement item) => item.Text("role") switch
    {
        "user" => Role.User,
        "assistant" => Role.Assistant,
        "system" => Role.System,
        "developer" => Role.Developer,
        _ => null,
    };

    /// <summary>Whether the caller's side made the item: results and approvals.</summary>
    public static bool IsOfUser(JsonElement item) =>
        item.Text("type") is { } type && (type.EndsWith("_output", StringComparison.Ordinal) || type == "mcp_approval_response");

    /// <summary>Whether the message that begins with a part had one string as its content.</summary>
    public static bool IsPlain(Part first) => first.Item is { } item && item.Members.Any(m => m is { Name: PlainContent, Value.ValueKind: JsonValueKind.String });

    /// <summary>Reads one item.</summary>
    /// <param name="item">An object.</param>
    /// <param name="place">For messages.</param>
    /// <param name="parts">What it says is added here.</param>
    /// <param name="fallbackId">Of a call without an id; null where one must be there.</param>
    public static void Read(JsonElement item, string place, List<Part> parts, string? fallbackId = null)
    {
        var type = item.Text("type");
        switch (type)
        {
            case "function_call" or "custom_tool_call":
                parts.Add(ReadCall(item, type, place, fallbackId));
                break;
            case "function_call_output" or "custom_tool_call_output" when item.Text("call_id") is { } callId:
                parts.Add(ReadResult(item, type, callId, place));
                break;
            case "reasoning":
                parts.Add(ReadReasoning(item));
                break;
            default:
                if (IsMessage(item) && RoleOf(item) == Role.Assistant)
                {
                    ReadMessage(item, Role.Assistant, place, parts);
                    break;
                }

                if (type is null && item.Text("id") is null && item.Member("role") is null)
                {
                    throw new MalformedException(place, $"'{place}' needs a 'type', or a 'role' and 'content'");
                }

                parts.Add(Opaque(item, type ?? "item_reference"));
                break;
        }
    }

    public static OpaquePart Opaque(JsonElement item, string type) =>
        new(Dialect.OpenAiResponses, type, item) { Item = new ItemMark(type, item.Text("id")) };

    /// <summary>What an item that is being made says beside its content; its status is not final.</summary>
    public static ItemMark MarkOf(JsonElement item, string type)
    {
        var members = MembersBeside(
            item, "id", "role", "status", "content", "summary", "encrypted_content", "call_id", "name", "arguments", "input", "output_index");
        for (var i = 0; i < members.Count; i++)
        {
            members[i] = members[i] with { Value = members[i].Value.Clone() };
        }

        return new ItemMark(type, item.Text("id")) { Members = members };
    }

    /// <summary>Reads the content of a message; its first part begins the item.</summary>
    public static void ReadMessage(JsonElement item, Role role, string place, List<Part> parts)
    {
        var first = parts.Count;
        var content = item.Member("content");
        var isPlain = content?.ValueKind == JsonValueKind.String;
        if (isPlain)
        {
            parts.Add(new TextPart(content!.Value.TextOrFail($"{place}.content")));
        }
        else if (content?.ValueKind == JsonValueKind.Array)
        {
            ResponsesContentReader.Read(content.Value, role, $"{place}.content", parts);
        }
        else if (role != Role.Assistant || content is not null)
        {
            throw new MalformedException($"{place}.content", $"'{place}.content' must be a string or a list of parts");
        }

        if (parts.Count == first)
        {
            // A message without content is one still, for this dialect.
            parts.Add(new TextPart("") { Item = new ItemMark("message", item.Text("id")) { Members = MembersBeside(item, "role", "id") } });
            return;
        }

        // Only an assistant's message stands among other items, and must say by itself that its content was a string.
        var members = isPlain && role == Role.Assistant ? MembersBeside(item, "role", "id") : MembersBeside(item, "role", "id", PlainContent);
        parts[first] = parts[first] with { Item = new ItemMark("message", item.Text("id")) { Members = members } };
    }

    private static ToolCallPart ReadCall(JsonElement item, string type, string place, string? fallbackId)
    {
        var isCustom = type == "custom_tool_call";
        var id = item.Text("call_id") ?? (fallbackId is null ? null : item.Text("id") ?? fallbackId);
        return new ToolCallPart(Needed(id, place, "call_id"), Needed(item.Text("name"), place, "name"), ArgumentsOf(item, isCustom))
        {
            IsCustom = isCustom,
            ItemId = item.Text("id"),
            Item = new ItemMark(type, item.Text("id"))
            {
                Members = MembersBeside(item, "type", "id", "call_id", "name", isCustom ? "input" : "arguments"),
            },
        };
    }

    private static string ArgumentsOf(JsonElement item, bool isCustom) => item.Member(isCustom ? "input" : "arguments") switch
    {
        { ValueKind: JsonValueKind.String } text =>
            text.TextOrFail("arguments") is var arguments && (isCustom || arguments.Length > 0) ? arguments : "{}",
        { } value => value.GetRawText(),
        _ => isCustom ? "" : "{}",
    };

    private static ToolResultPart ReadResult(JsonElement item, string type, string callId, string place)
    {
        var content = new List<Part>();
        var output = item.Member("output");
        switch (output)
        {
            case { ValueKind: JsonValueKind.String } text:
                content.Add(new TextPart(text.TextOrFail($"{place}.output")));
                break;
            case { ValueKind: JsonValueKind.Array } list:
                ResponsesContentReader.Read(list, Role.User, $"{place}.output", content);
                break;
            case { } value:
                content.Add(new TextPart(value.GetRawText()));
                break;
        }

        return new ToolResultPart(callId)
        {
            Name = item.Text("name"),
            Content = content,
            IsPlainText = output?.ValueKind != JsonValueKind.Array,
            IsCustom = type == "custom_tool_call_output",
            ItemId = item.Text("id"),
            Item = new ItemMark(type, item.Text("id")) { Members = MembersBeside(item, "type", "id", "call_id", "output", "name") },
        };
    }

    /// <summary>
    /// What the client is shown is the summary if there is one, else the content. Whatever has another form than these usual ones is kept
    /// as written.
    /// </summary>
    private static ReasoningPart ReadReasoning(JsonElement item)
    {
        var summary = TextsOf(item, "summary", "summary_text");
        var content = TextsOf(item, "content", "reasoning_text");
        var isSummary = summary is { Count: > 0 };
        var isContent = !isSummary && summary is not null && content is { Count: 1 };
        List<string> read = ["type", "id", "encrypted_content"];
        if (summary is not null)
        {
            read.Add("summary");
        }

        if (isContent)
        {
            read.Add("content");
        }

        var signature = item.Text("encrypted_content") is { } encrypted ? Signature.From(Dialect.OpenAiResponses, encrypted) : null;
        return new ReasoningPart
        {
            Text = isSummary ? string.Join("\n\n", summary!) : content is null ? "" : string.Join("\n\n", content),
            Summary = isSummary ? summary : null,
            Signature = signature,
            IsRedacted = signature is not null && !isSummary && content is not { Count: > 0 },
            ItemId = item.Text("id"),
            Item = new ItemMark("reasoning", item.Text("id")) { Members = MembersBeside(item, [.. read]) },
        };
    }

    /// <summary>The texts of a list of parts of one type; null when it is missing or holds anything else.</summary>
    private static List<string>? TextsOf(JsonElement item, string name, string type)
    {
        if (item.Array(name) is not { } list)
        {
            return null;
        }

        var texts = new List<string>();
        foreach (var part in list.EnumerateArray())
        {
            if (part.Text("type") != type || part.Text("text") is not { } text || part.EnumerateObject().Count() != 2)
            {
                return null;
            }

            texts.Add(text);
        }

        return texts;
    }

    private static List<Extension> MembersBeside(JsonElement item, params ReadOnlySpan<string> read)
    {
        var members = new List<Extension>();
        foreach (var member in item.EnumerateObject())
        {
            if (!Contains(read, member))
            {
                members.Add(new Extension(JsonMembers.NameOf(member), member.Value));
            }
        }

        return members;
    }

    private static bool Contains(ReadOnlySpan<string> names, JsonProperty member)
    {
        var own = JsonMembers.NameOf(member);
        foreach (var name in names)
        {
            if (name == own)
            {
                return true;
            }
        }

        return false;
    }

    private static string Needed(string? value, string place, string name) =>
        value is { Length: > 0 } ? value : throw new MalformedException($"{place}.{name}", $"'{place}.{name}' must be a string that is not empty");
}
