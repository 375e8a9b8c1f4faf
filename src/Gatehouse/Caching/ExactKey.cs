using System.Buffers;
using System.Security.Cryptography;
using Gatehouse.Pipeline;
using Gatehouse.Routing;

namespace Gatehouse.Caching;

/// <summary>
/// What makes two requests the same: who may share answers, the configuration in force, what is asked for in which dialect and form, the model
/// as the caller names it, the headers that change answers, the conditions of the route that hold, and the body.
/// </summary>
internal static class ExactKey
{
    /// <summary>Of what is hashed, and of how answers are kept: with another one nothing is found that was kept before.</summary>
    private const byte Version = 1;

    /// <summary>What is larger is not looked up: to hash it would keep others waiting.</summary>
    private const int MaxBody = 8 * 1024 * 1024;

    /// <summary>Headers that go on to the provider and change what it answers.</summary>
    private static readonly string[] Headers =
    [
        "anthropic-beta", "anthropic-version", "openai-beta", "extra-parameters", "x-amzn-bedrock-guardrailidentifier", "x-amzn-bedrock-guardrailversion",
    ];

    /// <param name="exchange">Has been authorized; its body is there.</param>
    /// <param name="random">For the conditions of the route; they do not ask for it.</param>
    /// <returns>Null for a request that is not for a cache.</returns>
    public static CacheKey? Of(Exchange exchange, Random random)
    {
        var request = exchange.Request;
        var operation = exchange.Operation;
        var isAnswerable = operation.IsChat || operation.IsEmbedding || operation == Operation.Completion || operation == Operation.Rerank;
        if (!isAnswerable || request.Envelope is null || request.RelayPath.Length > 0 || request.Body.Length > MaxBody
            // It goes on from something that is kept, or refers to it.
            || request.IsBodyReplaced || request.ContinuesFrom is not null || exchange.Permits is not null || request.Object is { IsOwned: true })
        {
            return null;
        }

        using var text = KeyBuffer.Take();
        WriteContext(exchange, random, text);
        if (request.Body.IsSingleSegment)
        {
            return CanonicalRequest.TryWrite(request.Body.FirstSpan, RequestMembers.Of(operation), text) ? Hash(text) : null;
        }

        var body = ArrayPool<byte>.Shared.Rent((int)request.Body.Length);
        try
        {
            request.Body.CopyTo(body);
            return CanonicalRequest.TryWrite(body.AsSpan(0, (int)request.Body.Length), RequestMembers.Of(operation), text) ? Hash(text) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
        }
    }

    /// <summary>All of it but the body, for those who compare the body in another way.</summary>
    public static string ScopeOf(Exchange exchange, Random random)
    {
        using var text = KeyBuffer.Take();
        WriteContext(exchange, random, text);
        return Convert.ToHexString(SHA256.HashData(text.Written));
    }

    private static void WriteContext(Exchange exchange, Random random, KeyBuffer text)
    {
        var (request, operation, headers) = (exchange.Request, exchange.Operation, exchange.Http.Request.Headers);
        text.Add(Version);
        text.AddField(exchange.Payer.TenantOf(exchange.Key!.Id));
        text.AddField(exchange.Snapshot.PolicyRevision);
        text.Add((byte)operation.Dialect);
        text.AddField(operation.Name);
        text.AddField(operation.Path);
        text.Add((byte)((request.IsStream ? 1 : 0) | (request.IsJsonArray ? 2 : 0)));
        text.AddField(request.Model);
        text.AddField(request.Provider);
        text.AddField(request.Query);
        foreach (var name in Headers)
        {
            text.AddField(headers.TryGetValue(name, out var values) ? values.ToString() : null);
        }

        if (exchange.Route!.ConditionalNodes.Count > 0)
        {
            // They may ask for headers, the key, its labels or the time: requests that are led elsewhere are not the same.
            var context = new ExchangeContext(exchange, random);
            foreach (var node in exchange.Route.ConditionalNodes)
            {
                text.AddField(node.Holding(context));
            }
        }
    }

    private static CacheKey Hash(KeyBuffer text)
    {
        Span<byte> hash = stackalloc byte[CacheKey.Length];
        _ = SHA256.HashData(text.Written, hash);
        return new CacheKey(hash);
    }
}
