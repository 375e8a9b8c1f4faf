using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>What a request must be. Nothing of a request that the gateway refuses itself is ever sent to a provider.</summary>
public sealed class RequestValidationTests : IAsyncLifetime
{
    private readonly ScriptedUpstream _upstream = ScriptedUpstream.Json("""{"id":"x"}""");
    private GatewayHost _gateway = null!;

    public async ValueTask InitializeAsync() =>
        _gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(_upstream.Address, "server: { max_request_body: 64KiB }\n"));

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("{\"model\":\"mock/gpt\",}", "at byte 20", null)]
    [InlineData("{\"model\":\"mock/gpt\"", "at byte 19", null)]
    [InlineData("{\"model\":\"mock/gpt\"} x", "at byte 21", null)]
    [InlineData("{'model':1}", "at byte 1", null)]
    [InlineData("", "JSON", null)]
    [InlineData("   ", "JSON", null)]
    [InlineData("[]", "JSON object", null)]
    [InlineData("\"mock/gpt\"", "JSON object", null)]
    [InlineData("null", "JSON object", null)]
    [InlineData("{}", "'model' is required", "model")]
    [InlineData("{\"model\":\"\"}", "'model' is required", "model")]
    [InlineData("{\"model\":5}", "must be a string (at byte 9)", "model")]
    [InlineData("{\"model\":null}", "must be a string", "model")]
    [InlineData("{\"model\":{\"model\":\"mock/gpt\"}}", "must be a string", "model")]
    [InlineData("{\"x\":{\"model\":\"mock/gpt\"}}", "'model' is required", "model")]
    [InlineData("{\"model\":\"mock/gpt\",\"model\":7}", "must be a string", "model")]
    [InlineData("{\"model\":\"mock/\\ud800\"}", "not valid Unicode", "model")]
    [InlineData("{\"model\":\"mock/gpt\",\"Model\":\"other\"}", "Write 'model' in lower case (at byte 20)", "model")]
    [InlineData("{\"\\u004dODEL\":1,\"model\":\"mock/gpt\"}", "in lower case (at byte 1)", "model")]
    public async Task A_body_that_cannot_be_used_is_a_400_that_says_where_and_why(string body, string says, string? field)
    {
        using var response = await _gateway.PostAsync("/v1/chat/completions", body);

        var error = await response.ShouldFailAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Contains(says, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(field, error.GetProperty("param").GetString());
        Assert.Equal("false", response.Header("x-should-retry"));
        var row = await _gateway.ExchangeAsync(response);
        Assert.Equal(("refused", "invalid_request", 0), (row.Outcome(), row.ErrorCode(), row.GetProperty("attempts").GetArrayLength()));
        Assert.Empty(_upstream.Requests);
    }

    [Theory]
    [InlineData("{\"model\":\"nowhere/x\",\"a\":1,\"model\":\"mock/gpt\"}", "{\"model\":\"gpt\",\"a\":1,\"model\":\"gpt\"}")]
    [InlineData("{\"mod\\u0065l\":\"mock/gpt\"}", "{\"mod\\u0065l\":\"gpt\"}")]
    [InlineData("{\"model\":\"m\\u006fck/g\\\"pt\\\\\"}", "{\"model\":\"g\\u0022pt\\\\\"}")]
    [InlineData("{\"x\":{\"model\":\"a\"},\"model\":\"mock/gpt\"}", "{\"x\":{\"model\":\"a\"},\"model\":\"gpt\"}")]
    [InlineData(" \r\n{ \"model\"\t: \"@mock/a/b\" } \n", " \r\n{ \"model\"\t: \"a/b\" } \n")]
    public async Task All_that_a_parser_could_take_for_the_model_is_replaced_and_nothing_else(string body, string expected)
    {
        using var response = await _gateway.PostAsync("/v1/chat/completions", body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(expected, Assert.Single(_upstream.Requests).Text);
    }

    [Fact]
    public async Task Bytes_that_are_not_UTF8_are_a_400_in_the_model_and_pass_elsewhere()
    {
        byte[] Body(byte inModel, byte inText) => [.. "{\"x\":\""u8, inText, .. "\",\"model\":\"mock/g"u8, inModel, .. "\"}"u8];

        using var refused = await PostAsync(Body(0xff, (byte)'a'));
        _ = await refused.ShouldFailAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Empty(_upstream.Requests);

        using var passed = await PostAsync(Body((byte)'a', 0xff));
        Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
        Assert.Equal((byte[])[.. "{\"x\":\""u8, 0xff, .. "\",\"model\":\"ga\"}"u8], Assert.Single(_upstream.Requests).Body);
    }

    [Theory]
    [InlineData(511, true)]
    [InlineData(512, false)]
    [InlineData(20_000, false)]
    public async Task Nesting_passes_up_to_512_levels(int arrays, bool passes)
    {
        // The object around it is one level more.
        using var response = await _gateway.PostAsync("/v1/chat/completions", $$"""{"model":"mock/gpt","x":{{new string('[', arrays)}}{{new string(']', arrays)}}}""");

        Assert.Equal(passes ? HttpStatusCode.OK : HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(passes ? 1 : 0, _upstream.Requests.Count);
    }

    [Theory]
    [InlineData("text/plain", null)]
    [InlineData("application/x-www-form-urlencoded", null)]
    [InlineData("multipart/form-data; boundary=x", null)]
    [InlineData("application/json", "gzip")]
    public async Task A_body_in_another_format_is_a_415(string type, string? encoding)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new ByteArrayContent("{\"model\":\"mock/gpt\"}"u8.ToArray()) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (encoding is not null)
        {
            request.Content.Headers.ContentEncoding.Add(encoding);
        }

        using var response = await _gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        var error = await response.ShouldFailAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        Assert.Contains(encoding ?? type, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("false", response.Header("x-should-retry"));
        Assert.Empty(_upstream.Requests);
    }

    [Theory]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("Application/JSON")]
    [InlineData(null)]
    public async Task A_body_of_JSON_passes_however_its_type_is_written(string? type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new ByteArrayContent("{\"model\":\"mock/gpt\"}"u8.ToArray()) };
        request.Content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);

        using var response = await _gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/v1/chat/completions", "POST")]
    [InlineData("DELETE", "/v1/embeddings", "POST")]
    [InlineData("POST", "/v1/models", "GET, HEAD")]
    public async Task A_wrong_method_is_a_405_that_names_the_right_one(string method, string path, string allow)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        using var response = await _gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        _ = await response.ShouldFailAsync(HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        Assert.Equal(allow, response.Header("allow"));
        Assert.Empty(_upstream.Requests);
    }

    [Theory]
    [InlineData(false, "/v1/chat/completions", "application/json")]
    [InlineData(true, "/v1/chat/completions", "application/json")]
    [InlineData(false, "/v1/files", "application/json")]
    [InlineData(false, "/v1/files", "application/octet-stream")]
    [InlineData(true, "/v1/files", "application/octet-stream")]
    public async Task A_body_over_the_limit_is_a_413_whether_it_tells_its_length_or_not(bool chunked, string path, string type)
    {
        var body = Encoding.UTF8.GetBytes("{\"model\":\"mock/gpt\",\"x\":\"" + new string('a', 64 * 1024) + "\"}");
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        request.Headers.Add("x-gatehouse-provider", "mock");
        request.Headers.TransferEncodingChunked = chunked;

        using var response = await _gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        var error = await response.ShouldFailAsync(HttpStatusCode.RequestEntityTooLarge, "request_too_large");
        Assert.Contains("server.max_request_body", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("refused", (await _gateway.ExchangeAsync(response)).Outcome());
        Assert.Empty(_upstream.Requests);
    }

    [Fact]
    public async Task A_raised_limit_holds_from_the_next_request_on()
    {
        var body = "{\"model\":\"mock/gpt\",\"x\":\"" + new string('a', 100_000) + "\"}";
        var yaml = await File.ReadAllTextAsync(_gateway.ConfigurationFile, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_gateway.ConfigurationFile, yaml.Replace("64KiB", "128KiB", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        _ = _gateway.Application.Snapshots.Load("test");

        using var response = await _gateway.PostAsync("/v1/chat/completions", body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_body_of_30_MB_passes_byte_for_byte()
    {
        var body = "{\"model\":\"mock/gpt\",\"x\":\"" + string.Create(30_000_000, 0, (span, _) => Fill(span)) + "\"}";
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(_upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        // Not Assert.Equal: the difference of two such texts is of no use to anybody.
        Assert.True(body.Replace("mock/gpt", "gpt", StringComparison.Ordinal) == Assert.Single(_upstream.Requests).Text);
    }

    private static void Fill(Span<char> span)
    {
        for (var i = 0; i < span.Length; i++)
        {
            span[i] = (char)('0' + (i * 31 % 71 % 43));
        }

        span.Replace('\\', '~');
    }

    private Task<HttpResponseMessage> PostAsync(byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
        return _gateway.Client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, TestContext.Current.CancellationToken);
    }
}
