using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Translation;

/// <summary>OpenAI's clients embed and Cohere's rerank with every provider that does, and the ledger knows what it cost.</summary>
public sealed class EmbeddingTests
{
    private const string Prices =
        "catalog: { models: { \"cohere/m\": { input_usd_per_mtok: 1 }, \"voyage/m\": { input_usd_per_mtok: 1 }, \"mistral/m\": { input_usd_per_mtok: 1 }, \"bedrock/titan\": { input_usd_per_mtok: 1 }, \"chat/m\": { input_usd_per_mtok: 1 } } }\n";

    [Theory]
    [InlineData("chat/m", "/v1/embeddings", 1, 6)]
    [InlineData("cohere/m", "/v2/embed", 1, 6)]
    [InlineData("gemini/m", "/v1beta/models/m:batchEmbedContents", 1, null)]
    [InlineData("voyage/m", "/v1/embeddings", 1, 6)]
    [InlineData("mistral/m", "/v1/embeddings", 1, 6)]
    [InlineData("bedrock/titan", "/model/titan/invoke", 2, 6)]
    [InlineData("ollama/m", "/api/embed", 1, 6)]
    public async Task Every_provider_embeds_for_OpenAIs_clients(string target, string path, int calls, int? tokens)
    {
        await using var mock = Embedding();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + Prices);
        foreach (var encoding in new[] { "float", "base64" })
        {
            // "user" is OpenAI's own: the bytes cannot go to the others as they are.
            using var response = await gateway.PostAsync("/v1/embeddings", $$"""{"model":"{{target}}","input":["a","b"],"encoding_format":"{{encoding}}","user":"u"}""");

            var answer = await response.JsonAsync();
            var data = answer.GetProperty("data").EnumerateArray().ToArray();
            Assert.Equal(2, data.Length);
            for (var i = 0; i < data.Length; i++)
            {
                Assert.Equal(i, data[i].GetProperty("index").GetInt32());
                if (target != "chat/m")
                {
                    Assert.Equal(i, VectorOf(data[i].GetProperty("embedding"), encoding)[0] is 0.5f ? 0 : 1);
                }
            }

            var row = await gateway.ExchangeAsync(response);
            Assert.Equal(("completed", tokens), (row.Outcome(), (int?)row.Tokens("input_tokens")));
            if (tokens is not null && target != "ollama/m")
            {
                Assert.Equal(tokens * 1000L, row.GetProperty("cost_nano_usd").GetInt64());
            }
        }

        Assert.Equal(2 * calls, mock.Requests.Count);
        Assert.All(mock.Requests, request => Assert.Equal(path, request.Target));
    }

    [Theory]
    [InlineData("cohere/m", "/v2/embed")]
    [InlineData("gemini/m", "/v1beta/models/m:batchEmbedContents")]
    [InlineData("voyage/m", "/v1/embeddings")]
    [InlineData("ollama/m", "/api/embed")]
    public async Task Every_provider_embeds_for_Googles_clients(string target, string path)
    {
        await using var mock = Embedding();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + Prices);

        using var batch = await gateway.PostAsync(
            $"/v1beta/models/{target}:batchEmbedContents",
            $$$"""{"requests":[{"model":"models/{{{target}}}","content":{"parts":[{"text":"a"}]}},{"model":"models/{{{target}}}","content":{"parts":[{"text":"b"}]}}]}""");

        var vectors = (await batch.JsonAsync()).GetProperty("embeddings").EnumerateArray().Select(e => e.GetProperty("values")[0].GetSingle());
        Assert.Equal([0.5f, 0.25f], vectors);
        Assert.Equal(path, Assert.Single(mock.Requests).Target);
        Assert.Equal("completed", (await gateway.ExchangeAsync(batch)).Outcome());
    }

    [Theory]
    [InlineData("cohere/m")]
    [InlineData("gemini/m")]
    [InlineData("bedrock/titan")]
    [InlineData("ollama/m")]
    public async Task A_failure_to_embed_keeps_its_status_and_nonsense_is_a_bad_gateway(string target)
    {
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            await (request.Text.Contains("nonsense", StringComparison.Ordinal)
                ? connection.RespondAsync(200, "application/json", "{\"embeddings\":7}")
                : connection.RespondAsync(429, "application/json", "{\"message\":\"busy\",\"error\":{\"message\":\"busy\"}}", "retry-after: 3"));
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var busy = await gateway.PostAsync("/v1/embeddings", $$"""{"model":"{{target}}","input":"a"}""");
        using var nonsense = await gateway.PostAsync("/v1/embeddings", $$"""{"model":"{{target}}","input":"nonsense"}""");
        using var wrong = await gateway.PostAsync("/v1/embeddings", $$"""{"model":"{{target}}","input":7}""");

        var error = (await busy.JsonAsync(HttpStatusCode.TooManyRequests)).GetProperty("error");
        Assert.Equal(("busy", "3"), (error.GetProperty("message").GetString(), busy.Header("retry-after")));
        _ = await nonsense.ShouldFailAsync(HttpStatusCode.BadGateway, "upstream_invalid_response");
        Assert.Equal("input", (await wrong.ShouldFailAsync(HttpStatusCode.BadRequest, "invalid_request")).GetProperty("param").GetString());
    }

    [Theory]
    [InlineData("vertex/m")]
    [InlineData("claude/m")]
    public async Task A_provider_without_embeddings_is_named(string target)
    {
        await using var mock = Embedding();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await gateway.PostAsync("/v1/embeddings", $$"""{"model":"{{target}}","input":"a"}""");

        var error = await response.ShouldFailAsync(HttpStatusCode.UnprocessableEntity, "unsupported_feature");
        Assert.Contains(target, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(mock.Requests);
    }

    [Theory]
    [InlineData("/v1/rerank", "cohere/m", "/v2/rerank")]
    [InlineData("/v2/rerank", "cohere/m", "/v2/rerank")]
    [InlineData("/v1/rerank", "voyage/m", "/v1/rerank")]
    [InlineData("/v2/rerank", "voyage/m", "/v1/rerank")]
    [InlineData("/v1/rerank", "jina/m", "/v1/rerank")]
    [InlineData("/v2/rerank", "jina/m", "/v1/rerank")]
    public async Task Every_provider_reranks_in_Coheres_form(string path, string target, string upstreamPath)
    {
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            await connection.RespondAsync(200, "application/json", request.Target == "/v2/rerank"
                ? """{"id":"r","results":[{"index":1,"relevance_score":0.9},{"index":0,"relevance_score":0.1}],"meta":{"billed_units":{"search_units":1}}}"""
                : target == "voyage/m" ? """{"object":"list","data":[{"index":1,"relevance_score":0.9},{"index":0,"relevance_score":0.1}],"model":"m","usage":{"total_tokens":9}}"""
                : """{"model":"m","results":[{"index":1,"relevance_score":0.9},{"index":0,"relevance_score":0.1}],"usage":{"total_tokens":9}}""");
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await gateway.PostAsync(path, $$"""{"model":"{{target}}","query":"q","documents":["a","b"],"top_n":2}""");
        using var wrong = await gateway.PostAsync(path, $$"""{"model":"{{target}}","query":"q"}""");

        var results = (await response.JsonAsync()).GetProperty("results").EnumerateArray().ToArray();
        Assert.Equal((1, 0.9, 0), (results[0].GetProperty("index").GetInt32(), results[0].GetProperty("relevance_score").GetDouble(), results[1].GetProperty("index").GetInt32()));
        Assert.Equal(upstreamPath, Assert.Single(mock.Requests).Target);
        Assert.Equal(target == "voyage/m", mock.Last.Text.Contains("top_k", StringComparison.Ordinal));
        Assert.Equal(("completed", "rerank"), ((await gateway.ExchangeAsync(response)).Outcome(), (await gateway.ExchangeAsync(response)).GetProperty("operation").GetString()));
        Assert.Equal("documents", (await wrong.ShouldFailAsync(HttpStatusCode.BadRequest, "invalid_request")).GetProperty("param").GetString());
    }

    private static float[] VectorOf(JsonElement embedding, string encoding) => encoding == "float"
        ? [.. embedding.EnumerateArray().Select(number => number.GetSingle())]
        : MemoryMarshal.Cast<byte, float>(embedding.GetBytesFromBase64()).ToArray();

    private static ProviderMock Embedding() => new(async (request, connection) =>
    {
        var path = request.Target;
        var vectors = path.EndsWith("/invoke", StringComparison.Ordinal) && request.Text.Contains("\"b\"", StringComparison.Ordinal) ? "[0.25,1]" : "[0.5,1]";
        var isBase64 = request.Text.Contains("base64", StringComparison.Ordinal) && path == "/v1/embeddings";
        var (first, second) = isBase64 ? ($"\"{Base64(0.5f, 1)}\"", $"\"{Base64(0.25f, 1)}\"") : ("[0.5,1]", "[0.25,1]");
        var answer = path switch
        {
            "/v2/embed" => $$"""{"id":"e","embeddings":{"float":[{{first}},{{second}}] },"meta":{"billed_units":{"input_tokens":6} } }""",
            "/api/embed" => $$"""{"model":"m","embeddings":[{{first}},{{second}}],"prompt_eval_count":6}""",
            _ when path.EndsWith("batchEmbedContents", StringComparison.Ordinal) => $$"""{"embeddings":[{"values":{{first}} },{"values":{{second}} }] }""",
            _ when path.EndsWith("/invoke", StringComparison.Ordinal) => $$"""{"embedding":{{vectors}},"inputTextTokenCount":3}""",
            _ => $$$"""{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":{{{first}}} },{"object":"embedding","index":1,"embedding":{{{second}}} }],"usage":{"prompt_tokens":6,"total_tokens":6} }""",
        };
        await connection.RespondAsync(200, "application/json", answer);
        return true;
    });

    private static string Base64(params float[] numbers) => Convert.ToBase64String(MemoryMarshal.AsBytes<float>(numbers));
}
