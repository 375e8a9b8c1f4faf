using System.Net;
using System.Text;
using Gatehouse.Routing.Semantic;
using Gatehouse.Tests.Routing.Strategies;
using TestContext = Xunit.TestContext;

namespace Gatehouse.Tests.Routing.Semantic;

/// <summary>A provider's vectors, over a transport that is scripted.</summary>
public sealed class ProviderEmbedderTests
{
    [Fact]
    public async Task Texts_go_to_the_provider_with_its_credential_and_vectors_come_back_in_order()
    {
        using var handler = new Handler(HttpStatusCode.OK, """{"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[1,0]}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}""");
        var vectors = await Ask(handler, "a", "b");
        Assert.Equal([[1f, 0f], [0f, 1f]], vectors!);
        Assert.Equal("POST http://localhost:1/v1/embeddings key", handler.Line);
        Assert.Contains("\"a\"", handler.Body, StringComparison.Ordinal);
        Assert.Contains("\"model\":\"m\"", handler.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500, """{"error":{"message":"no"}}""")]
    [InlineData(200, "not json")]
    [InlineData(200, """{"data":[]}""")]
    [InlineData(200, """{"data":[{"index":0,"embedding":[1e39]}]}""")]
    [InlineData(0, "")]
    public async Task Whatever_else_comes_there_are_no_vectors(int status, string body)
    {
        using var handler = new Handler((HttpStatusCode)status, body);
        Assert.Null(await Ask(handler, "a"));
    }

    private static async Task<float[][]?> Ask(Handler handler, params string[] texts)
    {
        using var transport = new HttpMessageInvoker(handler, disposeHandler: false);
        var target = TestRoute.Target("openai/m").Target;
        var provider = target.Provider with { BaseUrl = "http://localhost:1/v1", Headers = [new("authorization", "key")], Transport = transport };
        return await new ProviderEmbedder(target with { Provider = provider }).EmbedAsync(texts, TestContext.Current.CancellationToken);
    }

    /// <summary>Answers what it was made with; status 0: there is no connection.</summary>
    private sealed class Handler(HttpStatusCode status, string answer) : HttpMessageHandler
    {
        private const int NoConnection = 0;

        public string Line { get; private set; } = "";

        public string Body { get; private set; } = "";

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Line = $"{request.Method} {request.RequestUri} {request.Headers.NonValidated["authorization"]}";
            Body = await request.Content!.ReadAsStringAsync(cancellationToken);
            return (int)status == NoConnection
                ? throw new HttpRequestException("refused")
                : new HttpResponseMessage(status) { Content = new StringContent(answer, Encoding.UTF8, "application/json") };
        }
    }
}
