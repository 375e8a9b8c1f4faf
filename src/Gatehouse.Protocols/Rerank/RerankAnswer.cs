using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Rerank;

/// <param name="Results">The most relevant first; never more than were asked for.</param>
public sealed record RerankAnswer(IReadOnlyList<RerankResult> Results)
{
    /// <summary>The provider's, if it gives one.</summary>
    public string? Id { get; init; }

    /// <summary>As the provider names it, if it does.</summary>
    public string? Model { get; init; }

    /// <summary>What Cohere charges for: a query with up to 100 documents. Null when the provider does not count so.</summary>
    public long? SearchUnits { get; init; }

    /// <summary>Null when the provider does not report tokens.</summary>
    public Usage? Usage { get; init; }
}

/// <param name="Index">Of the document in the request, from 0.</param>
/// <param name="Score">In the provider's own measure: most answer 0 to 1, some any number.</param>
public readonly record struct RerankResult(int Index, double Score);
