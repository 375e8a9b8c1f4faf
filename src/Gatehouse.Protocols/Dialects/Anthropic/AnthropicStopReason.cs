using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>The values of <c>stop_reason</c>.</summary>
internal static class AnthropicStopReason
{
    public static StopReason Read(string raw) => raw switch
    {
        "end_turn" => StopReason.EndTurn,
        "max_tokens" => StopReason.MaxTokens,
        "stop_sequence" => StopReason.StopSequence,
        "tool_use" => StopReason.ToolUse,
        "pause_turn" => StopReason.Pause,
        "refusal" => StopReason.Refusal,
        "model_context_window_exceeded" => StopReason.ContextWindow,
        _ => StopReason.Other,
    };

    /// <param name="stop">Of any dialect.</param>
    /// <param name="hasToolCalls">The answer calls a tool: clients run tools only when told so here.</param>
    public static string Write(Stop stop, bool hasToolCalls) => stop.Reason switch
    {
        // A reason that this version does not know, but which looks like one of Anthropic's, is left to the client.
        StopReason.Other when stop.Raw is { Length: > 0 } raw && raw.All(c => char.IsAsciiLetterLower(c) || c == '_') => raw,
        StopReason.EndTurn or StopReason.Other when hasToolCalls => "tool_use",
        StopReason.MaxTokens => "max_tokens",
        StopReason.ContextWindow => "model_context_window_exceeded",
        StopReason.StopSequence => "stop_sequence",
        StopReason.ToolUse => "tool_use",
        StopReason.Pause => "pause_turn",
        StopReason.ContentFilter or StopReason.Refusal => "refusal",
        _ => "end_turn",
    };
}
