namespace Gatehouse.Protocols.Chat;

/// <summary>What is special about one provider or model within its dialect; comes from the data file.</summary>
public sealed record TargetRules
{
    public static readonly TargetRules None = new();

    /// <summary>
    /// Parameters that it refuses. By the names of OpenAI Chat where it has one: <c>temperature</c>, <c>top_p</c>, <c>top_k</c>,
    /// <c>presence_penalty</c>, <c>frequency_penalty</c>, <c>seed</c>, <c>stop</c>, <c>n</c>, <c>logprobs</c>, <c>logit_bias</c>,
    /// <c>parallel_tool_calls</c>, <c>reasoning_effort</c>, <c>user</c>, <c>metadata</c>, <c>service_tier</c>, <c>store</c>, <c>strict</c>, ...
    /// </summary>
    public IReadOnlyCollection<string> Drop { get; init; } = [];

    /// <summary>Parameters that it takes under another name, by the same names: <c>max_tokens</c> for <c>max_completion_tokens</c>.</summary>
    public IReadOnlyDictionary<string, string> Rename { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Other facts, each known to the writer of the dialect; for example <c>thinking_adaptive</c>.</summary>
    public IReadOnlyCollection<string> Traits { get; init; } = [];

    /// <summary>Tokens that a prompt must have for the provider's cache to take it; null where that is not known.</summary>
    public long? PromptCacheMinTokens { get; init; }

    public bool Has(string trait) => Traits.Contains(trait, StringComparer.Ordinal);

    /// <summary>The name under which the target takes a parameter.</summary>
    public string NameOf(string parameter) => Rename.TryGetValue(parameter, out var name) ? name : parameter;

    /// <summary>The request without what the target refuses.</summary>
    public ChatRequest Apply(ChatRequest request, DroppedParameters dropped)
    {
        foreach (var name in Drop)
        {
            request = ParameterRules.Without(request, name, dropped);
        }

        return request;
    }
}
