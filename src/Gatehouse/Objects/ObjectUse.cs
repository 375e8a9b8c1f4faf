namespace Gatehouse.Objects;

/// <summary>What a relayed request does with objects, as far as ownership is concerned.</summary>
internal sealed record ObjectUse
{
    /// <summary>The answer's id is a new object of the caller's.</summary>
    public bool IsCreation { get; init; }

    /// <summary>The answer may name files that the provider made for the caller (the results of a batch).</summary>
    public bool MayNameFiles { get; init; }

    /// <summary>The object that is deleted.</summary>
    public string? Deleted { get; init; }

    /// <summary>The caller owns what the request is about, so that it needs no key for the whole provider.</summary>
    public bool IsOwned { get; init; }

    /// <summary>For a list of which the caller may see only its own: which of these ids are. Null for any other answer.</summary>
    public Func<IReadOnlyList<string>, Task<IReadOnlySet<string>>>? Owned { get; init; }
}
