using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Hostile;

/// <summary>Keys for some models reach nothing else by what they write into names, paths and bodies.</summary>
public sealed class HostileReferenceTests : IAsyncLifetime
{
    private const string Ada = "gh_test_key_of_ada";
    private const string Limited = "gh_test_key_that_may_use_one_model";
    private const string ByRoute = "gh_test_key_that_may_use_one_route";

    private readonly ScriptedUpstream _upstream;
    private string _answer = """{"id":"resp_1","object":"response","status":"completed","output":[],"choices":[]}""";
    private GatewayHost _gateway = null!;

    public HostileReferenceTests() => _upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(200, "application/json", _answer));

    public async ValueTask InitializeAsync() => _gateway = await GatewayHost.StartAsync(HostileProviders.Configuration(_upstream.Address) + $$"""
        routes:
          fast: { targets: [oai/gpt-4o] }
        keys:
          - { name: ada, secret: {{Ada}}, models: ["*"] }
          - { name: limited, secret: {{Limited}}, models: ["oai/gpt-4o", "gem/gemini-2.5-flash", "bed/m*", "bed/.*"] }
          - { name: by-route, secret: {{ByRoute}}, models: ["fast"] }

        """);

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("/v1/responses", """{"model":"oai/gpt-4o","input":"x","previous_response_id":"resp_of_somebody"}""", Limited, "previous_response_id")]
    [InlineData("/v1/responses", """{"model":"fast","input":"x","conversation":"conv_of_somebody"}""", ByRoute, "conversation")]
    [InlineData("/v1/responses", """{"model":"oai/gpt-4o","input":[{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}]}""", Limited, "file_id")]
    [InlineData("/v1/chat/completions", """{"model":"oai/gpt-4o","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}""", Limited, "file_id")]
    [InlineData("/v1/chat/completions", """{"model":"fast","messages":[{"role":"user","content":[{"type":"file","file":{"fil\u0065_id":"file-1"}}]}]}""", ByRoute, "file_id")]
    public async Task What_the_gateway_does_not_know_of_is_for_keys_for_the_whole_provider(string path, string body, string limited, string field)
    {
        using (var refused = await SendAsync(path, body, limited))
        {
            var error = await refused.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
            Assert.Equal(field, error.GetProperty("param").GetString());
        }

        Assert.Empty(_upstream.Requests);
        using var passed = await SendAsync(path, body, Ada);
        Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
    }

    [Theory]
    [InlineData("/v1/responses", """{"model":"oai/gpt-4o","input":[{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}]}""")]
    [InlineData("/v1/chat/completions", """{"model":"oai/gpt-4o","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}""")]
    public async Task A_file_can_be_used_by_the_key_that_made_it_alone(string path, string body)
    {
        _answer = """{"id":"file-1","object":"file"}""";
        using (var made = await SendAsync("/v1/files", "{}", Limited, provider: "oai"))
        {
            Assert.Equal(HttpStatusCode.OK, made.StatusCode);
        }

        using var own = await SendAsync(path, body, Limited);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        using var others = await SendAsync(path, body, Ada);
        _ = await others.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
    }

    [Theory]
    [InlineData("bed/..")]
    [InlineData("bed/.")]
    public async Task A_model_of_dots_leads_nowhere(string model)
    {
        using var response = await SendAsync("/v1/chat/completions", $$"""{"model":"{{model}}","messages":[{"role":"user","content":"x"}]}""", Limited);

        _ = await response.ShouldFailAsync(HttpStatusCode.NotFound, "model_not_found");
        Assert.Empty(_upstream.Requests);
    }

    [Theory]
    [InlineData("bed/m/../../v1/files", "/model/m%2F..%2F..%2Fv1%2Ffiles/converse")]
    [InlineData("bed/m?x=1#y", "/model/m%3Fx%3D1%23y/converse")]
    [InlineData("bed/m%2f..%2f", "/model/m%252f..%252f/converse")]
    [InlineData("bed/m:converse\\\\", "/model/m%3Aconverse%5C/converse")]
    [InlineData("bed/m\\r\\nx: y", "/model/m%0D%0Ax%3A%20y/converse")]
    public async Task A_model_is_one_segment_of_the_path_whatever_is_in_it(string model, string target)
    {
        using var response = await SendAsync("/v1/chat/completions", $$"""{"model":"{{model}}","messages":[{"role":"user","content":"x"}]}""", Limited);

        Assert.NotEqual(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal(target, Assert.Single(_upstream.Requests).Target);
    }

    [Theory]
    [InlineData("/v1beta/models/gem%2Fgemini-2.5-pro:generateContent", """{"model":"gem/gemini-2.5-flash","contents":[]}""")]
    [InlineData("/v1beta/models/gem%252Fgemini-2.5-flash%252F..%252Fgemini-2.5-pro:generateContent", """{"contents":[]}""")]
    [InlineData("/v1beta/models/gem/gemini-2.5-flash:generateContent/../gemini-2.5-pro:generateContent", """{"contents":[]}""")]
    [InlineData("/v1/models/oai%2Fgpt-4o/models/gpt-5:generateContent", """{"contents":[]}""")]
    [InlineData("/v1/chat/completions", """{"model":"oai/gpt-4o","messages":[],"model":"oai/gpt-5"}""")]
    [InlineData("/v1/messages", """{"model":"oai/gpt-4o","messages":[],"model":"claude/claude-opus-4-1"}""")]
    [InlineData("/v1/messages/count_tokens", """{"model":"claude/claude-opus-4-1","messages":[]}""")]
    [InlineData("/v1/embeddings", """{"model":"co/embed","input":"x"}""")]
    [InlineData("/v1/rerank", """{"model":"co/rerank","query":"x","documents":["a"]}""")]
    public async Task A_key_for_some_models_reaches_no_other(string path, string body)
    {
        using var response = await SendAsync(path, body, Limited);

        Assert.Contains(response.StatusCode, (HttpStatusCode[])[HttpStatusCode.Forbidden, HttpStatusCode.NotFound]);
        Assert.Empty(_upstream.Requests);
    }

    [Fact]
    public async Task A_model_in_a_path_has_the_limits_of_one_in_a_body()
    {
        foreach (var model in (string[])["", "gem/" + new string('x', 600)])
        {
            using var response = await SendAsync($"/v1beta/models/{model}:generateContent", """{"contents":[]}""", Ada);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }

        Assert.Empty(_upstream.Requests);
    }

    [Fact]
    public async Task A_key_in_the_query_goes_no_further()
    {
        _answer = """{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}""";
        foreach (var query in (string[])["?key=", "?%6bey=", "?alt=json&%6Bey="])
        {
            using var client = new HttpClient { BaseAddress = _gateway.Address };
            using var content = new StringContent("""{"contents":[{"parts":[{"text":"x"}]}]}""", Encoding.UTF8, "application/json");
            using var response = await client.PostAsync(
                new Uri($"/v1beta/models/gem/gemini-2.5-flash:generateContent{query}{Limited}", UriKind.Relative), content, TestContext.Current.CancellationToken);

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.DoesNotContain(_upstream.Requests, request =>
            request.Target.Contains(Limited, StringComparison.Ordinal) || request.Headers.Values.Any(value => value.Contains(Limited, StringComparison.Ordinal)));
        Assert.DoesNotContain(Limited, _gateway.Logs.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(await _gateway.ExchangesAsync(), row => row.GetRawText().Contains(Limited, StringComparison.Ordinal));
    }

    private Task<HttpResponseMessage> SendAsync(string path, string body, string key, string? provider = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (provider is not null)
        {
            request.Headers.Add("x-gatehouse-provider", provider);
        }

        return _gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
