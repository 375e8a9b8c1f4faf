using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Why an answer ended, in Google's words: <c>Candidate.FinishReason</c> of both APIs.</summary>
internal static class GeminiStops
{
    // By their numbers, as far as both APIs agree: some proxies write enums of protobuf as numbers.
    private static readonly string[] Numbered = ["FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER"];

    /// <param name="finishReason">A string, or a number.</param>
    /// <param name="hasToolCall">Gemini says STOP even when it calls a function.</param>
    public static Stop? Read(JsonElement? finishReason, bool hasToolCall)
    {
        if (finishReason is not { } value)
        {
            return null;
        }

        var raw = GeminiMembers.Text(value)
            ?? (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 0 && number < Numbered.Length ? Numbered[number] : value.JsonTextOrFail("value"));
        return new Stop(raw == "STOP" && hasToolCall ? StopReason.ToolUse : ReasonOf(raw), raw);
    }

    public static StopReason ReasonOf(string raw) => raw switch
    {
        "STOP" => StopReason.EndTurn,
        "MAX_TOKENS" => StopReason.MaxTokens,
        "SAFETY" or "RECITATION" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" or "LANGUAGE" or "MODEL_ARMOR" or "IMAGE_SAFETY"
            or "IMAGE_PROHIBITED_CONTENT" or "IMAGE_RECITATION" => StopReason.ContentFilter,
        "MALFORMED_FUNCTION_CALL" or "UNEXPECTED_TOOL_CALL" or "TOO_MANY_TOOL_CALLS" => StopReason.MalformedToolCall,
        "MALFORMED_RESPONSE" or "MISSING_THOUGHT_SIGNATURE" => StopReason.Error,
        _ => StopReason.Other,
    };

    /// <summary>Google's own word where it is one, else the one that comes nearest.</summary>
    public static string Write(Stop stop)
    {
        if (stop.Raw is { Length: > 0 } raw && (IsOwn(stop, raw) || (stop.Reason == StopReason.Other && raw.All(c => c is (>= 'A' and <= 'Z') or '_'))))
        {
            return raw;
        }

        return stop.Reason switch
        {
            StopReason.MaxTokens or StopReason.ContextWindow => "MAX_TOKENS",
            StopReason.ContentFilter or StopReason.Refusal => "SAFETY",
            StopReason.MalformedToolCall => "MALFORMED_FUNCTION_CALL",
            StopReason.Error or StopReason.Other => "OTHER",
            _ => "STOP",
        };
    }

    private static bool IsOwn(Stop stop, string raw)
    {
        var reason = ReasonOf(raw);
        return reason != StopReason.Other && (reason == stop.Reason || (raw == "STOP" && stop.Reason == StopReason.ToolUse));
    }
}
