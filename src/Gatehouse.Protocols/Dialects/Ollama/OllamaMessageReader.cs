using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Ollama;

/// <summary>Reads messages, those of requests and the one of an answer.</summary>
internal static class OllamaMessageReader
{
    private static readonly FrozenDictionary<string, MemberTypes> Members = OpenAiChatMembers.Table(
        ("role", MemberTypes.Text), ("content", MemberTypes.Text), ("thinking", MemberTypes.Text), ("images", MemberTypes.Array),
        ("tool_calls", MemberTypes.Array));

    private static readonly FrozenDictionary<string, MemberTypes> ToolMembers = OpenAiChatMembers.Table(
        ("role", MemberTypes.Text), ("content", MemberTypes.Text), ("images", MemberTypes.Array), ("tool_name", MemberTypes.Text));

    private static readonly FrozenDictionary<string, MemberTypes> CallMembers = OpenAiChatMembers.Table(("function", MemberTypes.Object));

    private static readonly FrozenDictionary<string, MemberTypes> FunctionMembers = OpenAiChatMembers.Table(
        ("name", MemberTypes.Text), ("arguments", MemberTypes.Object));

    public static List<ChatMessage> Read(JsonElement body)
    {
        if (body.Array("messages") is not { } list)
        {
            throw new MalformedException("messages", "'messages' is missing: expected a list of messages");
        }

        var messages = new List<ChatMessage>(list.GetArrayLength());
        var open = new OllamaOpenCalls();
        foreach (var message in list.EnumerateArray())
        {
            var read = ReadMessage(message, $"messages[{messages.Count}]", messages.Count, open);
            if (read.Role == Role.Assistant)
            {
                open.Begin(read.Parts.OfType<ToolCallPart>());
            }

            messages.Add(read);
        }

        return messages;
    }

    /// <summary>The parts of a message, in the order in which a model makes them.</summary>
    /// <param name="message">An object.</param>
    /// <param name="field">For messages about what is wrong.</param>
    /// <param name="idPrefix">Makes ids of calls: many versions of Ollama give none.</param>
    /// <param name="parts">Where to.</param>
    /// <returns>What is left of the message.</returns>
    public static Extensions? ReadParts(JsonElement message, string field, string idPrefix, List<Part> parts)
    {
        if (message.Text("thinking") is { Length: > 0 } thinking)
        {
            parts.Add(new ReasoningPart { Text = thinking });
        }

        if (message.Text("content") is { Length: > 0 } content)
        {
            parts.Add(new TextPart(content));
        }

        foreach (var image in message.Items("images"))
        {
            parts.Add(image.ValueKind == JsonValueKind.String
                ? new ImagePart(new MediaSource { Base64 = image.Utf8Text() })
                : throw new MalformedException($"{field}.images", $"'{field}.images' must be a list of strings, each the base64 of an image"));
        }

        var index = 0;
        foreach (var call in message.Items("tool_calls"))
        {
            parts.Add(ReadCall(call, $"{field}.tool_calls[{index}]", $"{idPrefix}{index}"));
            index++;
        }

        return Extensions.Of(Dialect.Ollama, OpenAiChatMembers.Beside(message, Members));
    }

    /// <summary>What is beside name and arguments, an id too, is kept as it was.</summary>
    public static ToolCallPart ReadCall(JsonElement call, string field, string fallbackId)
    {
        if (call.Object("function") is not { } function || function.Text("name") is not { } name)
        {
            throw new MalformedException($"{field}.function.name", $"'{field}.function.name' is missing: expected the name of the tool");
        }

        var more = OpenAiChatMembers.Beside(call, CallMembers);
        if (OpenAiChatMembers.Beside(function, FunctionMembers) is not null)
        {
            (more ??= []).Add(new Extension("function", function));
        }

        return new ToolCallPart(call.Text("id") is { Length: > 0 } id ? id : fallbackId, name, OpenAiChatToolCalls.Arguments(function, "arguments"))
        {
            Extensions = Extensions.Of(Dialect.Ollama, more),
        };
    }

    private static ChatMessage ReadMessage(JsonElement message, string field, int index, OllamaOpenCalls open)
    {
        if (message.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(field, $"'{field}' must be an object with 'role' and 'content'");
        }

        if (message.Text("role") == "tool")
        {
            return ReadResult(message, field, open);
        }

        var role = message.Text("role") switch
        {
            "user" => Role.User,
            "assistant" => Role.Assistant,
            "system" => Role.System,
            _ => throw new MalformedException($"{field}.role", $"'{field}.role' must be one of system, user, assistant, tool"),
        };
        var parts = new List<Part>();
        var more = ReadParts(message, field, $"call{index}x", parts);
        return new ChatMessage(role, parts) { IsPlainText = message.Text("content") is not null, Extensions = more };
    }

    private static ChatMessage ReadResult(JsonElement message, string field, OllamaOpenCalls open)
    {
        var name = message.Text("tool_name");
        var id = message.Text("tool_call_id");
        var answered = open.Answer(id, name);
        var parts = new List<Part>();
        _ = ReadParts(message, field, "", parts);
        return new ChatMessage(Role.User, [new ToolResultPart(id ?? answered ?? $"call_{name}") { Name = name, Content = parts, IsPlainText = true }])
        {
            Extensions = Extensions.Of(Dialect.Ollama, OpenAiChatMembers.Beside(message, ToolMembers)),
        };
    }
}
