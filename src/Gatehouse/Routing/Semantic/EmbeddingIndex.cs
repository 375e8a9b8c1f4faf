using System.Numerics.Tensors;

namespace Gatehouse.Routing.Semantic;

/// <summary>
/// Chooses by the cosine of embeddings. The examples' vectors are fetched once for the life of the index, which is that of its revision; a
/// text's vector is fetched when it is first seen. Whenever there are no vectors in time the lexical index chooses instead, and the choice says so.
/// </summary>
internal sealed class EmbeddingIndex : ISemanticIndex
{
    /// <summary>
    /// Unrelated texts have up to about 0.3 with common models, and some models more: it depends on the model, and can be set.
    /// </summary>
    public const double DefaultThreshold = 0.40;

    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(1.5);

    /// <summary>How long the vectors of all examples may take; no exchange waits for as long.</summary>
    private static readonly TimeSpan ExamplesTimeout = TimeSpan.FromSeconds(30);

    /// <summary>After a failure the examples are not asked for again before this.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(15);

    private const int ExamplesPerCall = 64;
    private const int CachedTexts = 1024;

    private readonly IEmbedder _embedder;
    private readonly ISemanticIndex _lexical;
    private readonly TimeProvider _time;
    private readonly string[] _examples;
    private readonly int[] _branchOf;
    private readonly double _threshold;
    private readonly TimeSpan _timeout;
    private readonly VectorCache _cache = new(CachedTexts);
    private readonly Lock _lock = new();
    private Task<float[][]?>? _fetch;
    private long _fetchedAt;

    /// <param name="branches">Examples of each branch.</param>
    /// <param name="embedder">Of the examples and of what users say.</param>
    /// <param name="lexical">Chooses among the same branches when there are no vectors.</param>
    /// <param name="time">For the limits of time.</param>
    /// <param name="threshold">Cosine below which there is no choice.</param>
    /// <param name="timeout">How long an exchange waits for vectors.</param>
    public EmbeddingIndex(
        IReadOnlyList<IReadOnlyList<string>> branches, IEmbedder embedder, ISemanticIndex lexical, TimeProvider time, double threshold = DefaultThreshold, TimeSpan? timeout = null)
    {
        (_embedder, _lexical, _time, _threshold, _timeout) = (embedder, lexical, time, threshold, timeout ?? DefaultTimeout);
        _examples = [.. branches.SelectMany(examples => examples)];
        _branchOf = [.. branches.SelectMany((examples, i) => examples.Select(_ => i))];
    }

    public async ValueTask<SemanticChoice> ChooseAsync(string text, CancellationToken cancellationToken)
    {
        if (text.Length == 0)
        {
            return new SemanticChoice(null, 0, SemanticChoice.ByEmbedding);
        }

        using var timer = new CancellationTokenSource(_timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        string reason;
        try
        {
            var examples = await Examples().WaitAsync(either.Token);
            var vector = examples is null ? null : _cache.Find(text) ?? await EmbedAsync(text, either.Token);
            if (vector is not null && vector.Length == examples![0].Length)
            {
                return Choose(examples, vector);
            }

            reason = "no embeddings";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            reason = "no embeddings in time";
        }

        return await _lexical.ChooseAsync(text, cancellationToken) with { Fallback = reason };
    }

    public SemanticChoice ChooseWithoutAsking(string text) => _lexical.ChooseWithoutAsking(text) with { Fallback = "no embeddings, as nobody is asked for them here" };

    private SemanticChoice Choose(float[][] examples, float[] vector)
    {
        var (branch, best) = (-1, double.NegativeInfinity);
        for (var i = 0; i < examples.Length; i++)
        {
            double cosine = TensorPrimitives.CosineSimilarity(examples[i], vector);
            if (cosine > best)
            {
                (branch, best) = (_branchOf[i], cosine);
            }
        }

        // A vector of zeros has no direction: its cosine is no number, and nothing is chosen.
        return new SemanticChoice(best >= _threshold ? branch : null, branch < 0 ? 0 : best, SemanticChoice.ByEmbedding);
    }

    private async ValueTask<float[]?> EmbedAsync(string text, CancellationToken cancellationToken)
    {
        if (await _embedder.EmbedAsync([text], cancellationToken) is not [var vector])
        {
            return null;
        }

        _cache.Add(text, vector);
        return vector;
    }

    /// <summary>One fetch at a time, whoever waits for it; an exchange that gives up does not end it.</summary>
    private Task<float[][]?> Examples()
    {
        lock (_lock)
        {
            var hasFailed = _fetch is { IsCompleted: true } fetch && (!fetch.IsCompletedSuccessfully || fetch.Result is null);
            if (_fetch is null || (hasFailed && _time.GetElapsedTime(_fetchedAt) >= RetryAfter))
            {
                _fetchedAt = _time.GetTimestamp();
                _fetch = Task.Run(FetchExamplesAsync);
            }

            return _fetch;
        }
    }

    private async Task<float[][]?> FetchExamplesAsync()
    {
        using var timer = new CancellationTokenSource(ExamplesTimeout, _time);
        var vectors = new List<float[]>(_examples.Length);
        try
        {
            foreach (var batch in _examples.Chunk(ExamplesPerCall))
            {
                if (await _embedder.EmbedAsync(batch, timer.Token) is not { } some || some.Length != batch.Length)
                {
                    return null;
                }

                vectors.AddRange(some);
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        return vectors.Count > 0 && vectors.TrueForAll(vector => vector.Length == vectors[0].Length && vector.Length > 0) ? [.. vectors] : null;
    }
}
