using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

internal static class OpenAiChatMessageReader
{
    private static readonly FrozenDictionary<string, MemberTypes> TurnMembers = OpenAiChatMembers.Table(
        ("role", MemberTypes.Text), ("content", MemberTypes.Text | MemberTypes.Array), ("name", MemberTypes.Text), ("cache_control", MemberTypes.Object));

    private static readonly FrozenDictionary<string, MemberTypes> ToolMembers = OpenAiChatMembers.Table(
        ("role", MemberTypes.Text), ("content", MemberTypes.Text | MemberTypes.Array), ("name", MemberTypes.Text), ("cache_control", MemberTypes.Object),
        ("tool_call_id", MemberTypes.Text));

    private static readonly FrozenDictionary<string, MemberTypes> AssistantMembers = OpenAiChatMembers.Table(
        ("role", MemberTypes.Text), ("content", MemberTypes.Text | MemberTypes.Array), ("name", MemberTypes.Text), ("cache_control", MemberTypes.Object),
        ("tool_calls", MemberTypes.Array), (OpenAiChatToolCalls.FunctionCall, MemberTypes.Object), ("refusal", MemberTypes.Text),
        ("audio", MemberTypes.Object), ("images", MemberTypes.Array));

    public static List<ChatMessage> Read(JsonElement body, Dialect dialect)
    {
        if (body.Array("messages") is not { } list)
        {
            throw new MalformedException("messages", "'messages' must be a list of messages");
        }

        var messages = new List<ChatMessage>(list.GetArrayLength());
        var called = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var message in list.EnumerateArray())
        {
            var read = ReadMessage(message, messages.Count, called, dialect);
            foreach (var part in read.Parts)
            {
                if (part is ToolCallPart call)
                {
                    called[call.Name] = call.Id;
                }
            }

            messages.Add(read);
        }

        return messages;
    }

    private static ChatMessage ReadMessage(JsonElement message, int index, Dictionary<string, string> called, Dialect dialect)
    {
        var field = $"messages[{index}]";
        if (message.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(field, $"'{field}' must be an object with a 'role'");
        }

        return message.Text("role") switch
        {
            "system" => ReadTurn(message, Role.System, field, dialect),
            "developer" => ReadTurn(message, Role.Developer, field, dialect),
            "user" => ReadTurn(message, Role.User, field, dialect),
            "assistant" => ReadAssistant(message, field, index, dialect),
            "tool" => ReadTool(message, field, dialect),
            "function" => ReadFunction(message, field, called, dialect),
            null => throw new MalformedException($"{field}.role", $"'{field}.role' is missing: expected system, developer, user, assistant or tool"),
            var role => throw new MalformedException($"{field}.role", $"'{field}.role' is '{role}': expected system, developer, user, assistant or tool"),
        };
    }

    private static ChatMessage ReadTurn(JsonElement message, Role role, string field, Dialect dialect)
    {
        var parts = new List<Part>();
        if (message.Member("content") is { } content)
        {
            OpenAiChatContentReader.Read(content, $"{field}.content", dialect, parts);
        }

        return Common(message, role, parts, dialect, TurnMembers);
    }

    private static ChatMessage ReadAssistant(JsonElement message, string field, int index, Dialect dialect)
    {
        var parts = new List<Part>();
        OpenAiChatReasoning.Read(message, dialect, parts);
        if (message.Member("content") is { } content)
        {
            OpenAiChatContentReader.Read(content, $"{field}.content", dialect, parts);
        }

        ReadBeside(message, parts);
        OpenAiChatToolCalls.Read(message, field, $"call{index}x", dialect, parts);
        return Common(message, Role.Assistant, parts, dialect, AssistantMembers);
    }

    /// <summary>What an assistant's message has beside its content: a refusal, a sound, images, a signature.</summary>
    public static void ReadBeside(JsonElement message, List<Part> parts)
    {
        if (OpenAiChatToolCalls.ExtraSignature(message) is { } signature && parts.FindLastIndex(p => p is TextPart) is >= 0 and var text)
        {
            parts[text] = ((TextPart)parts[text]) with { Signature = signature };
        }

        if (message.Text("refusal") is { Length: > 0 } refusal)
        {
            parts.Add(new RefusalPart(refusal));
        }

        if (message.Object("audio") is { } audio)
        {
            parts.Add(Audio(audio));
        }

        foreach (var item in message.Items("images"))
        {
            if (OpenAiChatContentReader.Image(item) is { } image)
            {
                parts.Add(image);
            }
        }
    }

    private static AudioPart Audio(JsonElement audio) =>
        new(new MediaSource { Base64 = audio.Member("data") is { ValueKind: JsonValueKind.String } data ? (ReadOnlyMemory<byte>?)data.Utf8Text() : null })
        {
            Id = audio.Text("id"),
            Transcript = audio.Text("transcript"),
            ExpiresAt = audio.Integer("expires_at"),
        };

    private static ChatMessage ReadTool(JsonElement message, string field, Dialect dialect)
    {
        var id = message.Text("tool_call_id") ?? throw new MalformedException($"{field}.tool_call_id", $"'{field}.tool_call_id' is missing: expected the id of the tool call that this answers");
        return Result(message, id, field, dialect);
    }

    private static ChatMessage ReadFunction(JsonElement message, string field, Dictionary<string, string> called, Dialect dialect)
    {
        // The older form has no ids: a result belongs to the call of its name before it.
        var name = message.Text("name") ?? "";
        return Result(message, called.GetValueOrDefault(name) ?? $"call_{name}", field, dialect);
    }

    private static ChatMessage Result(JsonElement message, string callId, string field, Dialect dialect)
    {
        var content = new List<Part>();
        if (message.Member("content") is { } written)
        {
            OpenAiChatContentReader.Read(written, $"{field}.content", dialect, content);
        }

        var result = new ToolResultPart(callId)
        {
            Name = message.Text("name"),
            Content = content,
            IsPlainText = message.Member("content") is { ValueKind: JsonValueKind.String },
            CacheControl = OpenAiChatContentReader.CacheControl(message, dialect),
        };
        return new ChatMessage(Role.User, [result]) { Extensions = Extensions.Of(dialect, OpenAiChatMembers.Beside(message, ToolMembers)) };
    }

    private static ChatMessage Common(
        JsonElement message, Role role, List<Part> parts, Dialect dialect, FrozenDictionary<string, MemberTypes> known)
    {
        var more = OpenAiChatMembers.Beside(message, known);
        if (role == Role.Assistant)
        {
            // The first thought has them, if there is one.
            _ = more?.RemoveAll(m => OpenAiChatReasoning.IsMember(m.Name) && parts.Exists(p => p is ReasoningPart { Extensions: not null }));
            _ = more?.RemoveAll(m => m.Name == OpenAiChatToolCalls.ExtraContent && parts.Exists(p => p is TextPart { Signature: not null }));
        }

        return new ChatMessage(role, parts)
        {
            IsPlainText = message.Member("content") is { ValueKind: JsonValueKind.String },
            Name = message.Text("name"),
            CacheControl = OpenAiChatContentReader.CacheControl(message, dialect),
            Extensions = Extensions.Of(dialect, more),
        };
    }
}
