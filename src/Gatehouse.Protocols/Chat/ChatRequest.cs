using System.Text.Json;

namespace Gatehouse.Protocols.Chat;

/// <summary>
/// A model call, whatever dialect it was written in. Values that were not written are null. JSON kept as written refers to the document
/// that was read.
/// </summary>
public sealed record ChatRequest
{
    /// <summary>The dialect it was written in.</summary>
    public required Dialect Dialect { get; init; }

    /// <summary>As written; empty where the path names it.</summary>
    public string Model { get; init; } = "";

    public bool IsStream { get; init; }

    /// <summary>Report usage at the end of a stream. Dialects that always do read it as true.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>System turns stand where they were said; a dialect's own system field gives the first ones.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    public IReadOnlyList<ToolDefinition> Tools { get; init; } = [];

    public ToolChoice? ToolChoice { get; init; }

    /// <summary>The caller knows tools by OpenAI's older name, <c>functions</c>, and wants calls as <c>function_call</c>.</summary>
    public bool UsesLegacyFunctions { get; init; }

    /// <summary>False: at most one tool call an answer.</summary>
    public bool? ParallelToolCalls { get; init; }

    public long? MaxOutputTokens { get; init; }

    /// <summary>The name that the caller gave it, where the dialect has several: OpenAI's <c>max_tokens</c> and <c>max_completion_tokens</c>.</summary>
    public string? MaxOutputTokensName { get; init; }

    /// <summary>0 to 2; Anthropic takes 0 to 1.</summary>
    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public long? TopK { get; init; }

    public double? PresencePenalty { get; init; }

    public double? FrequencyPenalty { get; init; }

    public long? Seed { get; init; }

    public IReadOnlyList<string>? StopSequences { get; init; }

    /// <summary>How many answers are wanted (OpenAI's <c>n</c>).</summary>
    public long? Candidates { get; init; }

    public bool? Logprobs { get; init; }

    public long? TopLogprobs { get; init; }

    /// <summary>OpenAI's map of token ids to biases.</summary>
    public JsonElement? LogitBias { get; init; }

    public ResponseFormat? ResponseFormat { get; init; }

    public ReasoningOptions? Reasoning { get; init; }

    /// <summary>text, audio, image, in lower case.</summary>
    public IReadOnlyList<string>? Modalities { get; init; }

    /// <summary>OpenAI's <c>audio</c>: voice and format of a spoken answer.</summary>
    public JsonElement? Audio { get; init; }

    /// <summary>Who asks, for the provider's abuse checks: <c>user</c>, <c>metadata.user_id</c>.</summary>
    public string? User { get; init; }

    /// <summary>The same by OpenAI's newer name, which may stand beside the older one.</summary>
    public string? SafetyIdentifier { get; init; }

    /// <summary>Labels of the caller's own: an object of strings.</summary>
    public JsonElement? Metadata { get; init; }

    /// <summary>As written: auto, default, flex, priority, standard_only, ...</summary>
    public string? ServiceTier { get; init; }

    /// <summary>Calls with the same key shall hit the same cache (OpenAI).</summary>
    public string? PromptCacheKey { get; init; }

    /// <summary>OpenAI's verbosity: low, medium, high.</summary>
    public string? Verbosity { get; init; }

    /// <summary>The whole prompt is to be cached (Anthropic's top-level <c>cache_control</c>).</summary>
    public CacheControl? CacheControl { get; init; }

    /// <summary>The answer shall be kept for later turns (OpenAI Responses; its default is true).</summary>
    public bool? Store { get; init; }

    public string? PreviousResponseId { get; init; }

    public Extensions? Extensions { get; init; }
}
