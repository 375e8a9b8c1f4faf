using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Bedrock's <c>StopReason</c>.</summary>
internal static class BedrockStop
{
    public static Stop Read(string raw) => new(
        raw switch
        {
            "end_turn" => StopReason.EndTurn,
            "tool_use" => StopReason.ToolUse,
            "max_tokens" => StopReason.MaxTokens,
            "stop_sequence" => StopReason.StopSequence,
            "guardrail_intervened" or "content_filtered" => StopReason.ContentFilter,
            "malformed_tool_use" => StopReason.MalformedToolCall,
            "malformed_model_output" => StopReason.Error,
            "model_context_window_exceeded" => StopReason.ContextWindow,
            _ => StopReason.Other,
        },
        raw);

    /// <summary>It is one of the words above.</summary>
    public static bool IsWord(string raw) => Read(raw).Reason != StopReason.Other;

    /// <param name="stop">Why it ended; null when that is not known.</param>
    /// <param name="isOwn">It was read in this dialect.</param>
    /// <param name="hasToolCall">The answer calls a tool; a client that is told "end_turn" would not run it.</param>
    public static string Write(Stop? stop, bool isOwn, bool hasToolCall)
    {
        if (isOwn && stop?.Raw is { } raw)
        {
            return raw;
        }

        return stop?.Reason switch
        {
            StopReason.MaxTokens => "max_tokens",
            StopReason.StopSequence => "stop_sequence",
            StopReason.ContextWindow => "model_context_window_exceeded",
            StopReason.ToolUse => "tool_use",
            StopReason.ContentFilter or StopReason.Refusal => "content_filtered",
            StopReason.MalformedToolCall => "malformed_tool_use",
            StopReason.Error => "malformed_model_output",
            _ => hasToolCall ? "tool_use" : "end_turn",
        };
    }
}
