namespace Gatehouse.Protocols.Embeddings;

/// <summary>A call that turns inputs into vectors, in no provider's words.</summary>
/// <param name="Model">The name that the caller, or the target, has for the model.</param>
/// <param name="Inputs">One vector is answered for each, in this order; at least one.</param>
public sealed record EmbeddingRequest(string Model, IReadOnlyList<EmbeddingInput> Inputs)
{
    /// <summary>Length of the vectors; null for the model's own.</summary>
    public int? Dimensions { get; init; }

    /// <summary>How the caller wants to get the vectors. What the provider is asked for may differ: both forms hold the same values.</summary>
    public EmbeddingEncoding Encoding { get; init; }

    public EmbeddingInputType? InputType { get; init; }

    /// <summary>What happens to an input that is too long; null for the provider's own way.</summary>
    public EmbeddingTruncation? Truncation { get; init; }

    /// <summary>The caller's own id of its end user.</summary>
    public string? User { get; init; }

    /// <summary>Type of the vectors' numbers, when it is not the floating point that every provider has ("int8", "binary", ...).</summary>
    public string? OutputType { get; init; }

    /// <summary>Names of members that no other format knows. Plain words, few: they go into a header.</summary>
    public IReadOnlyList<string> OtherMembers { get; init; } = [];
}

/// <summary>What becomes one vector.</summary>
public abstract record EmbeddingInput;

/// <param name="Text">May be empty.</param>
public sealed record TextInput(string Text) : EmbeddingInput;

/// <param name="Tokens">Ids in the vocabulary of the model that the caller has in mind: they mean something else to any other model.</param>
public sealed record TokensInput(int[] Tokens) : EmbeddingInput;

/// <summary>An input that is no text and has no place in the model: no other format takes it.</summary>
/// <param name="What">What it is, for the person who reads why it is refused.</param>
public sealed record OtherInput(string What) : EmbeddingInput;

public enum EmbeddingEncoding
{
    /// <summary>A JSON array of numbers.</summary>
    Numbers,

    /// <summary>Base64 of the little-endian binary32 values. The npm package "openai" asks for it unless told otherwise.</summary>
    Base64,
}

/// <summary>What the vectors are for. Models that know the difference put another instruction before the input.</summary>
public enum EmbeddingInputType
{
    Document,
    Query,
    Classification,
    Clustering,
    Similarity,
}

/// <summary>The end of an input that is too long for the model which is cut off.</summary>
public enum EmbeddingTruncation
{
    /// <summary>None: an error is answered.</summary>
    None,
    Start,
    End,
}
