namespace Gatehouse.Protocols.Tokens;

/// <summary>How a text is cut into pieces before bytes are merged within them.</summary>
public enum BytePairSplit
{
    /// <summary>GPT-3.5 and GPT-4.</summary>
    Cl100k,

    /// <summary>GPT-4o and what came after it.</summary>
    O200k,
}
