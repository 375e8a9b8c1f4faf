namespace Gatehouse.Protocols.Rerank;

/// <summary>A call that orders documents by their relevance to a query, in no provider's words.</summary>
/// <param name="Model">The name that the caller, or the target, has for the model.</param>
/// <param name="Documents">At least one.</param>
public sealed record RerankRequest(string Model, string Query, IReadOnlyList<string> Documents)
{
    /// <summary>How many of the most relevant documents are answered; null for all.</summary>
    public int? TopN { get; init; }

    /// <summary>The answer repeats the documents. The gateway has them from the request: no provider is asked for it.</summary>
    public bool ReturnDocuments { get; init; }

    /// <summary>Tokens after which a document is cut off; null for the provider's own limit.</summary>
    public int? MaxTokensPerDocument { get; init; }

    /// <summary>The caller chose by which members documents are judged (Cohere v1): only a document's text is known here.</summary>
    public bool HasRankFields { get; init; }

    /// <summary>Names of members that no other format knows. Plain words, few: they go into a header.</summary>
    public IReadOnlyList<string> OtherMembers { get; init; } = [];
}
