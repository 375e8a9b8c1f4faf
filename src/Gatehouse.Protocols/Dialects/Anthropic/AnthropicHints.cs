using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>What Anthropic has no member for: hints are dropped and named, the rest is refused.</summary>
internal static class AnthropicHints
{
    /// <exception cref="UnsupportedException">It changes the meaning.</exception>
    public static void Check(ChatRequest request, DroppedParameters dropped)
    {
        if (request.Candidates > 1)
        {
            throw new UnsupportedException("n");
        }

        if (request.PreviousResponseId is not null)
        {
            throw new UnsupportedException("previous_response_id");
        }

        foreach (var modality in request.Modalities ?? [])
        {
            if (modality != "text")
            {
                throw new UnsupportedException($"modalities ({modality})");
            }
        }

        Drop(request.PresencePenalty is not null, "presence_penalty");
        Drop(request.FrequencyPenalty is not null, "frequency_penalty");
        Drop(request.Seed is not null, "seed");
        Drop(request.Logprobs is true, "logprobs");
        Drop(request.TopLogprobs > 0, "top_logprobs");
        Drop(request.LogitBias is { ValueKind: not JsonValueKind.Null }, "logit_bias");
        Drop(request.Audio is not null, "audio");
        Drop(request.Metadata is not null, "metadata");
        Drop(request.PromptCacheKey is not null, "prompt_cache_key");
        Drop(request.Verbosity is not null, "verbosity");
        Drop(request.ResponseFormat?.Description is not null, "response_format.description");
        // Anthropic keeps no answer for later turns: `store: false` is what it does anyway.
        Drop(request.Store is true, "store");
        dropped.Add(request.Reasoning?.Extensions, Dialect.Anthropic, "reasoning.");
        dropped.Add(request.ResponseFormat?.Extensions, Dialect.Anthropic, "response_format.");
        dropped.Add(request.ToolChoice?.Extensions, Dialect.Anthropic, "tool_choice.");

        void Drop(bool isThere, string name)
        {
            if (isThere)
            {
                dropped.Add(name);
            }
        }
    }
}
