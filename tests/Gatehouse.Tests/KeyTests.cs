using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>Who may call, with what, and until when.</summary>
public sealed class KeyTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly ScriptedUpstream _upstream = ScriptedUpstream.Json("""{"id":"x"}""");
    private GatewayHost _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await GatewayHost.StartAsync(
        GatewayHost.MockProvider(_upstream.Address, "routes:\n  chat: { targets: [mock/gpt] }\n"), _time);

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("authorization", "Bearer {0}")]
    [InlineData("authorization", "bearer {0}")]
    [InlineData("x-api-key", "{0}")]
    [InlineData("api-key", "{0}")]
    [InlineData("x-goog-api-key", "{0}")]
    public async Task A_key_is_taken_from_every_header_that_clients_put_it_in(string header, string form)
    {
        using var response = await CallAsync(header, string.Format(CultureInfo.InvariantCulture, form, GatewayHost.Key));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.DoesNotContain(Assert.Single(_upstream.Requests).Headers, sent => sent.Value.Contains(GatewayHost.Key, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("x-nothing", "wrong")]
    [InlineData("authorization", "Bearer wrong")]
    [InlineData("authorization", "Bearer")]
    [InlineData("authorization", "Basic wrong")]
    [InlineData("authorization", GatewayHost.Key)]
    [InlineData("authorization", "Bearer " + GatewayHost.AdminToken)]
    [InlineData("x-api-key", "GH_TEST_KEY_THAT_MAY_USE_EVERYTHING")]
    public async Task Without_a_good_key_there_is_a_401_and_nothing_else(string header, string value)
    {
        using var response = await CallAsync(header, value);

        var error = await response.ShouldFailAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
        Assert.Equal("authentication_error", error.GetProperty("type").GetString());
        Assert.Equal(("Bearer", "false"), (response.Header("www-authenticate"), response.Header("x-should-retry")));
        Assert.DoesNotContain("wrong", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(_upstream.Requests);
        Assert.Empty(await _gateway.ExchangesAsync());
    }

    [Fact]
    public async Task A_revoked_key_is_refused_from_the_next_request_on()
    {
        var key = await CreateAsync("""{"name":"short"}""");
        var secret = key.GetProperty("secret").GetString()!;
        using var before = await CallAsync("x-api-key", secret);
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);

        using var revoked = await _gateway.Admin.DeleteAsync(new Uri($"/api/v1/keys/{key.GetProperty("id").GetString()}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);

        using var after = await CallAsync("x-api-key", secret);
        _ = await after.ShouldFailAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
    }

    [Fact]
    public async Task A_key_is_refused_from_its_expiry_on()
    {
        var expiry = _time.GetUtcNow().AddHours(1);
        var secret = (await CreateAsync($$"""{"name":"short","expires_at":"{{expiry:O}}"}""")).GetProperty("secret").GetString()!;

        _time.Advance(TimeSpan.FromMinutes(59));
        using var before = await CallAsync("x-api-key", secret);
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);

        _time.Advance(TimeSpan.FromMinutes(1));
        using var after = await CallAsync("x-api-key", secret);
        var error = await after.ShouldFailAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
        Assert.Contains("expired", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mock/gpt", "mock/gpt", true)]
    [InlineData("mock/gpt", "mock/gpt-2", false)]
    [InlineData("mock/gpt-*", "mock/gpt-2", true)]
    [InlineData("mock/gpt-*", "@mock/gpt-2", true)]
    [InlineData("mock/*", "mock/a/b", true)]
    [InlineData("other/*", "mock/gpt", false)]
    [InlineData("gpt*", "mock/gpt-2", true)]
    [InlineData("GPT*", "mock/gpt-2", false)]
    [InlineData("chat", "chat", true)]
    [InlineData("chat", "mock/gpt", false)]
    [InlineData("mock/gpt", "chat", false)]
    [InlineData("*", "chat", true)]
    public async Task A_key_reaches_the_models_of_its_patterns_and_no_others(string pattern, string model, bool allowed)
    {
        var secret = (await CreateAsync($$"""{"name":"some","models":["{{pattern}}"]}""")).GetProperty("secret").GetString()!;

        using var response = await CallAsync("x-api-key", secret, model);

        if (allowed)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return;
        }

        var error = await response.ShouldFailAsync(HttpStatusCode.Forbidden, "permission_denied");
        Assert.Equal("model", error.GetProperty("param").GetString());
        Assert.Equal("false", response.Header("x-should-retry"));
        Assert.Empty(_upstream.Requests);
    }

    [Fact]
    public async Task No_secret_is_ever_told_in_logs_errors_or_the_admin_API()
    {
        var made = (await CreateAsync("""{"name":"made"}""")).GetProperty("secret").GetString()!;
        var said = new StringBuilder();
        foreach (var (header, value) in new[] { ("x-api-key", made), ("x-api-key", GatewayHost.Key), ("x-api-key", "gh_wrong_secret_of_somebody"), ("authorization", "Bearer gh_wrong_secret_of_somebody") })
        {
            using var good = await CallAsync(header, value);
            using var bad = await CallAsync(header, value, "nowhere/x");
            said.Append(good.Headers).Append(await good.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            said.Append(bad.Headers).Append(await bad.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        foreach (var path in new[] { "/api/v1/keys", "/api/v1/exchanges", "/api/v1/health", "/api/v1/providers", "/api/v1/routes", "/metrics", "/readyz" })
        {
            said.Append(await _gateway.Admin.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken));
        }

        said.Append(_gateway.Logs.Text);
        Assert.Contains("\"made\"", said.ToString(), StringComparison.Ordinal);
        foreach (var secret in new[] { made, GatewayHost.Key, GatewayHost.AdminToken, "upstream-secret", "gh_wrong_secret_of_somebody" })
        {
            Assert.DoesNotContain(secret, said.ToString(), StringComparison.Ordinal);
        }
    }

    private async Task<JsonElement> CreateAsync(string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await _gateway.Admin.PostAsync(new Uri("/api/v1/keys", UriKind.Relative), content, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.Created, text);
        return JsonElement.Parse(text);
    }

    private async Task<HttpResponseMessage> CallAsync(string header, string value, string model = "mock/gpt")
    {
        using var client = new HttpClient { BaseAddress = _gateway.Address };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent($$"""{"model":"{{model}}"}""", Encoding.UTF8, "application/json") };
        _ = request.Headers.TryAddWithoutValidation(header, value);
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
