namespace Gatehouse.Protocols.Chat;

/// <summary>Parameters by their names, for rules that come from data.</summary>
internal static class ParameterRules
{
    /// <summary>The request without one parameter, which is noted as dropped if it was there.</summary>
    public static ChatRequest Without(ChatRequest request, string name, DroppedParameters dropped)
    {
        var without = name switch
        {
            "temperature" => request with { Temperature = null },
            "top_p" => request with { TopP = null },
            "top_k" => request with { TopK = null },
            "presence_penalty" => request with { PresencePenalty = null },
            "frequency_penalty" => request with { FrequencyPenalty = null },
            "seed" => request with { Seed = null },
            "stop" => request with { StopSequences = null },
            "n" => request with { Candidates = null },
            "logprobs" => request with { Logprobs = null, TopLogprobs = null },
            "logit_bias" => request with { LogitBias = null },
            "parallel_tool_calls" => request with { ParallelToolCalls = null },
            "reasoning_effort" => request with { Reasoning = null },
            "user" => request with { User = null },
            "safety_identifier" => request with { SafetyIdentifier = null },
            "metadata" => request with { Metadata = null },
            "service_tier" => request with { ServiceTier = null },
            "store" => request with { Store = null },
            "prompt_cache_key" => request with { PromptCacheKey = null },
            "verbosity" => request with { Verbosity = null },
            "cache_control" => request with { CacheControl = null },
            _ => WithoutExtension(request, name),
        };
        if (!Equals(without, request))
        {
            dropped.Add(name);
        }

        return without;
    }

    private static ChatRequest WithoutExtension(ChatRequest request, string name)
    {
        if (request.Extensions is not { } extensions || !extensions.Members.Any(m => Is(m, name)))
        {
            return request;
        }

        return request with { Extensions = Extensions.Of(extensions.Dialect, [.. extensions.Members.Where(m => !Is(m, name))]) };
    }

    private static bool Is(Extension member, string name) => string.Equals(member.Name, name, StringComparison.Ordinal);
}
