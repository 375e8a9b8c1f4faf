using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>Reads and writes <c>tool_calls</c>, and <c>function_call</c>, their older form.</summary>
internal static class OpenAiChatToolCalls
{
    public const string FunctionCall = "function_call";
    public const string ExtraContent = "extra_content";

    private static readonly FrozenDictionary<string, MemberTypes> CallMembers = OpenAiChatMembers.Table(
        ("id", MemberTypes.Text), ("type", MemberTypes.Text), ("function", MemberTypes.Object), ("custom", MemberTypes.Object),
        ("cache_control", MemberTypes.Object));

    /// <param name="message">An assistant's message.</param>
    /// <param name="field">For messages about what is wrong.</param>
    /// <param name="idPrefix">Makes ids where there are none.</param>
    /// <param name="dialect">Whose it is.</param>
    /// <param name="parts">Where to.</param>
    public static void Read(JsonElement message, string field, string idPrefix, Dialect dialect, List<Part> parts)
    {
        var index = 0;
        foreach (var call in message.Items("tool_calls"))
        {
            parts.Add(ReadCall(call, $"{field}.tool_calls[{index}]", $"{idPrefix}{index}", dialect));
            index++;
        }

        if (message.Object(FunctionCall) is { } legacy && legacy.Text("name") is { Length: > 0 } name)
        {
            parts.Add(new ToolCallPart($"{idPrefix}f", name, Arguments(legacy, "arguments")));
        }

        AttachSignatures(parts);
    }

    /// <summary>Google's form of a signature: <c>{"google": {"thought_signature": ...}}</c>.</summary>
    public static Signature? ExtraSignature(JsonElement element) =>
        element.Object(ExtraContent)?.Object("google")?.Text("thought_signature") is { Length: > 0 } signature
            ? Signature.FromBase64(Dialect.Gemini, signature)
            : null;

    public static void WriteExtraSignature(Utf8JsonWriter writer, Signature? signature)
    {
        if (signature is null)
        {
            return;
        }

        writer.WriteStartObject(ExtraContent);
        writer.WriteStartObject("google");
        writer.WriteString("thought_signature", signature.InBase64(Dialect.Gemini));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter writer, ToolCallPart call, string id, Dialect dialect)
    {
        writer.WriteStartObject();
        writer.WriteString("id", id);
        if (call.IsCustom)
        {
            writer.WriteString("type", "custom");
            writer.WriteStartObject("custom");
            writer.WriteString("name", call.Name);
            writer.WriteString("input", call.Arguments);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteString("type", "function");
            writer.WriteStartObject("function");
            writer.WriteString("name", call.Name);
            writer.WriteString("arguments", call.Arguments);
            writer.WriteEndObject();
        }

        if (OpenAiChatMembers.Kept(call.Extensions, dialect, ExtraContent) is null)
        {
            WriteExtraSignature(writer, call.Signature);
        }

        writer.WriteExtensions(call.Extensions, dialect);
    }

    public static void WriteLegacy(Utf8JsonWriter writer, ToolCallPart call)
    {
        writer.WriteStartObject(FunctionCall);
        writer.WriteString("name", call.Name);
        writer.WriteString("arguments", call.Arguments);
        writer.WriteEndObject();
    }

    /// <summary>The text of arguments: some servers write the object itself.</summary>
    public static string Arguments(JsonElement function, string name) => function.Member(name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.TextOrFail(name) is { Length: > 0 } arguments ? arguments : "{}",
        { } json => json.GetRawText(),
        null => "{}",
    };

    private static ToolCallPart ReadCall(JsonElement call, string field, string fallbackId, Dialect dialect)
    {
        if (call.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(field, $"'{field}' must be an object with 'id' and 'function'");
        }

        var id = call.Text("id") is { Length: > 0 } given ? given : fallbackId;
        if (call.Object("custom") is { } custom && custom.Text("name") is { Length: > 0 } customName)
        {
            return new ToolCallPart(id, customName, custom.Text("input") ?? "") { IsCustom = true, Extensions = ExtensionsOf(call, dialect) };
        }

        var name = call.Object("function")?.Text("name") ?? throw new MalformedException($"{field}.function.name", $"'{field}.function.name' is missing: expected the name of the tool");
        return new ToolCallPart(id, name, Arguments(call.Object("function")!.Value, "arguments"))
        {
            CacheControl = OpenAiChatContentReader.CacheControl(call, dialect),
            Signature = ExtraSignature(call),
            Extensions = ExtensionsOf(call, dialect),
        };
    }

    private static Extensions? ExtensionsOf(JsonElement call, Dialect dialect)
    {
        var more = OpenAiChatMembers.Beside(call, CallMembers);
        _ = more?.RemoveAll(m => m.Name == ExtraContent && IsSignatureOnly(m.Value));
        return Extensions.Of(dialect, more);
    }

    private static bool IsSignatureOnly(JsonElement extra) =>
        extra.ValueKind == JsonValueKind.Object && extra.GetPropertyCount() == 1
        && extra.Object("google") is { } google && google.GetPropertyCount() == 1 && google.Text("thought_signature") is not null;

    /// <summary>OpenRouter tells Gemini's signature of a call as a piece of reasoning with the call's id.</summary>
    private static void AttachSignatures(List<Part> parts)
    {
        if (!parts.Exists(IsSignature))
        {
            return;
        }

        var calls = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < parts.Count; i++)
        {
            if (parts[i] is ToolCallPart { Signature: null } call)
            {
                _ = calls.TryAdd(call.Id, i);
            }
        }

        var isAttached = new HashSet<Part>(ReferenceEqualityComparer.Instance);
        foreach (var part in parts.Where(IsSignature).ToList())
        {
            var piece = (ReasoningPart)part;
            if (piece.ItemId is { } id && calls.Remove(id, out var place))
            {
                parts[place] = ((ToolCallPart)parts[place]) with { Signature = piece.Signature };
                _ = isAttached.Add(piece);
            }
        }

        _ = parts.RemoveAll(isAttached.Contains);
    }

    private static bool IsSignature(Part part) => part is ReasoningPart { IsRedacted: true, Signature.Maker: Dialect.Gemini, Extensions: null };
}
