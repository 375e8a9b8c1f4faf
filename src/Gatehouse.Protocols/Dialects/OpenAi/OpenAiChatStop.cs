using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary><c>finish_reason</c>, in the words of OpenAI and its followers.</summary>
internal static class OpenAiChatStop
{
    public const string FunctionCall = "function_call";

    /// <summary>Null when the choice has not ended. Some write an empty string for that.</summary>
    public static Stop? Read(JsonElement choice)
    {
        var raw = choice.Member("finish_reason") switch
        {
            { ValueKind: JsonValueKind.String } word => word.TextOrFail("finish_reason"),
            { } other => other.GetRawText(),
            null => null,
        };
        if (string.IsNullOrEmpty(raw))
        {
            return null;
        }

        // vLLM and its likes name the sequence that ended the answer; a number there is the id of a token.
        return raw == "stop" && choice.Text("stop_reason") is { Length: > 0 } sequence
            ? new Stop(StopReason.StopSequence, raw) { Sequence = sequence }
            : new Stop(ReasonOf(raw), raw);
    }

    /// <summary>The word for a reason.</summary>
    /// <param name="stop">Why the answer ended.</param>
    /// <param name="hasToolCalls">Whether it has any: the word must agree.</param>
    /// <param name="isLegacy">Calls are told as <c>function_call</c>.</param>
    /// <param name="dialect">The writer's.</param>
    public static string WordOf(Stop stop, bool hasToolCalls, bool isLegacy, Dialect dialect) => stop.Reason switch
    {
        StopReason.EndTurn or StopReason.StopSequence or StopReason.ToolUse or StopReason.Pause or StopReason.Other when hasToolCalls => isLegacy ? FunctionCall : "tool_calls",
        StopReason.MaxTokens => "length",
        StopReason.ContextWindow => dialect == Dialect.Mistral ? "model_length" : "length",
        StopReason.ContentFilter or StopReason.Refusal => "content_filter",
        // OpenRouter's and Mistral's word; "stop" would say that all is well.
        StopReason.Error or StopReason.MalformedToolCall => "error",
        _ => "stop",
    };

    private static StopReason ReasonOf(string raw) => raw switch
    {
        "stop" or "eos" or "end_turn" or "eos_token" => StopReason.EndTurn,
        "stop_sequence" => StopReason.StopSequence,
        "length" or "max_tokens" => StopReason.MaxTokens,
        "model_length" or "model_context_window_exceeded" => StopReason.ContextWindow,
        "tool_calls" or "tool_use" or FunctionCall => StopReason.ToolUse,
        // "sensitive" is Z.ai's.
        "content_filter" or "sensitive" or "safety" => StopReason.ContentFilter,
        "refusal" => StopReason.Refusal,
        // "insufficient_system_resource" is DeepSeek's, "network_error" Z.ai's.
        "error" or "insufficient_system_resource" or "network_error" => StopReason.Error,
        _ => StopReason.Other,
    };
}
