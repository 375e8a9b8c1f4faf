namespace Gatehouse.Protocols.Chat;

/// <summary>Why an answer ended.</summary>
public enum StopReason
{
    /// <summary>The model had said all.</summary>
    EndTurn,
    StopSequence,
    MaxTokens,

    /// <summary>The conversation is longer than the model's window.</summary>
    ContextWindow,
    ToolUse,

    /// <summary>A filter or guardrail of the provider's ended it.</summary>
    ContentFilter,

    /// <summary>The model itself declined.</summary>
    Refusal,

    /// <summary>A long turn was put on hold and can be gone on with (Anthropic's <c>pause_turn</c>).</summary>
    Pause,

    /// <summary>The model wrote a tool call that cannot be read.</summary>
    MalformedToolCall,
    Error,

    /// <summary>A reason that this version does not know; <see cref="Stop.Raw"/> has it.</summary>
    Other,
}

/// <summary>Why an answer ended, and in which words.</summary>
/// <param name="Reason">In neutral terms.</param>
/// <param name="Raw">The provider's own word.</param>
public sealed record Stop(StopReason Reason, string? Raw)
{
    /// <summary>The sequence that ended it.</summary>
    public string? Sequence { get; init; }

    /// <summary>
    /// For a dialect that tells a refusal by the reason alone: OpenAI tells it by the part that holds its text, and ends it with "stop".
    /// </summary>
    /// <param name="hasRefusal">The answer has a <see cref="RefusalPart"/>.</param>
    public Stop WithRefusal(bool hasRefusal) => hasRefusal && Reason == StopReason.EndTurn ? this with { Reason = StopReason.Refusal, Raw = null } : this;
}
