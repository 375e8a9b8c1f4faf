namespace Gatehouse.Protocols.Dialects.PromptCache;

internal enum PromptPlaceKind
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>A text that stands for a list of one block: from its first quote to behind its last.</summary>
    String,

    /// <summary>An object that can have a <c>cache_control</c>: up to its closing brace.</summary>
    Object,

    /// <summary>The null that such an object has for it.</summary>
    NullMember,

    /// <summary>A block behind which another one can stand: up to behind its closing brace.</summary>
    Block,
}

/// <summary>Where in a request a breakpoint can be put.</summary>
/// <param name="Kind">What is there.</param>
/// <param name="Start">In bytes.</param>
/// <param name="End">In bytes.</param>
internal readonly record struct PromptPlace(PromptPlaceKind Kind, long Start, long End);
