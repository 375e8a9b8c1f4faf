using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Reads the body of <c>generateContent</c>, <c>streamGenerateContent</c> and <c>countTokens</c>.</summary>
internal static class GeminiRequestReader
{
    private static readonly FrozenDictionary<string, MemberTypes> Types = OpenAiChatMembers.Table(
        ("model", MemberTypes.Text), ("contents", MemberTypes.Text | MemberTypes.Array | MemberTypes.Object),
        ("systemInstruction", MemberTypes.Text | MemberTypes.Object), ("tools", MemberTypes.Array | MemberTypes.Object),
        ("toolConfig", MemberTypes.Object), ("generationConfig", MemberTypes.Object), ("safetySettings", MemberTypes.Array | MemberTypes.Object),
        ("cachedContent", MemberTypes.Text), ("labels", MemberTypes.Object));

    public static ChatRequest Read(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(null, "the body must be a JSON object with 'contents'");
        }

        // countTokens takes contents, or a whole request wrapped.
        if ((body.Member("generateContentRequest") ?? body.Member("generate_content_request")) is { ValueKind: JsonValueKind.Object } wrapped)
        {
            return Read(wrapped);
        }

        ParameterTypes.Check(body, Types, nameOf: GeminiMembers.NameOf);
        var request = new ChatRequest { Dialect = Dialect.Gemini, IncludeUsage = true };
        var system = new List<ChatMessage>();
        var turns = new List<ChatMessage>();
        var extensions = new List<Extension>();
        foreach (var member in body.EnumerateObject())
        {
            var value = member.Value;
            if (value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            switch (GeminiMembers.NameOf(member))
            {
                case "model" when GeminiMembers.Text(value) is { } model:
                    request = request with { Model = model.StartsWith("models/", StringComparison.Ordinal) ? model["models/".Length..] : model };
                    break;
                case "contents":
                    ReadContents(value, turns);
                    break;
                case "systemInstruction":
                    system.Add(ReadSystem(value));
                    break;
                case "tools":
                    request = request with { Tools = GeminiToolReader.ReadTools(value) };
                    break;
                case "toolConfig" when value.ValueKind == JsonValueKind.Object:
                    request = request with { ToolChoice = GeminiToolReader.ReadChoice(value, extensions) };
                    break;
                case "generationConfig" when value.ValueKind == JsonValueKind.Object:
                    request = GeminiConfigReader.Read(value, request, extensions);
                    break;
                case "labels" when value.ValueKind == JsonValueKind.Object:
                    request = request with { Metadata = value };
                    break;
                case "serviceTier" when GeminiMembers.Text(value) is { } tier:
                    request = request with { ServiceTier = tier };
                    break;
                // A prompt of which we see only the end; a guard that must not be passed by.
                case var name and ("cachedContent" or "modelArmorConfig"):
                    extensions.Add(new Extension(name, value, ChangesMeaning: true));
                    break;
                case var name:
                    extensions.Add(new Extension(name, value));
                    break;
            }
        }

        return request with { Messages = [.. system, .. turns], Extensions = Extensions.Of(Dialect.Gemini, extensions) };
    }

    private static ChatMessage ReadSystem(JsonElement instruction)
    {
        if (instruction.ValueKind == JsonValueKind.String)
        {
            return new ChatMessage(Role.System, [new TextPart(instruction.TextOrFail("systemInstruction"))]);
        }

        var parts = new List<Part>();
        ReadParts(instruction, new GeminiCallIds("system"), "systemInstruction", parts);
        return new ChatMessage(Role.System, parts);
    }

    private static void ReadContents(JsonElement contents, List<ChatMessage> turns)
    {
        if (contents.ValueKind == JsonValueKind.String)
        {
            turns.Add(new ChatMessage(Role.User, [new TextPart(contents.TextOrFail("contents"))]) { IsPlainText = true });
            return;
        }

        var ids = new GeminiCallIds("gemini");
        var index = 0;
        foreach (var content in GeminiMembers.Repeated(contents))
        {
            var field = string.Create(CultureInfo.InvariantCulture, $"contents[{index++}]");
            var parts = new List<Part>();
            ReadParts(content, ids, field, parts);
            turns.Add(new ChatMessage(RoleOf(content, field), parts));
        }
    }

    /// <summary>"Must be either 'user' or 'model'"; older clients send results of functions as 'function', and one turn needs no role.</summary>
    private static Role RoleOf(JsonElement content, string field) => content.Text("role") switch
    {
        "model" => Role.Assistant,
        null or "" or "user" or "function" => Role.User,
        "system" => Role.System,
        var role => throw new MalformedException(field + ".role", $"'{field}.role' is '{role}'; it must be 'user' or 'model'"),
    };

    private static void ReadParts(JsonElement content, GeminiCallIds ids, string field, List<Part> parts)
    {
        if (content.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(field, $"'{field}' must be an object, like {{\"role\": \"user\", \"parts\": [...]}}");
        }

        if (content.Member("parts") is not { } list)
        {
            return;
        }

        var index = 0;
        foreach (var part in GeminiMembers.Repeated(list))
        {
            var place = index++;
            if (GeminiPartReader.Read(part, ids, () => string.Create(CultureInfo.InvariantCulture, $"{field}.parts[{place}]")) is { } read)
            {
                parts.Add(read);
            }
        }
    }
}
