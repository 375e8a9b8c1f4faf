namespace Gatehouse.Metering.Sizes;

/// <summary>
/// Learns how much output the calls of one key at one model have, from the answers that came. Thread-safe; asking allocates nothing and
/// takes no lock, learning takes one of its own pair for some nanoseconds. The pairs used last are kept, at most
/// <see cref="MaxPairs"/>; what a pair takes is measured in docs/estimates.md.
/// </summary>
internal sealed class OutputSizes(TimeProvider time)
{
    public const int MaxPairs = 50_000;

    /// <summary>Fewer answers than these say too little: the fourth passes the largest of three in one of four cases.</summary>
    public const int MinAnswers = 3;

    /// <summary>A name that no provider gives a model. Longer ones are not learned, so that callers cannot fill the memory with names.</summary>
    private const int MaxNameLength = 256;

    private readonly Recent<Pair, RecentLargest> _pairs = new(MaxPairs);

    /// <summary>Pairs that are kept, models over all keys among them.</summary>
    public int Count => _pairs.Count;

    /// <summary>
    /// Tokens that the next answer will not pass in about 98 of 100 cases, as far as is known: the largest of the last 49 to 56 answers of this
    /// key and model, or of the model over all keys while the key has fewer than <see cref="MinAnswers"/>. With fewer answers the case
    /// is rarer than one of their number. Null when too little is known.
    /// </summary>
    public long? Likely(string key, string model)
    {
        if (model.Length > MaxNameLength)
        {
            return null;
        }

        var sizes = _pairs.Find(new(key, model));
        if (sizes is not { Count: >= MinAnswers })
        {
            sizes = _pairs.Find(new(null, model));
        }

        return sizes is { Count: >= MinAnswers } ? sizes.Value : null;
    }

    /// <param name="key">Id of the key.</param>
    /// <param name="model">As <see cref="Likely"/> will be asked for it.</param>
    /// <param name="outputTokens">Of a completed answer: one that broke off says nothing of how long it would have become.</param>
    public void Learn(string key, string model, long outputTokens)
    {
        if (model.Length <= MaxNameLength)
        {
            _pairs.FindOrAdd(new(key, model), static _ => new RecentLargest()).Add(outputTokens, time);
            _pairs.FindOrAdd(new(null, model), static _ => new RecentLargest()).Add(outputTokens, time);
        }
    }

    /// <summary>Of no key: the model over all of them.</summary>
    private readonly record struct Pair(string? Key, string Model);
}
