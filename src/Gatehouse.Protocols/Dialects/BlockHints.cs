using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects;

/// <summary>What Anthropic and Bedrock have no member for: hints are dropped and named, the rest is refused.</summary>
internal static class BlockHints
{
    /// <exception cref="UnsupportedException">It changes the meaning.</exception>
    public static void Check(ChatRequest request, Dialect target, DroppedParameters dropped)
    {
        TextAnswers.Check(request);

        Drop(request.PresencePenalty is not null, "presence_penalty");
        Drop(request.FrequencyPenalty is not null, "frequency_penalty");
        Drop(request.Seed is not null, "seed");
        Drop(request.Logprobs is true, "logprobs");
        Drop(request.TopLogprobs > 0, "top_logprobs");
        Drop(request.LogitBias is { ValueKind: not JsonValueKind.Null }, "logit_bias");
        Drop(request.Audio is not null, "audio");
        if (target == Dialect.Anthropic)
        {
            Drop(request.Metadata is not null, "metadata");
            Drop(request.ResponseFormat?.Description is not null, "response_format.description");
        }
        else
        {
            Drop(request.User is not null, "user");
            Drop(request.SafetyIdentifier is not null, "safety_identifier");
            Drop(request.ToolChoice is { Mode: ToolChoiceMode.Validated }, "tool_choice");
            dropped.Add(request.Extensions, target);
        }

        Drop(request.PromptCacheKey is not null, "prompt_cache_key");
        Drop(request.Verbosity is not null, "verbosity");
        // Neither keeps an answer for later turns: `store: false` is what they do anyway.
        Drop(request.Store is true, "store");
        dropped.Add(request.Reasoning?.Extensions, target, "reasoning.");
        dropped.Add(request.ResponseFormat?.Extensions, target, "response_format.");
        dropped.Add(request.ToolChoice?.Extensions, target, "tool_choice.");

        void Drop(bool isThere, string name)
        {
            if (isThere)
            {
                dropped.Add(name);
            }
        }
    }
}
