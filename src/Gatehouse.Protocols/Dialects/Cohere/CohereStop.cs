using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Cohere;

/// <summary><c>finish_reason</c>.</summary>
internal static class CohereStop
{
    public static Stop? Read(string? raw) => string.IsNullOrEmpty(raw) ? null : new Stop(ReasonOf(raw), raw);

    /// <param name="stop">Null for an answer that does not tell.</param>
    /// <param name="isOwn">The answer was written in this dialect: its own word stays.</param>
    /// <param name="hasToolCalls">The word must agree.</param>
    public static string WordOf(Stop? stop, bool isOwn, bool hasToolCalls) => stop?.Reason switch
    {
        _ when isOwn && stop?.Raw is { } raw => raw,
        StopReason.MaxTokens or StopReason.ContextWindow => "MAX_TOKENS",
        StopReason.Error or StopReason.MalformedToolCall or StopReason.ContentFilter => "ERROR",
        _ when hasToolCalls => "TOOL_CALL",
        StopReason.StopSequence => "STOP_SEQUENCE",
        _ => "COMPLETE",
    };

    private static StopReason ReasonOf(string raw) => raw switch
    {
        "COMPLETE" => StopReason.EndTurn,
        "STOP_SEQUENCE" => StopReason.StopSequence,
        "MAX_TOKENS" => StopReason.MaxTokens,
        "TOOL_CALL" => StopReason.ToolUse,
        "ERROR_TOXIC" => StopReason.ContentFilter,
        "ERROR_LIMIT" => StopReason.ContextWindow,
        "ERROR" or "TIMEOUT" => StopReason.Error,
        _ => StopReason.Other,
    };
}
