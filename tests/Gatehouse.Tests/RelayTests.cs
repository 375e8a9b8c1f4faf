using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>Paths that the gateway does not know go to the provider that the caller names, as they are.</summary>
public sealed class RelayTests : IAsyncLifetime
{
    private const string Limited = "gh_test_key_that_may_use_one_model";
    private const string Whole = "gh_test_key_that_may_use_one_provider";
    private readonly ScriptedUpstream _upstream = new((_, connection) => connection.RespondAsync(200, "application/json", """{"id":"x","usage":{"input_tokens":5,"output_tokens":2}}"""));
    private GatewayHost _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(_upstream.Address, $$"""

        keys:
          - { name: test, secret: {{GatewayHost.Key}}, models: ["*"] }
          - { name: limited, secret: {{Limited}}, models: ["mock/gpt-*"] }
          - { name: whole, secret: {{Whole}}, models: ["mock/*"] }
        """));

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("GET", "/v1/files?limit=5&after=a%2Fb")]
    [InlineData("DELETE", "/v1/files/file-1")]
    [InlineData("GET", "/v1/models")]
    [InlineData("GET", "/v1/models/a%2Fb")]
    [InlineData("GET", "/v1/a%20b%2Fc%3F%23?x=%2B+%7e%41&y")]
    [InlineData("GET", "/v1/%41%7E%c3%a9/%25")]
    [InlineData("GET", "/v1//double//slash/")]
    [InlineData("PATCH", "/v1/x;p=1,2:3@4!$&'()*")]
    public async Task Method_path_and_query_pass_as_they_were_written(string method, string target)
    {
        var answer = await RawClient.SendAsync(_gateway, $"{method} {target}", "x-gatehouse-provider: mock");

        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        var seen = Assert.Single(_upstream.Requests);
        Assert.Equal((method, target), (seen.Method, seen.Target));
        Assert.Equal("Bearer upstream-secret", seen.Headers["authorization"]);
        Assert.Equal("relay", (await _gateway.ExchangeAsync(_ => true)).GetProperty("operation").GetString());
    }

    [Theory]
    [InlineData("/v1/../secret")]
    [InlineData("/v1/files/../../secret")]
    [InlineData("/v1/%2e%2e/secret")]
    [InlineData("/v1/.%2E/secret")]
    [InlineData("/v1/files/%2e%2e%2f%2e%2e%2fsecret")]
    [InlineData("/v1/..\\secret")]
    [InlineData("/v1/..%5csecret")]
    [InlineData("/v1/files/./x")]
    [InlineData("/v1/files/%00")]
    [InlineData("/v1/files/x%0d%0aevil:1")]
    [InlineData("/x/../v1/files")]
    [InlineData("http://elsewhere.invalid/v1/files")]
    public async Task A_path_that_could_leave_the_base_URL_is_refused(string target)
    {
        var answer = await RawClient.SendAsync(_gateway, $"GET {target}", "x-gatehouse-provider: mock");

        Assert.Matches("^HTTP/1.1 40[04] ", answer);
        Assert.Empty(_upstream.Requests);
    }

    [Fact]
    public async Task A_multipart_upload_passes_byte_for_byte()
    {
        var body = new byte[3_000_000];
        new Random(1).NextBytes(body);
        using var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("content-type", "multipart/form-data; boundary=\"x y\"");

        using var response = await SendAsync(HttpMethod.Post, "/v1/files", GatewayHost.Key, content);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var seen = Assert.Single(_upstream.Requests);
        Assert.True(body.AsSpan().SequenceEqual(seen.Body));
        Assert.Equal("multipart/form-data; boundary=\"x y\"", seen.Headers["content-type"]);
        Assert.Equal("3000000", seen.Headers["content-length"]);
    }

    [Fact]
    public async Task An_upload_reaches_the_provider_while_it_is_still_under_way()
    {
        await using var client = await RawClient.ConnectAsync(_gateway);
        await client.SendAsync($"POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {GatewayHost.Key}\r\nx-gatehouse-provider: mock\r\n"
            + "content-type: application/octet-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n5\r\nfirst\r\n");
        await Eventually.TrueAsync(() => _upstream.Connections == 1, "the provider's connection");
        await client.SendAsync("6\r\nsecond\r\n0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal("firstsecond", Assert.Single(_upstream.Requests).Text);
    }

    [Fact]
    public async Task A_JSON_body_passes_untouched_and_its_usage_is_recorded()
    {
        const string Body = """{ "model": "gpt-9", "stream": false, "input": 1.0e2 }""";

        using var response = await SendAsync(HttpMethod.Post, "/v1/responses", GatewayHost.Key, Json(Body));

        Assert.Equal(Body, Assert.Single(_upstream.Requests).Text);
        var row = await _gateway.ExchangeAsync(response);
        Assert.Equal((5L, 2L, "mock/gpt-9"), (row.Tokens("input_tokens"), row.Tokens("output_tokens"), row.GetProperty("target").GetString()));
    }

    [Fact]
    public async Task The_usage_of_a_stream_of_the_Responses_API_is_recorded()
    {
        const string Created = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n";
        const string Delta = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hello\"}\n\n";
        const string Completed = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":11,\"input_tokens_details\":{\"cached_tokens\":4},\"output_tokens\":6}}}\n\n";
        await using var upstream = ScriptedUpstream.Stream(Created, Delta, Completed);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/responses") { Content = Json("""{"model":"gpt","stream":true}""") };
        request.Headers.Add("x-gatehouse-provider", "mock");

        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(Created + Delta + Completed, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("completed", 7L, 4L, 6L), (row.Outcome(), row.Tokens("input_tokens"), row.Tokens("cache_read_tokens"), row.Tokens("output_tokens")));
    }

    [Theory]
    [InlineData(Limited, """{"model":"gpt-1"}""", true)]
    [InlineData(Limited, """{"model":"other"}""", false)]
    [InlineData(Limited, """{"input":1}""", false)]
    [InlineData(Limited, null, false)]
    [InlineData(Whole, """{"model":"other"}""", true)]
    [InlineData(Whole, """{"input":1}""", true)]
    [InlineData(Whole, null, true)]
    public async Task A_key_limited_to_models_may_only_relay_what_names_one_of_them(string key, string? json, bool allowed)
    {
        using var response = await SendAsync(json is null ? HttpMethod.Get : HttpMethod.Post, "/v1/responses", key, json is null ? null : Json(json));

        if (allowed)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return;
        }

        _ = await response.ShouldFailAsync(HttpStatusCode.Forbidden, "permission_denied");
        Assert.Empty(_upstream.Requests);
    }

    [Theory]
    [InlineData("DELETE", "/v1/files/file-1")]
    [InlineData("DELETE", "/v1/responses")]
    [InlineData("POST", "/v1/batches")]
    [InlineData("POST", "/v1/fine_tuning/jobs")]
    [InlineData("POST", "/v1/realtime/client_secrets")]
    [InlineData("POST", "/v1/responses/resp_1/cancel")]
    [InlineData("POST", "/v1/Responses")]
    [InlineData("POST", "/v1/responses/")]
    public async Task A_model_in_the_body_opens_no_path_but_those_that_call_it(string method, string path)
    {
        using var response = await SendAsync(new HttpMethod(method), path, Limited, Json("""{"model":"gpt-1"}"""));

        _ = await response.ShouldFailAsync(HttpStatusCode.Forbidden, "permission_denied");
        Assert.Empty(_upstream.Requests);
    }

    [Fact]
    public async Task The_headers_of_an_unread_body_pass_with_it()
    {
        using var content = new ByteArrayContent([31, 139, 8, 0]);
        content.Headers.Add("content-type", "application/octet-stream");
        content.Headers.Add("content-encoding", "gzip");
        content.Headers.Add("content-range", "bytes 0-3/9");

        using var response = await SendAsync(HttpMethod.Post, "/v1/uploads/u/parts", Whole, content);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var seen = Assert.Single(_upstream.Requests);
        Assert.Equal(("gzip", "bytes 0-3/9", "application/octet-stream"), (seen.Headers["content-encoding"], seen.Headers["content-range"], seen.Headers["content-type"]));
        Assert.Equal([31, 139, 8, 0], seen.Body);
    }

    [Fact]
    public async Task An_unread_body_does_not_pass_for_JSON_of_an_allowed_model()
    {
        using var content = new StringContent("""{"model":"gpt-1"}""", Encoding.UTF8, "text/plain");

        using var response = await SendAsync(HttpMethod.Post, "/v1/responses", Limited, content);

        _ = await response.ShouldFailAsync(HttpStatusCode.Forbidden, "permission_denied");
        Assert.Empty(_upstream.Requests);
    }

    [Fact]
    public async Task A_missing_provider_is_a_400_that_names_the_header_and_an_unknown_one_a_404()
    {
        using var missing = await _gateway.Client.GetAsync(new Uri("/v1/organization/costs", UriKind.Relative), TestContext.Current.CancellationToken);
        var error = await missing.ShouldFailAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Contains("x-gatehouse-provider", error.GetProperty("message").GetString(), StringComparison.Ordinal);

        using var unknown = await SendAsync(HttpMethod.Get, "/v1/files", GatewayHost.Key, content: null, provider: "nobody");
        error = await unknown.ShouldFailAsync(HttpStatusCode.NotFound, "model_not_found");
        Assert.Contains("nobody", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(_upstream.Requests);
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string key, HttpContent? content, string provider = "mock")
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Add("x-gatehouse-provider", provider);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return await _gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
