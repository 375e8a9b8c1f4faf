using System.Collections.Concurrent;
using Gatehouse.Pipeline;
using Gatehouse.Routing.Semantic;

namespace Gatehouse.Caching.Semantic;

/// <summary>A question as it can be compared: its vector is null where the lexical index compares texts, and where no provider made one.</summary>
internal sealed record AskedQuestion(SemanticQuery Query, SemanticRule Rule, float[]? Vector);

/// <summary>A question that was answered, and how near it is: a cosine, or the part of the words that are the same.</summary>
internal readonly record struct SemanticMatch(CacheKey Key, double Similarity);

/// <summary>Finds the answered question that means the same: by vectors of a provider, or else by a lexical index. The answers themselves are kept elsewhere.</summary>
internal sealed class SemanticCache(TimeProvider time)
{
    /// <summary>Questions of each index. A vector of 1,536 numbers takes 6.4 KB, a text in the lexical index about 1 KB.</summary>
    private const int Capacity = 20_000;

    private const int RememberedTexts = 1024;

    /// <summary>An answer that a provider would have begun by then is not worth waiting longer for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly NearDuplicateIndex<CacheKey> _lexical = new(Capacity);
    private readonly ConcurrentDictionary<(string Target, int Dimensions), VectorIndex<CacheKey>> _vectors = new();
    private readonly ConcurrentDictionary<string, VectorCache> _known = new(StringComparer.Ordinal);

    /// <summary>What is compared of a question.</summary>
    public async ValueTask<AskedQuestion> AskAsync(Exchange exchange, SemanticRule rule, SemanticQuery query)
    {
        if (rule.Embeddings is not { } target)
        {
            return new AskedQuestion(query, rule, Vector: null);
        }

        var known = _known.GetOrAdd(target.Name, static _ => new VectorCache(RememberedTexts));
        if (known.Find(query.Text) is { } vector)
        {
            return new AskedQuestion(query, rule, vector);
        }

        using var patience = new CancellationTokenSource(Patience, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, exchange.Http.RequestAborted, exchange.GatewayEnded);
        exchange.Timings.UpstreamWaitBegins();
        try
        {
            var vectors = await new ProviderEmbedder(target).EmbedAsync([query.Text], end.Token);
            if (vectors is [{ Length: > 0 } made])
            {
                known.Add(query.Text, made);
                return new AskedQuestion(query, rule, made);
            }
        }
        catch (OperationCanceledException)
        {
            // Answered as if nothing were kept.
        }
        finally
        {
            exchange.Timings.UpstreamWaitEnds();
        }

        return new AskedQuestion(query, rule, Vector: null);
    }

    public SemanticMatch? Find(AskedQuestion question)
    {
        if (question.Rule.Embeddings is null)
        {
            return _lexical.TryFind(question.Query.Partition, question.Query.Text, out var key, out var likeness) ? new SemanticMatch(key, likeness) : null;
        }

        return question.Vector is { } vector && IndexOf(question.Rule, vector) is { } index
            && index.TryFind(question.Query.Partition, vector, question.Rule.Threshold, out var near, out var similarity) ? new SemanticMatch(near, similarity) : null;
    }

    /// <summary>The question has an answer now.</summary>
    public void Add(AskedQuestion question, CacheKey answer)
    {
        if (question.Rule.Embeddings is null)
        {
            _ = _lexical.Add(question.Query.Partition, answer, question.Query.Text);
        }
        else if (question.Vector is { } vector && IndexOf(question.Rule, vector) is { } index)
        {
            _ = index.Add(question.Query.Partition, answer, vector);
        }
    }

    /// <summary>Its answer is not kept any more.</summary>
    public void Remove(AskedQuestion question, CacheKey answer)
    {
        if (question.Rule.Embeddings is null)
        {
            _ = _lexical.Remove(answer);
        }
        else if (question.Vector is { } vector)
        {
            _ = IndexOf(question.Rule, vector)?.Remove(answer);
        }
    }

    private VectorIndex<CacheKey>? IndexOf(SemanticRule rule, float[] vector) =>
        vector.Length > 16_384 ? null : _vectors.GetOrAdd((rule.Embeddings!.Name, vector.Length), static key => new VectorIndex<CacheKey>(key.Dimensions, Capacity));
}
