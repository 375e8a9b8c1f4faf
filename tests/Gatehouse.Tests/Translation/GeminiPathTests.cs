using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Translation;

/// <summary>Google's paths name the model, and its clients may write their key there.</summary>
public sealed class GeminiPathTests
{
    private const string Body = """{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}""";
    private const string Route = "routes:\n  chat-route: { targets: [claude/m] }\n  native-route: { targets: [gemini/gemini-pro] }\n";

    [Theory]
    [InlineData("/v1beta/models/chat-route:generateContent", "claude/m", "/v1/messages")]
    [InlineData("/v1/models/chat-route:generateContent", "claude/m", "/v1/messages")]
    [InlineData("/v1beta/models/native-route:generateContent", "gemini/gemini-pro", "/v1beta/models/gemini-pro:generateContent")]
    [InlineData("/v1beta/models/gemini/gemini-pro:generateContent", "gemini/gemini-pro", "/v1beta/models/gemini-pro:generateContent")]
    [InlineData("/v1beta/models/gemini%2Fgemini-pro:generateContent", "gemini/gemini-pro", "/v1beta/models/gemini-pro:generateContent")]
    [InlineData("/v1beta/models/gemini%2fgemini-pro:generateContent", "gemini/gemini-pro", "/v1beta/models/gemini-pro:generateContent")]
    [InlineData("/v1beta/models/models/chat-route:generateContent", "claude/m", "/v1/messages")]
    [InlineData("/v1beta/models/@gemini/gemini-pro:generateContent", "gemini/gemini-pro", "/v1beta/models/gemini-pro:generateContent")]
    [InlineData("/v1beta/models/vertex/gemini-pro:generateContent", "vertex/gemini-pro", "/v1beta1/projects/p/locations/us-east5/publishers/google/models/gemini-pro:generateContent")]
    [InlineData("/v1beta/models/bedrock/arn:aws:bedrock:eu:1:inference-profile%2Fx:generateContent", "bedrock/arn:aws:bedrock:eu:1:inference-profile/x", "/model/arn%3Aaws%3Abedrock%3Aeu%3A1%3Ainference-profile%2Fx/converse")]
    [InlineData("/v1beta/models/gemini/..%2F..%2Fadmin:generateContent", "gemini/../../admin", "/v1beta/models/..%2F..%2Fadmin:generateContent")]
    public async Task The_model_of_the_path_leads_to_its_target(string path, string target, string upstreamPath)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + Route);
        // An HTTP library might tidy up the path.
        await using var client = await RawClient.ConnectAsync(gateway);

        await client.SendAsync($"POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-goog-api-key: {GatewayHost.Key}\r\ncontent-type: application/json\r\ncontent-length: {Body.Length}\r\n\r\n{Body}");
        var response = await client.ReadToEndAsync();

        Assert.Contains("200 OK", response, StringComparison.Ordinal);
        Assert.Contains($"x-gatehouse-target: {target}", response, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(upstreamPath, mock.Last.Target);
    }

    [Theory]
    [InlineData("gemini/m")]
    [InlineData("claude/m")]
    [InlineData("chat/m")]
    public async Task A_stream_without_alt_sse_is_one_JSON_array_that_grows(string target)
    {
        var goOn = new TaskCompletionSource();
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            var frames = target[..2] switch { "ge" => ProviderMock.GeminiFrames, "cl" => ProviderMock.AnthropicFrames, _ => ProviderMock.ChatFrames };
            await connection.StartChunkedAsync(200, "text/event-stream");
            var half = target[..2] switch { "ge" => 1, "cl" => 3, _ => 1 };
            foreach (var frame in frames[..half])
            {
                await connection.ChunkAsync(frame);
            }

            await goOn.Task;
            foreach (var frame in frames[half..])
            {
                await connection.ChunkAsync(frame);
            }

            await connection.EndChunksAsync();
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        using var response = await gateway.PostAsync($"/v1beta/models/{target}:streamGenerateContent", Body, HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var buffer = new byte[4096];
        var text = "";
        while (!text.Contains("Hel", StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken);
            Assert.NotEqual(0, count);
            text += Encoding.UTF8.GetString(buffer, 0, count);
        }

        goOn.SetResult();
        using var rest = new StreamReader(stream);
        text += await rest.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        var answers = JsonElement.Parse(text).EnumerateArray().ToArray();
        Assert.Equal("STOP", answers[^1].GetProperty("candidates")[0].GetProperty("finishReason").GetString());
        Assert.Equal(7, answers[^1].GetProperty("usageMetadata").GetProperty("promptTokenCount").GetInt32());
        Assert.Equal("completed", (await gateway.ExchangeAsync(response)).Outcome());
    }

    [Fact]
    public async Task A_key_in_the_query_opens_Googles_paths_alone_and_goes_nowhere()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        using var client = new HttpClient { BaseAddress = gateway.Address };
        const string Query = "key=" + GatewayHost.Key;

        foreach (var path in new[]
        {
            $"/v1beta/models/gemini/m:generateContent?{Query}", $"/v1beta/models/gemini/m:streamGenerateContent?alt=sse&{Query}", $"/v1beta/models/claude/m:generateContent?{Query}&x=1",
            $"/v1beta/models/chat/m:countTokens?{Query}",
        })
        {
            using var response = await client.PostAsync(new Uri(path, UriKind.Relative), new StringContent(Body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        using var models = await client.GetAsync(new Uri($"/v1beta/models?{Query}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, models.StatusCode);
        foreach (var (path, body) in new[]
        {
            ("/v1/chat/completions", GatewayAnswers.Chat), ("/v1/messages", new Caller("anthropic").Body("claude/m", false)), ("/v1/responses", new Caller("responses").Body("claude/m", false)),
        })
        {
            using var refused = await client.PostAsync(new Uri($"{path}?{Query}", UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        Assert.DoesNotContain(mock.Requests, request => (request.Target + string.Join(' ', request.Headers.Values) + request.Text).Contains(GatewayHost.Key, StringComparison.Ordinal));
        Assert.DoesNotContain(gateway.Logs.Entries, entry => entry.ToString().Contains(GatewayHost.Key, StringComparison.Ordinal));
        Assert.DoesNotContain(await gateway.ExchangesAsync(), row => row.GetRawText().Contains(GatewayHost.Key, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/v1beta/models", null, "models", "name", "models/claude/listed")]
    [InlineData("/v1/models", "x-goog-api-key", "models", "name", "models/claude/listed")]
    [InlineData("/v1/models", "anthropic-version", "data", "id", "claude/listed")]
    [InlineData("/v1/models", null, "data", "id", "claude/listed")]
    public async Task The_list_of_models_has_the_callers_shape(string path, string? header, string list, string id, string name)
    {
        await using var gateway = await GatewayHost.StartAsync("providers:\n  claude: { kind: anthropic, api_key: x, models: [listed] }\n");
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (header is not null)
        {
            request.Headers.Add(header, header.StartsWith("x-", StringComparison.Ordinal) ? GatewayHost.Key : "2023-06-01");
        }

        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        var model = (await response.JsonAsync()).GetProperty(list).EnumerateArray().Single(m => m.GetProperty(id).GetString()!.Contains("claude", StringComparison.Ordinal));
        Assert.Equal(name, model.GetProperty(id).GetString());
    }
}
