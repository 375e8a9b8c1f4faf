namespace Gatehouse.Upstream;

/// <summary>What becomes of a streamed answer that breaks off after its beginning has gone to the caller.</summary>
internal enum Continuation
{
    /// <summary>It ends with an error.</summary>
    Off,

    /// <summary>The next target gets its text as the beginning of its own turn.</summary>
    Prefix,

    /// <summary>The next target gets its text as a turn of its own, and is asked to go on from there.</summary>
    Instruction,
}
