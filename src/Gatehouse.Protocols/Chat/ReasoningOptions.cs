namespace Gatehouse.Protocols.Chat;

public enum ReasoningMode
{
    /// <summary>Not said: the model's own default, or as <see cref="ReasoningOptions.Effort"/> has it.</summary>
    Unspecified,
    Disabled,

    /// <summary>With <see cref="ReasoningOptions.BudgetTokens"/> where the dialect wants one.</summary>
    Enabled,

    /// <summary>The model decides how much (Anthropic's <c>adaptive</c>, Gemini's budget of -1).</summary>
    Adaptive,
}

/// <summary>How the model shall think before it answers.</summary>
public sealed record ReasoningOptions
{
    public ReasoningMode Mode { get; init; }

    /// <summary>none, minimal, low, medium, high, xhigh, max; what a dialect does not know is given its nearest.</summary>
    public string? Effort { get; init; }

    public long? BudgetTokens { get; init; }

    /// <summary>The thoughts, or a summary of them, shall be part of the answer.</summary>
    public bool? IncludeThoughts { get; init; }

    /// <summary>OpenAI Responses: auto, concise, detailed.</summary>
    public string? Summary { get; init; }

    /// <summary>
    /// The name that the caller gave it, where the dialect has several: <c>reasoning_effort</c>, <c>reasoning</c>, <c>thinking</c>,
    /// <c>enable_thinking</c> (OpenAI and its followers).
    /// </summary>
    public string? Name { get; init; }

    public Extensions? Extensions { get; init; }
}
