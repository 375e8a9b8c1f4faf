using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Embeddings;

/// <param name="Vectors">One for each input, in the order of the inputs; all values are finite.</param>
public sealed record EmbeddingAnswer(IReadOnlyList<float[]> Vectors)
{
    /// <summary>As the provider names it, if it does.</summary>
    public string? Model { get; init; }

    /// <summary>Null when the provider did not report it.</summary>
    public Usage? Usage { get; init; }

    /// <summary>
    /// The answer to a request that took several calls. Its usage is known if that of each call is.
    /// </summary>
    /// <param name="parts">In the order of the inputs; at least one.</param>
    public static EmbeddingAnswer Join(IReadOnlyList<EmbeddingAnswer> parts) => parts.Count == 1 ? parts[0] : new EmbeddingAnswer([.. parts.SelectMany(part => part.Vectors)])
    {
        Model = parts[0].Model,
        Usage = parts.All(part => part.Usage?.InputTokens is not null)
            ? new Usage
            {
                InputTokens = Sum(parts, usage => usage.InputTokens),
                ImageInputTokens = Sum(parts, usage => usage.ImageInputTokens),
                CacheReadTokens = Sum(parts, usage => usage.CacheReadTokens),
                OutputTokens = Sum(parts, usage => usage.OutputTokens),
            }
            : null,
    };

    /// <summary>Null when none of the parts tells.</summary>
    private static long? Sum(IReadOnlyList<EmbeddingAnswer> parts, Func<Usage, long?> count) =>
        parts.Aggregate((long?)null, (sum, part) => count(part.Usage!) is { } more ? (sum ?? 0) + more : sum);
}
