using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>How an answer ended, in this dialect's words.</summary>
/// <param name="Status">completed, incomplete, failed, in_progress, ...</param>
/// <param name="Reason">Why it is incomplete.</param>
internal readonly record struct ResponsesOutcome(string Status, string? Reason)
{
    public static readonly ResponsesOutcome InProgress = new("in_progress", null);

    public static readonly ResponsesOutcome Failed = new("failed", null);

    /// <param name="stop">Why it ended.</param>
    /// <param name="isOwn">It was told in this dialect: some of its servers call the limit <c>max_tokens</c>, as Anthropic does.</param>
    public static ResponsesOutcome Of(Stop? stop, bool isOwn) => stop switch
    {
        { Reason: StopReason.MaxTokens, Raw: "max_tokens" } when isOwn => new("incomplete", "max_tokens"),
        { Reason: StopReason.MaxTokens or StopReason.ContextWindow } => new("incomplete", "max_output_tokens"),
        { Reason: StopReason.ContentFilter or StopReason.Refusal } => new("incomplete", "content_filter"),
        { Reason: StopReason.Error or StopReason.MalformedToolCall } => Failed,
        // Statuses and reasons of this dialect that the middle has no name for.
        { Reason: StopReason.Other, Raw: "in_progress" or "queued" or "cancelled" } => new(stop.Raw, null),
        { Reason: StopReason.Other, Raw: "incomplete" } => new("incomplete", null),
        _ => new("completed", null),
    };

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteString("status"u8, Status);
        if (Reason is null)
        {
            writer.WriteNull("incomplete_details"u8);
        }
        else
        {
            writer.WriteStartObject("incomplete_details"u8);
            writer.WriteString("reason"u8, Reason);
            writer.WriteEndObject();
        }
    }
}
