using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>The admin API: who may call it, keys, views of the configuration, and its errors.</summary>
public sealed class AdminTests
{
    private const string Yaml = """
        providers:
          sandbox: {}
          mock: { kind: openai-compatible, base_url: "http://127.0.0.1:9/v1", models: [one, two] }
        routes:
          chat: { targets: [sandbox/echo, mock/one] }

        """;

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer gha_test_admin_toke")]
    [InlineData("Bearer gha_test_admin_token_")]
    [InlineData("Bearer " + GatewayHost.Key)]
    [InlineData("Basic " + GatewayHost.AdminToken)]
    public async Task Without_the_token_nothing_of_the_API_answers(string? authorization)
    {
        await using var gateway = await GatewayHost.StartAsync(Yaml);
        foreach (var path in new[] { "/api/v1/keys", "/api/v1/health", "/api/v1/nothing", "/" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            gateway.Admin.DefaultRequestHeaders.Authorization = null;
            _ = request.Headers.TryAddWithoutValidation("Authorization", authorization);

            var (status, body) = await SendAsync(gateway, request);

            AssertError(HttpStatusCode.Unauthorized, "unauthorized", null, status, body);
        }
    }

    [Fact]
    public async Task The_token_made_at_the_first_start_is_kept_as_its_hash_only()
    {
        using var folder = new TemporaryFolder();
        string token;
        await using (var first = await GatewayHost.StartAsync("providers: { sandbox: {} }\nadmin: {} # token:\n", folder: folder))
        {
            token = first.Application.AdminToken.JustMade!;
            Assert.DoesNotContain(token, first.Logs.Text, StringComparison.Ordinal);
        }

        foreach (var file in Directory.GetFiles(folder.Path))
        {
            Assert.DoesNotContain(token, await File.ReadAllTextAsync(file, Encoding.Latin1, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        await using var second = await GatewayHost.StartAsync("providers: { sandbox: {} }\nadmin: {} # token:\n", folder: folder);
        Assert.Null(second.Application.AdminToken.JustMade);
        second.Admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(second, "/api/v1/health")).Status);
    }

    [Fact]
    public async Task A_key_is_made_shown_listed_and_revoked()
    {
        await using var gateway = await GatewayHost.StartAsync(Yaml);

        var (status, created) = await PostAsync(
            gateway, """{"name":"ci","models":["chat","sandbox/*"],"labels":{"team":"research"},"expires_at":"2099-01-01T00:00:00Z"}""");

        Assert.Equal(HttpStatusCode.Created, status);
        var id = created.GetProperty("id").GetString()!;
        var secret = created.GetProperty("secret").GetString()!;
        Assert.Matches("^key_[0-9a-z]{26}$", id);
        Assert.Matches("^gh_[0-9a-z]{52}$", secret);
        Assert.Equal("ci", created.GetProperty("name").GetString());

        var (_, shown) = await GetAsync(gateway, $"/api/v1/keys/{id}");
        Assert.Equal("research", shown.GetProperty("labels").GetProperty("team").GetString());
        Assert.Equal("""["chat","sandbox/*"]""", shown.GetProperty("models").GetRawText());
        Assert.Equal("api", shown.GetProperty("owner").GetString());
        Assert.Equal(new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero), shown.GetProperty("expires_at").GetDateTimeOffset());
        var (_, list) = await GetAsync(gateway, "/api/v1/keys");
        Assert.Equal("ci test", string.Join(' ', list.GetProperty("data").EnumerateArray().Select(key => key.GetProperty("name").GetString()).Order(StringComparer.Ordinal)));
        Assert.DoesNotContain(secret, list.GetRawText() + shown.GetRawText(), StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(gateway, id)).Status);
        AssertError(HttpStatusCode.NotFound, "not_found", null, await DeleteAsync(gateway, id));
        AssertError(HttpStatusCode.NotFound, "not_found", null, await GetAsync(gateway, $"/api/v1/keys/{id}"));
    }

    [Fact]
    public async Task A_key_of_the_file_can_be_revoked_only_there()
    {
        await using var gateway = await GatewayHost.StartAsync(Yaml);

        AssertError(HttpStatusCode.Conflict, "owned_by_file", null, await DeleteAsync(gateway, "key_file_test"));
        Assert.Equal("file", (await GetAsync(gateway, "/api/v1/keys/key_file_test")).Body.GetProperty("owner").GetString());
    }

    [Theory]
    [InlineData("""{}""", "name")]
    [InlineData("""{"name":" "}""", "name")]
    [InlineData("""{"name":"two\nlines"}""", "name")]
    [InlineData("""{"name":"a","models":[""]}""", "models")]
    [InlineData("""{"name":"a","models":[null]}""", "models")]
    [InlineData("""{"name":"a","expires_at":"2001-01-01T00:00:00Z"}""", "expires_at")]
    [InlineData("""{"name":"a","labels":{"team":null}}""", "labels")]
    [InlineData("""{"name":"a","modles":["x"]}""", null)]
    [InlineData("""{"name":5}""", null)]
    [InlineData("""{"name":"a","expires_at":"soon"}""", null)]
    [InlineData("""{"name":"a" """, null)]
    [InlineData("[]", null)]
    [InlineData("null", null)]
    [InlineData("", null)]
    public async Task A_key_that_makes_no_sense_is_refused_with_the_field(string json, string? field)
    {
        await using var gateway = await GatewayHost.StartAsync(Yaml);

        AssertError(HttpStatusCode.BadRequest, "invalid_request", field, await PostAsync(gateway, json));
        Assert.Equal(1, (await GetAsync(gateway, "/api/v1/keys")).Body.GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task What_does_not_exist_is_told_in_the_same_shape()
    {
        await using var gateway = await GatewayHost.StartAsync(Yaml);

        AssertError(HttpStatusCode.NotFound, "not_found", null, await GetAsync(gateway, "/api/v1/nothing"));
        AssertError(HttpStatusCode.NotFound, "not_found", null, await GetAsync(gateway, "/"));
        AssertError(HttpStatusCode.NotFound, "not_found", null, await GetAsync(gateway, "/openapi/v9.json"));
        using var put = new HttpRequestMessage(HttpMethod.Put, "/api/v1/keys") { Content = new StringContent("{}") };
        AssertError(HttpStatusCode.MethodNotAllowed, "method_not_allowed", null, await SendAsync(gateway, put));
        using var text = new HttpRequestMessage(HttpMethod.Post, "/api/v1/keys") { Content = new StringContent("name=a", Encoding.UTF8, "text/plain") };
        AssertError(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type", null, await SendAsync(gateway, text));
    }

    [Fact]
    public async Task The_configuration_in_force_can_be_read()
    {
        await using var gateway = await GatewayHost.StartAsync(Yaml);

        var (_, providers) = await GetAsync(gateway, "/api/v1/providers");
        var mock = providers.GetProperty("data")[0];
        Assert.Equal("mock", mock.GetProperty("name").GetString());
        Assert.Equal("http://127.0.0.1:9/v1", mock.GetProperty("base_url").GetString());
        Assert.False(mock.GetProperty("has_key").GetBoolean());
        var route = Assert.Single((await GetAsync(gateway, "/api/v1/routes")).Body.GetProperty("data").EnumerateArray());
        Assert.Equal(["sandbox/echo", "mock/one"], route.GetProperty("targets").EnumerateArray().Select(target => target.GetProperty("target").GetString()!), StringComparer.Ordinal);
        Assert.Equal("fallback", route.GetProperty("strategy").GetString());
        var models = (await GetAsync(gateway, "/api/v1/models")).Body.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString());
        Assert.Contains("mock/two", models, StringComparer.Ordinal);
        var revision = Assert.Single((await GetAsync(gateway, "/api/v1/config/revisions")).Body.GetProperty("data").EnumerateArray());
        Assert.Equal((1, "start"), (revision.GetProperty("number").GetInt64(), revision.GetProperty("cause").GetString()));
        var (_, health) = await GetAsync(gateway, "/api/v1/health");
        Assert.Equal("ok", health.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, health.GetProperty("ledger").GetProperty("trouble").ValueKind);
    }

    private static Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(GatewayHost gateway, string path) =>
        SendAsync(gateway, new HttpRequestMessage(HttpMethod.Get, path));

    private static Task<(HttpStatusCode Status, JsonElement Body)> DeleteAsync(GatewayHost gateway, string id) =>
        SendAsync(gateway, new HttpRequestMessage(HttpMethod.Delete, $"/api/v1/keys/{id}"));

    private static Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(GatewayHost gateway, string json) =>
        SendAsync(gateway, new HttpRequestMessage(HttpMethod.Post, "/api/v1/keys") { Content = new StringContent(json, Encoding.UTF8, "application/json") });

    private static async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(GatewayHost gateway, HttpRequestMessage request)
    {
        using var response = await gateway.Admin.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        if (text.Length == 0)
        {
            return (response.StatusCode, default);
        }

        using var body = JsonDocument.Parse(text);
        return (response.StatusCode, body.RootElement.Clone());
    }

    private static void AssertError(HttpStatusCode status, string code, string? field, (HttpStatusCode Status, JsonElement Body) answer) =>
        AssertError(status, code, field, answer.Status, answer.Body);

    private static void AssertError(HttpStatusCode status, string code, string? field, HttpStatusCode actual, JsonElement body)
    {
        Assert.Equal(status, actual);
        var error = Assert.Single(body.EnumerateObject());
        Assert.Equal("error", error.Name);
        Assert.Equal("code message field", string.Join(' ', error.Value.EnumerateObject().Select(property => property.Name)));
        Assert.Equal(code, error.Value.GetProperty("code").GetString());
        Assert.NotEmpty(error.Value.GetProperty("message").GetString()!);
        Assert.Equal(field, error.Value.GetProperty("field").GetString());
    }
}
