using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>How a target is told to think, and the limit of output that goes with it.</summary>
internal sealed record AnthropicThinking
{
    /// <summary>"Must be ≥1024 and less than max_tokens" (SDK 1.11.0, ThinkingConfigEnabled).</summary>
    private const long MinBudget = 1024;

    private ReasoningOptions? Own { get; init; }

    private string? Type { get; init; }

    private long? Budget { get; init; }

    private string? Display { get; init; }

    public string? Effort { get; init; }

    public required long MaxTokens { get; init; }

    public bool IsOn => Type is "enabled" or "adaptive";

    public static AnthropicThinking Of(ChatRequest request, RequestContext context, IReadOnlyList<ChatMessage> turns)
    {
        var maxTokens = request.MaxOutputTokens ?? context.MaxOutputTokens ?? AnthropicRequestWriter.DefaultMaxTokens;
        var plain = new AnthropicThinking { MaxTokens = maxTokens };
        if (request.Reasoning is not { } reasoning)
        {
            return plain;
        }

        if (request.Dialect == Dialect.Anthropic)
        {
            return plain with
            {
                Own = reasoning,
                Type = reasoning.Mode switch
                {
                    ReasoningMode.Enabled => "enabled",
                    ReasoningMode.Disabled => "disabled",
                    ReasoningMode.Adaptive => "adaptive",
                    _ => null,
                },
                Budget = reasoning.BudgetTokens,
                Display = DisplayOf(reasoning),
                Effort = reasoning.Effort,
            };
        }

        var isOff = reasoning.Mode == ReasoningMode.Disabled || reasoning.Effort == "none" || reasoning.BudgetTokens == 0;
        var isAsked = reasoning.Mode != ReasoningMode.Unspecified || reasoning.Effort is not null || reasoning.BudgetTokens is not null;
        if (context.Rules.Has("thinking_adaptive"))
        {
            return isOff ? plain with { Type = "disabled" } : isAsked ? Adaptive(request, reasoning, plain, context.Dropped) : plain;
        }

        // Models that are told a budget do not think unless they are told to.
        return isOff || !isAsked ? plain : Enabled(request, reasoning, plain, turns, context);
    }

    public void Write(Utf8JsonWriter writer)
    {
        var hasOwnType = Own?.Extensions?.Members.Any(m => m.Name == "type") == true;
        if (Type is null && !hasOwnType)
        {
            return;
        }

        writer.WriteStartObject("thinking"u8);
        if (!hasOwnType)
        {
            writer.WriteString("type"u8, Type);
        }

        writer.WriteOptional("budget_tokens", Budget);
        writer.WriteOptional("display", Display);
        writer.WriteExtensions(Own?.Extensions, Dialect.Anthropic);
        writer.WriteEndObject();
    }

    private static AnthropicThinking Adaptive(ChatRequest request, ReasoningOptions reasoning, AnthropicThinking plain, DroppedParameters dropped)
    {
        var effort = reasoning.Effort ?? (reasoning.BudgetTokens is { } budget ? ReasoningEffort.EffortOf(budget) : null);
        var nearest = effort is null ? null : ReasoningEffort.Nearest(effort, "low", "medium", "high", "xhigh", "max");
        if (ForcesTool(request))
        {
            dropped.Add("reasoning_effort");
            return plain;
        }

        return plain with { Type = "adaptive", Effort = nearest, Display = DisplayOf(reasoning) };
    }

    private static AnthropicThinking Enabled(
        ChatRequest request, ReasoningOptions reasoning, AnthropicThinking plain, IReadOnlyList<ChatMessage> turns, RequestContext context)
    {
        var budget = Math.Max(MinBudget, reasoning.BudgetTokens ?? ReasoningEffort.BudgetOf(reasoning.Effort ?? "medium"));
        var maxTokens = plain.MaxTokens;
        if (request.MaxOutputTokens is null && context.MaxOutputTokens is null)
        {
            maxTokens += budget;
        }

        // Half of the caller's limit is left for the answer itself, as far as the least budget allows.
        budget = Math.Max(MinBudget, Math.Min(budget, maxTokens / 2));
        if (budget >= maxTokens || ForcesTool(request) || IsInToolLoopWithoutThoughts(turns))
        {
            context.Dropped.Add("reasoning_effort");
            return plain;
        }

        return plain with { Type = "enabled", Budget = budget, MaxTokens = maxTokens };
    }

    /// <summary>"Thinking may not be enabled when tool_choice forces tool use" (its 400).</summary>
    private static bool ForcesTool(ChatRequest request) => request.Tools.Count > 0 && request.ToolChoice?.Mode == ToolChoiceMode.Required;

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

    private static string? DisplayOf(ReasoningOptions reasoning) => (reasoning.IncludeThoughts ?? (reasoning.Summary is null ? null : true)) switch
    {
        true => "summarized",
        false => "omitted",
        null => null,
    };
}
