namespace Gatehouse.Protocols.Chat;

/// <summary>
/// Metered units of one exchange, in tokens. Buckets are exclusive: <see cref="InputTokens"/> is the uncached input, cache reads and
/// writes come beside it. The audio, and reasoning counts are an "of which". What a provider did not report is null, never 0.
/// </summary>
public sealed record Usage
{
    /// <summary>Uncached input.</summary>
    public long? InputTokens { get; init; }

    public long? CacheReadTokens { get; init; }

    public long? CacheWriteTokens { get; init; }

    /// <summary>All output, reasoning included.</summary>
    public long? OutputTokens { get; init; }

    /// <summary>Of <see cref="OutputTokens"/>.</summary>
    public long? ReasoningTokens { get; init; }

    /// <summary>Of the input.</summary>
    public long? AudioInputTokens { get; init; }

    /// <summary>Of <see cref="OutputTokens"/>.</summary>
    public long? AudioOutputTokens { get; init; }

    /// <summary>Later reports replace earlier ones bucket by bucket: some providers report a running total in every chunk.</summary>
    public Usage UpdatedBy(Usage later) => new()
    {
        InputTokens = later.InputTokens ?? InputTokens,
        CacheReadTokens = later.CacheReadTokens ?? CacheReadTokens,
        CacheWriteTokens = later.CacheWriteTokens ?? CacheWriteTokens,
        OutputTokens = later.OutputTokens ?? OutputTokens,
        ReasoningTokens = later.ReasoningTokens ?? ReasoningTokens,
        AudioInputTokens = later.AudioInputTokens ?? AudioInputTokens,
        AudioOutputTokens = later.AudioOutputTokens ?? AudioOutputTokens,
    };
}
