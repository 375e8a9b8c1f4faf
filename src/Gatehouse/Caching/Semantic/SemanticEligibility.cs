using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Caching.Semantic;

/// <summary>
/// Which requests may be served with the answer to another: those that end with a user's text, hold texts only, have no tool that was called, must be
/// called or is called by the provider, ask for one answer, and are not meant to be answered differently each time. What is not known is refused.
/// </summary>
internal static class SemanticEligibility
{
    private static readonly FrozenSet<string> OpenAiParts = FrozenSet.Create(StringComparer.Ordinal, ["text", "refusal"]);
    private static readonly FrozenSet<string> ResponsesParts = FrozenSet.Create(StringComparer.Ordinal, ["input_text", "output_text", "refusal"]);
    private static readonly FrozenSet<string> AnthropicParts = FrozenSet.Create(StringComparer.Ordinal, ["text", "thinking", "redacted_thinking"]);
    private static readonly FrozenSet<string> GeminiPartMembers = FrozenSet.Create(StringComparer.Ordinal, ["text", "thought", "thoughtSignature", "thought_signature"]);

    /// <summary>State that the provider keeps or fetches: the body does not say all that the answer depends on.</summary>
    private static readonly string[] KeptElsewhere =
    [
        "previous_response_id", "conversation", "prompt", "web_search_options", "prediction", "audio", "mcp_servers", "container", "context_management", "cachedContent", "cached_content",
    ];

    /// <returns>The last text of the last user turn, or null where the request is not eligible.</returns>
    public static string? TextOf(Dialect dialect, JsonElement body, double maxTemperature)
    {
        if (body.ValueKind != JsonValueKind.Object || KeptElsewhere.Any(name => Has(body, name)) || (Member(body, "background") is { } background && background.ValueKind != JsonValueKind.False))
        {
            return null;
        }

        return dialect switch
        {
            Dialect.OpenAiChat => IsPlain(body, maxTemperature) && !Has(body, "function_call") ? TextOfTurns(Member(body, "messages"), OpenAiParts) : null,
            Dialect.OpenAiResponses => IsPlain(body, maxTemperature) ? TextOfInput(Member(body, "input")) : null,
            Dialect.Anthropic => IsPlain(body, maxTemperature) && AreParts(Member(body, "system"), AnthropicParts) ? TextOfTurns(Member(body, "messages"), AnthropicParts) : null,
            Dialect.Gemini => TextOfContents(body, maxTemperature),
            _ => null,
        };
    }

    /// <summary>The settings that the dialects of OpenAI and Anthropic have in common.</summary>
    private static bool IsPlain(JsonElement body, double maxTemperature) =>
        IsAtMost(body, "temperature", maxTemperature, byDefault: 1)
        && IsAtMost(body, "n", 1, byDefault: 1)
        && IsAtMost(body, "best_of", 1, byDefault: 1)
        && AreTextOnly(Member(body, "modalities"))
        && LeavesChoice(Member(body, "tool_choice"))
        && (Member(body, "tools") is not { } tools || (tools.ValueKind == JsonValueKind.Array && tools.EnumerateArray().All(IsCallersTool)));

    private static bool IsCallersTool(JsonElement tool) =>
        tool.ValueKind == JsonValueKind.Object && (Member(tool, "type") is not { } type || Text(type) is "function" or "custom");

    /// <summary>"auto" and "none", as a text or, as Anthropic has it, as the type of an object.</summary>
    private static bool LeavesChoice(JsonElement? choice) => choice is not { } value
        || (value.ValueKind == JsonValueKind.Object ? Member(value, "type") is { } type ? Text(type) : null : Text(value)) is "auto" or "none";

    private static bool AreTextOnly(JsonElement? modalities) =>
        modalities is not { } value
        || (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => string.Equals(Text(item), "text", StringComparison.OrdinalIgnoreCase)));

    private static string? TextOfTurns(JsonElement? turns, FrozenSet<string> parts)
    {
        if (turns is not { ValueKind: JsonValueKind.Array } array || array.GetArrayLength() == 0)
        {
            return null;
        }

        foreach (var turn in array.EnumerateArray())
        {
            var isPlain = turn.ValueKind == JsonValueKind.Object
                && Member(turn, "role") is { } role && Text(role) is "system" or "developer" or "user" or "assistant"
                && (Member(turn, "type") is not { } type || Text(type) == "message")
                && !Has(turn, "tool_calls") && !Has(turn, "function_call") && !Has(turn, "audio")
                && AreParts(Member(turn, "content"), parts);
            if (!isPlain)
            {
                return null;
            }
        }

        var last = array[array.GetArrayLength() - 1];
        return Member(last, "role") is { } lastRole && Text(lastRole) == "user" && Member(last, "content") is { } content ? TextOfContent(content) : null;
    }

    private static string? TextOfInput(JsonElement? input) => input is { ValueKind: JsonValueKind.String } text ? text.GetString() : TextOfTurns(input, ResponsesParts);

    private static string? TextOfContent(JsonElement content) => content.ValueKind switch
    {
        JsonValueKind.String => content.GetString(),
        JsonValueKind.Array when content.GetArrayLength() is > 0 and var length => Member(content[length - 1], "text") is { } text ? Text(text) : null,
        _ => null,
    };

    private static bool AreParts(JsonElement? content, FrozenSet<string> parts) =>
        content is not { } value
        || value.ValueKind == JsonValueKind.String
        || (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(part =>
            part.ValueKind == JsonValueKind.Object && Member(part, "type") is { } type && Text(type) is { } name && parts.Contains(name)));

    private static string? TextOfContents(JsonElement body, double maxTemperature)
    {
        var settings = Member(body, "generationConfig") ?? Member(body, "generation_config");
        var isPlain = (settings is not { } values
                ? maxTemperature >= 1
                : values.ValueKind == JsonValueKind.Object
                    && IsAtMost(values, "temperature", maxTemperature, byDefault: 1)
                    && IsAtMost(values, "candidateCount", 1, byDefault: 1)
                    && IsAtMost(values, "candidate_count", 1, byDefault: 1)
                    && AreTextOnly(Member(values, "responseModalities"))
                    && AreTextOnly(Member(values, "response_modalities")))
            && !(Has(body, "generationConfig") && Has(body, "generation_config"))
            && HasNoToolsOfItsOwn(Member(body, "tools"))
            && IsPlainTurn(Member(body, "systemInstruction") ?? Member(body, "system_instruction"))
            && LeavesChoiceToGemini(Member(body, "toolConfig"))
            && LeavesChoiceToGemini(Member(body, "tool_config"));
        if (!isPlain || Member(body, "contents") is not { ValueKind: JsonValueKind.Array } turns || turns.GetArrayLength() == 0 || !turns.EnumerateArray().All(turn => IsPlainTurn(turn)))
        {
            return null;
        }

        var last = turns[turns.GetArrayLength() - 1];
        var isUser = Member(last, "role") is not { } role || Text(role) == "user";
        return isUser && Member(last, "parts") is { } parts ? TextOfContent(parts) : null;
    }

    private static bool IsPlainTurn(JsonElement? turn) =>
        turn is not { } value
        || (value.ValueKind == JsonValueKind.Object && Member(value, "parts") is { ValueKind: JsonValueKind.Array } parts
            && parts.EnumerateArray().All(part => part.ValueKind == JsonValueKind.Object && part.EnumerateObject().All(member => GeminiPartMembers.Contains(member.Name))));

    private static bool HasNoToolsOfItsOwn(JsonElement? tools) =>
        tools is not { } value
        || (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(tool =>
            tool.ValueKind == JsonValueKind.Object && tool.EnumerateObject().All(member => member.Name is "functionDeclarations" or "function_declarations")));

    private static bool LeavesChoiceToGemini(JsonElement? settings)
    {
        if (settings is not { } value)
        {
            return true;
        }

        var calling = value.ValueKind == JsonValueKind.Object ? Member(value, "functionCallingConfig") ?? Member(value, "function_calling_config") : null;
        return calling is { ValueKind: JsonValueKind.Object } config && (Member(config, "mode") is not { } mode || Text(mode) is "AUTO" or "NONE");
    }

    private static bool IsAtMost(JsonElement element, string name, double bound, double byDefault) =>
        Member(element, name) is { } value ? value.ValueKind == JsonValueKind.Number && value.GetDouble() <= bound : byDefault <= bound;

    /// <summary>Whether there is more than nothing.</summary>
    private static bool Has(JsonElement element, string name) => Member(element, name) is { } value && (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > 0);

    /// <summary>Null where there is none, and where it is null, which the APIs take for none.</summary>
    private static JsonElement? Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString() : null;
}
