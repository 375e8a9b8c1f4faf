namespace Gatehouse.Routing.Semantic;

/// <summary>Finds the branch whose examples are nearest in meaning to a text.</summary>
internal interface ISemanticIndex
{
    /// <summary>Never throws but for a cancelled token.</summary>
    /// <param name="text">What the user said last.</param>
    /// <param name="cancellationToken">Of the exchange.</param>
    ValueTask<SemanticChoice> ChooseAsync(string text, CancellationToken cancellationToken);

    /// <summary>What it would choose if no provider could be asked.</summary>
    SemanticChoice ChooseWithoutAsking(string text);
}

/// <param name="Branch">Number of the branch among those with examples; null when none is near enough: the default is right then.</param>
/// <param name="Score">Cosine of the nearest example, or what the lexical index has for it.</param>
/// <param name="Method"><c>embedding</c> or <c>lexical</c>: what found it.</param>
internal readonly record struct SemanticChoice(int? Branch, double Score, string Method)
{
    public const string ByEmbedding = "embedding";
    public const string Lexically = "lexical";

    /// <summary>Why the embeddings that are configured were not used; null when they were, or none are.</summary>
    public string? Fallback { get; init; }
}
