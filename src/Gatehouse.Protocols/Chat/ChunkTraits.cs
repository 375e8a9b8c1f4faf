namespace Gatehouse.Protocols.Chat;

/// <summary>What one chunk of a stream is, as far as the relay must know.</summary>
[Flags]
public enum ChunkTraits
{
    None = 0,

    /// <summary>It reports usage and has an empty "choices": the chunk that <c>stream_options.include_usage</c> adds.</summary>
    UsageOnly = 1,

    /// <summary>It reports an error.</summary>
    Error = 2,

    /// <summary>Nothing of the answer comes after it.</summary>
    Last = 4,
}
