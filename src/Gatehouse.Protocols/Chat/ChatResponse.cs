using System.Text.Json;

namespace Gatehouse.Protocols.Chat;

/// <summary>A whole answer, whatever dialect it was written in.</summary>
public sealed record ChatResponse
{
    /// <summary>The dialect it was written in.</summary>
    public required Dialect Dialect { get; init; }

    /// <summary>The provider's id of it; null when it gives none.</summary>
    public string? Id { get; init; }

    /// <summary>The provider's name of the model that answered.</summary>
    public string? Model { get; init; }

    /// <summary>Unix seconds.</summary>
    public long? Created { get; init; }

    /// <summary>At least one, unless the prompt was blocked.</summary>
    public IReadOnlyList<ChatChoice> Choices { get; init; } = [];

    public Usage? Usage { get; init; }

    /// <summary>The tier it was served in, as written.</summary>
    public string? ServiceTier { get; init; }

    public Extensions? Extensions { get; init; }
}

/// <param name="Index">Its place among the answers, from 0.</param>
/// <param name="Parts">In the order of the answer. May be empty.</param>
/// <param name="Stop">Null when the provider does not tell.</param>
public sealed record ChatChoice(int Index, IReadOnlyList<Part> Parts, Stop? Stop)
{
    /// <summary>OpenAI's <c>logprobs</c> object: <c>{content: [{token, logprob, bytes, top_logprobs}], refusal}</c>.</summary>
    public JsonElement? Logprobs { get; init; }

    /// <summary>Of the choice.</summary>
    public Extensions? Extensions { get; init; }

    /// <summary>Of the message within the choice.</summary>
    public Extensions? MessageExtensions { get; init; }
}
