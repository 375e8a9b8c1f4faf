using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects;

/// <summary>What neither Cohere nor Ollama can be told: hints are dropped and named, the rest is refused.</summary>
internal static class UnknownHints
{
    /// <exception cref="UnsupportedException">It changes the meaning.</exception>
    public static void Check(ChatRequest request, DroppedParameters dropped, Dialect dialect)
    {
        TextAnswers.Check(request);

        // Several calls an answer are what both do anyway.
        Drop(request.ParallelToolCalls is false, "parallel_tool_calls");
        Drop(request.LogitBias is not null, "logit_bias");
        Drop(request.Audio is not null, "audio");
        Drop(request.User is not null, "user");
        Drop(request.SafetyIdentifier is not null, "safety_identifier");
        Drop(request.Metadata is not null, "metadata");
        Drop(request.ServiceTier is not null, "service_tier");
        Drop(request.PromptCacheKey is not null, "prompt_cache_key");
        Drop(request.Verbosity is not null, "verbosity");
        Drop(request.CacheControl is not null, "cache_control");
        // Neither keeps an answer for later turns: "store": false is what they do anyway.
        Drop(request.Store is true, "store");
        Drop(request.Reasoning?.Summary is not null, "reasoning.summary");
        Drop(request.Reasoning?.IncludeThoughts is false, "reasoning.exclude");
        Drop(request.ResponseFormat?.Description is not null, "response_format.description");
        dropped.Add(request.Extensions, dialect);
        dropped.Add(request.Reasoning?.Extensions, dialect, "reasoning.");
        dropped.Add(request.ResponseFormat?.Extensions, dialect, "response_format.");
        dropped.Add(request.ToolChoice?.Extensions, dialect, "tool_choice.");
        if (request.ToolChoice?.Opaque is { } choice && choice.Dialect != dialect)
        {
            throw new UnsupportedException($"tool_choice ({choice.Type})");
        }

        void Drop(bool isThere, string name)
        {
            if (isThere)
            {
                dropped.Add(name);
            }
        }
    }

    /// <summary>Hints on a part that neither has a place for.</summary>
    public static void Check(Part part, DroppedParameters dropped, Dialect dialect, string field)
    {
        if (part.CacheControl is not null)
        {
            dropped.Add("cache_control");
        }

        dropped.Add(part.Extensions, dialect, $"{field}.");
    }
}
