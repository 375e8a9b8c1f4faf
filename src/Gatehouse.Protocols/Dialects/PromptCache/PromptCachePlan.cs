using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Bedrock;

namespace Gatehouse.Protocols.Dialects.PromptCache;

/// <summary>Where breakpoints of a provider's prompt cache are put into requests.</summary>
/// <param name="Dialect">Of the requests: Anthropic, Bedrock, or OpenAI Chat for those that take <c>cache_control</c> in it.</param>
public sealed record PromptCachePlan(Dialect Dialect)
{
    /// <summary>Trait of a target of OpenAI's format that takes <c>cache_control</c>, and caches nothing without.</summary>
    private const string TakesBreakpoints = "prompt_cache_breakpoints";

    /// <summary>Trait of a model that refuses breakpoints.</summary>
    private const string RefusesBreakpoints = "no_prompt_cache";

    /// <summary>What most models want at least, where nothing better is known.</summary>
    private const long UsualMinTokens = 1024;

    /// <summary>Behind the last tool.</summary>
    public bool Tools { get; init; }

    /// <summary>Behind the system's text.</summary>
    public bool System { get; init; }

    /// <summary>Behind the last message of the user, and behind the one before it, which the request before this one ended with.</summary>
    public bool Messages { get; init; }

    /// <summary>Keep for an hour; otherwise for the five minutes that are the default everywhere.</summary>
    public bool OneHour { get; init; }

    /// <summary>Only behind texts.</summary>
    public bool TextOnly { get; init; }

    /// <summary>Tokens; a prompt that seems shorter gets no breakpoints. Null for what the model's cache takes at least.</summary>
    public long? MinTokens { get; init; }

    /// <summary>The route changes members that are looked at here: breakpoints are put into what comes of that.</summary>
    public bool ComesAfterChanges { get; init; }

    /// <summary>What of it a target takes.</summary>
    /// <param name="model">The target's own name of the model.</param>
    /// <param name="rules">What is special about it.</param>
    /// <returns>Null for nothing.</returns>
    public PromptCachePlan? For(string model, TargetRules rules)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(rules);
        if (rules.Has(RefusesBreakpoints) || !(Dialect is Dialect.Anthropic or Dialect.Bedrock || (Dialect == Dialect.OpenAiChat && rules.Has(TakesBreakpoints))))
        {
            return null;
        }

        var plan = this with { MinTokens = MinTokens ?? rules.PromptCacheMinTokens ?? UsualMinTokens };
        if (Dialect != Dialect.Bedrock)
        {
            return plan;
        }

        // Nova takes breakpoints behind texts of the system and of messages, not behind tools, and keeps for five minutes.
        var family = BedrockModelFamilies.Of(model, rules);
        return !family.TakesCachePoints() ? null : family.IsNova() ? plan with { Tools = false, TextOnly = true, OneHour = false } : plan;
    }
}
