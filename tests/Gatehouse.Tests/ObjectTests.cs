using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>Objects at a provider: their ids find the way back, for the key that made them alone.</summary>
public sealed class ObjectTests : IAsyncLifetime
{
    private const string Ada = "gh_test_key_of_ada";
    private const string Bob = "gh_test_key_of_bob";
    private const string Limited = "gh_test_key_that_may_use_one_model";
    private const string LimitedToo = "gh_test_key_that_may_use_one_model_too";

    private readonly TemporaryFolder _folder = new();
    private readonly ScriptedUpstream _one;
    private readonly ScriptedUpstream _two;
    private string _answer = """{"id":"file-1","object":"file"}""";
    private int _status = 200;
    private GatewayHost _gateway = null!;

    public ObjectTests()
    {
        _one = new ScriptedUpstream((_, connection) => connection.RespondAsync(_status, "application/json", _answer));
        _two = new ScriptedUpstream((_, connection) => connection.RespondAsync(_status, "application/json", _answer));
    }

    public async ValueTask InitializeAsync() => _gateway = await StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_id_leads_back_to_its_provider_for_its_owner_alone()
    {
        await CreateAsync(Ada, "two", "/v1/files");

        foreach (var (method, path) in ((HttpMethod, string)[])[(HttpMethod.Get, "/v1/files/file-1"), (HttpMethod.Get, "/v1/files/file-1/content?x=1"), (HttpMethod.Get, "/v1/files/file-1?y=b%2Fc")])
        {
            using var own = await SendAsync(method, path, Ada);
            Assert.Equal(HttpStatusCode.OK, own.StatusCode);
            Assert.Equal(path, _two.Requests.Last().Target);
            Assert.Equal("two", own.Header("x-gatehouse-target"));

            using var others = await SendAsync(method, path, Bob);
            _ = await others.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
            using var named = await SendAsync(method, path, Bob, provider: "two");
            _ = await named.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        }

        Assert.Equal((0, 4), (_one.Requests.Count, _two.Requests.Count));
    }

    [Theory]
    [InlineData("/v1/files//file-1")]
    [InlineData("/v1//files/file-1/")]
    [InlineData("/v1/%66iles/file-1/content")]
    [InlineData("/v1/files/file%2D1")]
    [InlineData("/v1/files%2Ffile-1")]
    [InlineData("/v1/Files/file-1")]
    public async Task No_way_of_writing_a_path_leads_around_its_owner(string path)
    {
        await CreateAsync(Ada, "two", "/v1/files");

        var answer = await RawClient.SendAsync(_gateway, $"GET {path}", "x-gatehouse-provider: two");

        Assert.StartsWith("HTTP/1.1 404 ", answer, StringComparison.Ordinal);
        _ = Assert.Single(_two.Requests);
    }

    [Fact]
    public async Task What_is_not_known_is_not_there_without_the_header_and_the_providers_to_tell_with_it()
    {
        using var unknown = await SendAsync(HttpMethod.Get, "/v1/batches/batch_9", Ada);
        _ = await unknown.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        using var named = await SendAsync(HttpMethod.Get, "/v1/batches/batch_9", Ada, provider: "one");
        Assert.Equal(HttpStatusCode.OK, named.StatusCode);

        // To have looked at it does not make it one's own.
        using var again = await SendAsync(HttpMethod.Get, "/v1/batches/batch_9", Ada);
        _ = await again.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task Owners_are_remembered_over_a_restart()
    {
        await CreateAsync(Ada, "two", "/v1/files");
        await _gateway.DisposeAsync();
        _gateway = await StartAsync();

        using var own = await SendAsync(HttpMethod.Get, "/v1/files/file-1", Ada);
        Assert.Equal("two", own.Header("x-gatehouse-target"));
        using var others = await SendAsync(HttpMethod.Get, "/v1/files/file-1", Bob);
        _ = await others.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task A_deleted_object_is_forgotten_and_a_failed_creation_never_known()
    {
        _status = 400;
        using (var failed = await SendAsync(HttpMethod.Post, "/v1/files", Ada, Upload(), "one"))
        {
            Assert.Equal(HttpStatusCode.BadRequest, failed.StatusCode);
        }

        using var never = await SendAsync(HttpMethod.Get, "/v1/files/file-1", Ada);
        _ = await never.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");

        _status = 200;
        await CreateAsync(Ada, "one", "/v1/files");
        using var deleted = await SendAsync(HttpMethod.Delete, "/v1/files/file-1", Ada);
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        using var gone = await SendAsync(HttpMethod.Get, "/v1/files/file-1", Ada);
        _ = await gone.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task A_batch_goes_where_its_file_is_and_its_results_belong_to_its_owner()
    {
        await CreateAsync(Ada, "two", "/v1/files");
        const string Batch = """{ "input_file_id": "file-1", "endpoint": "/v1/chat/completions", "model": "anything", "completion_window": "24h", "metadata": {"file_id": "mine"} }""";
        using (var others = await SendAsync(HttpMethod.Post, "/v1/batches", Bob, Json(Batch), "two"))
        {
            var error = await others.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
            Assert.Equal("input_file_id", error.GetProperty("param").GetString());
        }

        _answer = """{"id":"batch_1","object":"batch","input_file_id":"file-1","output_file_id":null}""";
        using (var created = await SendAsync(HttpMethod.Post, "/v1/batches", Ada, Json(Batch)))
        {
            Assert.Equal(HttpStatusCode.OK, created.StatusCode);
        }

        Assert.Equal(Batch, _two.Requests.Last().Text);
        _answer = """{"id":"batch_1","object":"batch","output_file_id":"file-out","error_file_id":"file-err"}""";
        using var polled = await SendAsync(HttpMethod.Get, "/v1/batches/batch_1", Ada);
        foreach (var file in (string[])["file-out", "file-err"])
        {
            using var result = await SendAsync(HttpMethod.Get, $"/v1/files/{file}/content", Ada);
            Assert.Equal(("two", $"/v1/files/{file}/content"), (result.Header("x-gatehouse-target"), _two.Requests.Last().Target));
            using var others = await SendAsync(HttpMethod.Get, $"/v1/files/{file}/content", Bob);
            _ = await others.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        }
    }

    [Fact]
    public async Task A_finished_upload_is_a_file()
    {
        _answer = """{"id":"upload_1","object":"upload"}""";
        await CreateAsync(Ada, "one", "/v1/uploads");
        _answer = """{"id":"upload_1","status":"completed","file":{"x":{"id":"no"},"id":"file-7","object":"file"}}""";
        using var completed = await SendAsync(HttpMethod.Post, "/v1/uploads/upload_1/complete", Ada, Json("""{"part_ids":["part_1"]}"""));
        Assert.Equal(HttpStatusCode.OK, completed.StatusCode);

        using var file = await SendAsync(HttpMethod.Get, "/v1/files/file-7", Ada);
        Assert.Equal("one", file.Header("x-gatehouse-target"));
    }

    [Theory]
    [InlineData("/v1/vector_stores", """{"file_ids":["file-1"]}""", "file_ids")]
    [InlineData("/v1/vector_stores", """{"name":"x","file_ids":["file-1"],"file_ids":[]}""", "file_ids")]
    [InlineData("/v1/vector_stores/vs_1/files", """{"file_id":"file-1"}""", "file_id")]
    [InlineData("/v1/vector_stores/vs_1/file_batches", """{"files":[{"File_\u0049D":"file-1"}]}""", "file_id")]
    [InlineData("/v1/fine_tuning/jobs", """{"model":"gpt","training_file":"file-1"}""", "training_file")]
    [InlineData("/v1/responses", """{"model":"gpt","tools":[{"type":"file_search","vector_store_ids":["file-1"]}]}""", "vector_store_ids")]
    [InlineData("/v1/responses", """{"model":"gpt","previous_response_id":"file-1"}""", "previous_response_id")]
    [InlineData("/v1/responses", """{"model":"gpt","conversation":{"id":"file-1"}}""", "conversation")]
    public async Task An_id_of_another_owner_in_a_body_is_not_there(string path, string body, string field)
    {
        await CreateAsync(Ada, "one", "/v1/files");

        using var response = await SendAsync(HttpMethod.Post, path, Bob, Json(body), "one");

        var error = await response.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        Assert.Equal(field, error.GetProperty("param").GetString());
        _ = Assert.Single(_one.Requests);
    }

    [Fact]
    public async Task A_body_that_could_hide_ids_is_refused()
    {
        using var text = new StringContent("""{"input_file_id":"file-1"}""", Encoding.UTF8, "text/plain");
        using var response = await SendAsync(HttpMethod.Post, "/v1/batches", Ada, text, "one");
        _ = await response.ShouldFailAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");

        using var broken = await SendAsync(HttpMethod.Post, "/v1/batches", Ada, Json("{"), "one");
        _ = await broken.ShouldFailAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Empty(_one.Requests);
    }

    [Theory]
    [InlineData("/v1/files", true)]
    [InlineData("/v1/uploads", true)]
    [InlineData("/v1/batches", false)]
    [InlineData("/v1/fine_tuning/jobs", false)]
    [InlineData("/v1/vector_stores", false)]
    [InlineData("/v1/videos", false)]
    public async Task A_key_for_some_models_makes_only_what_calls_none(string path, bool allowed)
    {
        using var response = await SendAsync(HttpMethod.Post, path, Limited, Json("""{"model":"gpt-1"}"""), "one");

        if (allowed)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            using var own = await SendAsync(HttpMethod.Get, path + "/file-1", Limited);
            Assert.Equal(HttpStatusCode.OK, own.StatusCode);
            using var others = await SendAsync(HttpMethod.Get, path + "/file-1", LimitedToo);
            _ = await others.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
            using var named = await SendAsync(HttpMethod.Get, path + "/file-1", LimitedToo, provider: "one");
            _ = await named.ShouldFailAsync(HttpStatusCode.Forbidden, "permission_denied");
            return;
        }

        _ = await response.ShouldFailAsync(HttpStatusCode.Forbidden, "permission_denied");
        Assert.Empty(_one.Requests);
    }

    [Fact]
    public async Task A_key_for_some_models_uses_no_other_provider()
    {
        using var response = await SendAsync(HttpMethod.Post, "/v1/files", Limited, Upload(), "two");

        _ = await response.ShouldFailAsync(HttpStatusCode.Forbidden, "permission_denied");
        Assert.Empty(_two.Requests);
    }

    [Fact]
    public async Task The_only_provider_that_a_key_may_use_needs_no_name_and_of_several_one_must_be_named()
    {
        using var only = await SendAsync(HttpMethod.Post, "/v1/files", Limited, Upload());
        Assert.Equal(HttpStatusCode.OK, only.StatusCode);
        Assert.Contains("hello", Assert.Single(_one.Requests).Text, StringComparison.Ordinal);

        using var several = await SendAsync(HttpMethod.Post, "/v1/files", Ada, Upload());
        var error = await several.ShouldFailAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Contains("one, two", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_shows_a_limited_key_its_own_objects_and_a_key_for_the_provider_all()
    {
        await CreateAsync(Limited, "one", "/v1/files");
        _answer = """{"object":"list","data":[{"id":"file-0"},{"id":"file-1","bytes":1.50},{"id":"file-2"},5],"first_id":"file-0","last_id":"file-2","has_more":true}""";

        using var own = await SendAsync(HttpMethod.Get, "/v1/files?limit=4", Limited);
        Assert.Equal("/v1/files?limit=4", _one.Requests.Last().Target);
        Assert.Equal(
            """{"object":"list","data":[{"id":"file-1","bytes":1.50}],"first_id":"file-1","last_id":"file-1","has_more":true}""",
            await own.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        using var none = await SendAsync(HttpMethod.Get, "/v1/files", LimitedToo);
        Assert.Empty(JsonElement.Parse(await none.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).GetProperty("data").EnumerateArray());
        using var all = await SendAsync(HttpMethod.Get, "/v1/files", Ada, provider: "one");
        Assert.Equal(_answer, await all.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(200, "[]", HttpStatusCode.BadGateway, "upstream_invalid_response")]
    [InlineData(200, """{"data":[],"data":[{"id":"file-1"}]}""", HttpStatusCode.BadGateway, "upstream_invalid_response")]
    [InlineData(200, """{"id":"file-1"}""", HttpStatusCode.BadGateway, "upstream_invalid_response")]
    [InlineData(429, """{"error":{"message":"file-1 slow"}}""", HttpStatusCode.TooManyRequests, "upstream_error")]
    [InlineData(500, "x", HttpStatusCode.BadGateway, "upstream_error")]
    public async Task A_list_that_cannot_be_filtered_is_not_shown(int status, string answer, HttpStatusCode expected, string code)
    {
        (_status, _answer) = (status, answer);

        using var response = await SendAsync(HttpMethod.Get, "/v1/files", Limited);

        _ = await response.ShouldFailAsync(expected, code);
        Assert.DoesNotContain("file-1", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stored_response_is_its_makers_whatever_way_it_was_told()
    {
        const string Created = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_2\"}}\n\n";
        const string Completed = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_2\"}}\n\n";
        await using var upstream = ScriptedUpstream.Stream(Created, Completed);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Keys));
        using (var streamed = await SendAsync(HttpMethod.Post, "/v1/responses", "gh_test_key_that_may_use_one_model", Json("""{"model":"gpt-1","stream":true}"""), "mock", gateway))
        {
            Assert.Equal(Created + Completed, await streamed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        using var own = await SendAsync(HttpMethod.Post, "/v1/responses/resp_2/cancel", Limited, gateway: gateway);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        using var others = await SendAsync(HttpMethod.Get, "/v1/responses/resp_2/input_items", Ada, gateway: gateway);
        _ = await others.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task Owners_are_forgotten_after_the_retention()
    {
        var time = new ManualTime();
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(_one.Address, "\nobjects: { retention: 2d }" + Keys), time);
        using var created = await SendAsync(HttpMethod.Post, "/v1/files", Ada, Upload(), gateway: gateway);
        time.Advance(TimeSpan.FromDays(3));
        _answer = """{"id":"file-2"}""";
        using var later = await SendAsync(HttpMethod.Post, "/v1/files", Ada, Upload(), gateway: gateway);

        using var old = await SendAsync(HttpMethod.Get, "/v1/files/file-1", Ada, gateway: gateway);
        _ = await old.ShouldFailAsync(HttpStatusCode.NotFound, "not_found");
        using var young = await SendAsync(HttpMethod.Get, "/v1/files/file-2", Ada, gateway: gateway);
        Assert.Equal(HttpStatusCode.OK, young.StatusCode);
    }

    private static string Keys => $$"""

        keys:
          - { name: test, secret: {{GatewayHost.Key}}, models: ["*"] }
          - { name: ada, secret: {{Ada}}, models: ["*"] }
          - { name: bob, secret: {{Bob}}, models: ["*"] }
          - { name: limited, secret: {{Limited}}, models: ["one/gpt-*", "mock/gpt-*"] }
          - { name: limited-too, secret: {{LimitedToo}}, models: ["one/gpt-*"] }
        """;

    private Task<GatewayHost> StartAsync() => GatewayHost.StartAsync(
        $"providers:\n  one: {{ kind: openai-compatible, base_url: \"{_one.Address}v1\" }}\n  two: {{ kind: openai-compatible, base_url: \"{_two.Address}v1\" }}\n  claude: {{ kind: anthropic, api_key: x }}\n  sandbox: {{}}\n" + Keys,
        folder: _folder);

    private async Task CreateAsync(string key, string provider, string path)
    {
        using var response = await SendAsync(HttpMethod.Post, path, key, Upload(), provider);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static MultipartFormDataContent Upload() => new() { { new StringContent("hello"), "file", "a.jsonl" }, { new StringContent("batch"), "purpose" } };

    private static StringContent Json(string text) => new(text, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, string key, HttpContent? content = null, string? provider = null, GatewayHost? gateway = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (provider is not null)
        {
            request.Headers.Add("x-gatehouse-provider", provider);
        }

        return await (gateway ?? _gateway).Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
