using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>How Claude is told to think: <c>thinking</c> and <c>output_config.effort</c> of its own dialect.</summary>
internal sealed record BedrockThinking
{
    public static readonly BedrockThinking None = new();

    /// <summary>"Must be ≥1024 and less than max_tokens" (Anthropic's SDK 1.11.0, ThinkingConfigEnabled).</summary>
    private const long MinBudget = 1024;

    private string? Type { get; init; }

    private long? Budget { get; init; }

    private string? Effort { get; init; }

    private string? Display { get; init; }

    public bool IsOn => Type is "enabled" or "adaptive";

    public bool IsTold => Type is not null;

    /// <param name="request">Of another dialect.</param>
    /// <param name="context">The trait <c>thinking_adaptive</c> tells that the model takes an effort, and no budget.</param>
    /// <param name="turns">The conversation as it will be written.</param>
    /// <param name="isToolForced">"Thinking may not be enabled when tool_choice forces tool use" (its 400).</param>
    public static BedrockThinking Of(ChatRequest request, RequestContext context, IReadOnlyList<ChatMessage> turns, bool isToolForced)
    {
        if (request.Reasoning is not { } reasoning
            || reasoning is { Mode: ReasoningMode.Unspecified, Effort: null, BudgetTokens: null })
        {
            return None;
        }

        var isAdaptive = context.Rules.Has("thinking_adaptive");
        if (reasoning.Mode == ReasoningMode.Disabled || reasoning.Effort == "none" || reasoning.BudgetTokens == 0)
        {
            // Models that are told a budget do not think unless they are told to.
            return isAdaptive ? new BedrockThinking { Type = "disabled" } : None;
        }

        var budget = Math.Max(MinBudget, reasoning.BudgetTokens ?? ReasoningEffort.BudgetOf(reasoning.Effort ?? "medium"));
        var limit = request.MaxOutputTokens ?? context.MaxOutputTokens ?? long.MaxValue;
        if (isToolForced || (!isAdaptive && (limit <= MinBudget || IsInToolLoopWithoutThoughts(turns))))
        {
            context.Dropped.Add("reasoning_effort");
            return None;
        }

        var display = reasoning.IncludeThoughts switch
        {
            true => "summarized",
            false => "omitted",
            null => null,
        };
        if (!isAdaptive)
        {
            // Half of the limit is left for the answer itself, as far as the least budget allows.
            return new BedrockThinking { Type = "enabled", Budget = Math.Max(MinBudget, Math.Min(budget, limit / 2)) };
        }

        var effort = reasoning.Effort ?? (reasoning.BudgetTokens is { } tokens ? ReasoningEffort.EffortOf(tokens) : null);
        return new BedrockThinking
        {
            Type = "adaptive",
            Effort = effort is null ? null : ReasoningEffort.Nearest(effort, "low", "medium", "high", "xhigh", "max"),
            Display = display,
        };
    }

    public void Write(Utf8JsonWriter writer)
    {
        if (Type is not null)
        {
            writer.WriteStartObject("thinking"u8);
            writer.WriteString("type"u8, Type);
            writer.WriteOptional("budget_tokens", Budget);
            writer.WriteOptional("display", Display);
            writer.WriteEndObject();
        }

        if (Effort is not null)
        {
            writer.WriteStartObject("output_config"u8);
            writer.WriteString("effort"u8, Effort);
            writer.WriteEndObject();
        }
    }

    /// <summary>
    /// "When thinking is enabled, a final assistant message must start with a thinking block" (its 400): the thoughts of a caller whose
    /// dialect does not carry them are lost by the time that the result of the tool comes.
    /// </summary>
    private static bool IsInToolLoopWithoutThoughts(IReadOnlyList<ChatMessage> turns)
    {
        for (var i = turns.Count - 1; i >= 0; i--)
        {
            if (turns[i].Role == Role.Assistant)
            {
                return turns[i].Parts is not [ReasoningPart, ..] && turns[i].Parts.Any(p => p is ToolCallPart);
            }
        }

        return false;
    }
}
