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

    /// <summary>
    /// A later report replaces an earlier one, as some providers report a running total in every chunk: the input with all of its
    /// buckets if it tells the input, and likewise the output.
    /// </summary>
    public Usage UpdatedBy(Usage later)
    {
        var input = later.InputTokens is null ? this : later;
        var output = later.OutputTokens is null ? this : later;
        return new Usage
        {
            InputTokens = input.InputTokens,
            CacheReadTokens = input.CacheReadTokens,
            CacheWriteTokens = input.CacheWriteTokens,
            AudioInputTokens = input.AudioInputTokens,
            OutputTokens = output.OutputTokens,
            ReasoningTokens = output.ReasoningTokens,
            AudioOutputTokens = output.AudioOutputTokens,
        };
    }
}
