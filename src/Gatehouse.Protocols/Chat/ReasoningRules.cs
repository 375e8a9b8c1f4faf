namespace Gatehouse.Protocols.Chat;

/// <summary>For models that do not think, and those that know some words only for how much to think.</summary>
internal static class ReasoningRules
{
    public static ChatRequest Without(ChatRequest request, DroppedParameters dropped)
    {
        if (request.Reasoning is { } options)
        {
            if (!IsOff(options))
            {
                dropped.Add("reasoning_effort");
            }

            request = request with { Reasoning = null };
        }

        if (!request.Messages.Any(m => m.Parts.Any(p => p is ReasoningPart)))
        {
            return request;
        }

        dropped.Add("reasoning");
        return request with { Messages = [.. request.Messages.Select(WithoutThoughts).OfType<ChatMessage>()] };
    }

    /// <summary>
    /// The word for how much to think that a target of OpenAI's formats is told. All of them know <c>low</c>, <c>medium</c> and
    /// <c>high</c>; the traits <c>effort_none</c>, <c>effort_minimal</c>, <c>effort_xhigh</c> and <c>effort_max</c> tell what else one
    /// knows, and <c>effort_from_medium</c> and <c>effort_from_high</c> what it does not.
    /// </summary>
    /// <returns>Null when it is not told: a model that may not think at all is not made to by being told not to.</returns>
    public static string? EffortFor(string effort, RequestContext context)
    {
        var known = Words(context.Rules);
        if (effort != "none")
        {
            // Little thought is not none.
            return ReasoningEffort.Nearest(effort, known[0] == "none" ? known[1..] : known);
        }

        if (known[0] == "none")
        {
            return effort;
        }

        // It thinks whatever it is told.
        context.Dropped.Add("reasoning_effort");
        return context.Reasoning == true || known[0] == "minimal" ? known[0] : null;
    }

    private static string[] Words(TargetRules rules)
    {
        var isFromHigh = rules.Has("effort_from_high");
        List<(string Word, bool IsKnown)> words =
        [
            ("none", rules.Has("effort_none")), ("minimal", rules.Has("effort_minimal")),
            ("low", !isFromHigh && !rules.Has("effort_from_medium")), ("medium", !isFromHigh), ("high", true),
            ("xhigh", rules.Has("effort_xhigh")), ("max", rules.Has("effort_max")),
        ];
        return [.. words.Where(w => w.IsKnown).Select(w => w.Word)];
    }

    private static bool IsOff(ReasoningOptions options) => options.Mode == ReasoningMode.Disabled || options.Effort == "none" || options.BudgetTokens == 0;

    /// <returns>Null for a turn that was nothing but thoughts: an empty one is refused by most.</returns>
    private static ChatMessage? WithoutThoughts(ChatMessage message)
    {
        if (!message.Parts.Any(p => p is ReasoningPart))
        {
            return message;
        }

        var rest = message.Parts.Where(p => p is not ReasoningPart).ToList();
        return rest.Count == 0 ? null : message with { Parts = rest };
    }
}
