using System.Globalization;
using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Translation;

/// <summary>Whatever goes wrong is told in the caller's own dialect.</summary>
public sealed class DialectErrorTests
{
    private const string Restricted = "gh_key_for_one_model_only";

    [Theory]
    [MemberData(nameof(Caller.All), MemberType = typeof(Caller))]
    public async Task The_gateways_own_errors_come_in_the_callers_envelope(string client)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(
            mock.Providers + $"server: {{ max_request_body: 64KiB }}\nkeys:\n  - {{ name: test, secret: {GatewayHost.Key}, models: [\"*\"] }}\n  - {{ name: one, secret: {Restricted}, models: [\"claude/only\"] }}\n");
        var caller = new Caller(client);
        var path = caller.PathFor("chat/m");
        var body = caller.Body("chat/m", isStream: false);

        using var nobody = await caller.SendAsync(gateway, path, body, key: null);
        using var stranger = await caller.SendAsync(gateway, path, body, key: "gh_unknown");
        using var denied = await caller.SendAsync(gateway, path, body, key: Restricted);
        using var unknownModel = await caller.SendAsync(gateway, caller.PathFor("absent/m"), caller.Body("absent/m", isStream: false));
        using var tooLarge = await caller.SendAsync(gateway, path, caller.Body("chat/m", isStream: false, $",\"x\":\"{new string('x', 70_000)}\""));
        using var wrongType = await caller.SendAsync(gateway, path, body, type: "text/plain");
        using var notJson = await caller.SendAsync(gateway, path, "{\"model\":");

        _ = await caller.ShouldFailAsync(nobody, 401, "invalid_api_key");
        _ = await caller.ShouldFailAsync(stranger, 401, "invalid_api_key");
        _ = await caller.ShouldFailAsync(denied, 403, "permission_denied");
        _ = await caller.ShouldFailAsync(unknownModel, 404, "model_not_found");
        _ = await caller.ShouldFailAsync(tooLarge, 413, "request_too_large");
        _ = await caller.ShouldFailAsync(wrongType, 415, "unsupported_media_type");
        _ = await caller.ShouldFailAsync(notJson, 400, "invalid_request");
        Assert.All([nobody, stranger, denied, unknownModel, tooLarge, wrongType, notJson], response =>
        {
            Assert.Equal("false", response.Header("x-should-retry"));
            Assert.StartsWith("exc_", response.Header(client == "anthropic" ? "request-id" : "x-request-id"), StringComparison.Ordinal);
        });
        Assert.Empty(mock.Requests);
    }

    [Theory]
    [MemberData(nameof(Caller.All), MemberType = typeof(Caller))]
    public async Task A_feature_that_the_target_lacks_is_named(string client)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var more = client switch
        {
            "chat" => ",\"n\":3",
            "responses" => ",\"tools\":[{\"type\":\"web_search\"}]",
            "anthropic" => ",\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]",
            _ => ",\"tools\":[{\"codeExecution\":{}}]",
        };
        var caller = new Caller(client);

        using var response = await caller.AskAsync(gateway, client == "anthropic" ? "chat/m" : "claude/m", more: more);

        var message = await caller.ShouldFailAsync(response, 422, "unsupported_feature");
        Assert.Matches("(n|web_search|codeExecution)", message);
        Assert.Contains("/m cannot take", message, StringComparison.Ordinal);
        Assert.Equal("refused", (await gateway.ExchangeAsync(response)).Outcome());
    }

    [Theory]
    [InlineData("chat/m", 429, """{"error":{"message":"slow down","type":"rate_limit","code":"rate_limit_exceeded"}}""")]
    [InlineData("chat/m", 400, """{"error":{"message":"slow down","type":"invalid_request_error","param":"x","code":null}}""")]
    [InlineData("claude/m", 529, """{"type":"error","error":{"type":"overloaded_error","message":"slow down"}}""")]
    [InlineData("gemini/m", 503, """{"error":{"code":503,"message":"slow down","status":"UNAVAILABLE"}}""")]
    [InlineData("bedrock/m", 429, """{"message":"slow down"}""")]
    [InlineData("cohere/m", 500, """{"message":"slow down"}""")]
    [InlineData("ollama/m", 404, """{"error":"slow down"}""")]
    [InlineData("claude/m", 502, "<html>slow down</html>")]
    public async Task A_providers_error_keeps_its_status_and_words(string target, int status, string body)
    {
        await using var mock = new ProviderMock(async (_, connection) =>
        {
            await connection.RespondAsync(status, body[0] == '<' ? "text/html" : "application/json", body, "retry-after: 7");
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        foreach (var client in Caller.Names.Where(name => !IsSame(name, target)))
        {
            foreach (var isStream in new[] { false, true })
            {
                using var response = await new Caller(client).AskAsync(gateway, target, isStream);

                var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                Assert.True((int)response.StatusCode == status, text);
                Assert.Contains("slow down", JsonElement.Parse(text).GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
                Assert.Equal("7", response.Header("retry-after"));
                var row = await gateway.ExchangeAsync(response);
                Assert.Equal(("failed", status), (row.Outcome(), row.GetProperty("status").GetInt32()));
                Assert.Equal($"http_{status.ToString(CultureInfo.InvariantCulture)}", row.GetProperty("attempts")[0].GetProperty("error").GetString());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Caller.All), MemberType = typeof(Caller))]
    public async Task A_provider_that_cannot_be_reached_or_is_silent_or_talks_nonsense_is_told_of(string client)
    {
        var time = new ManualTime();
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            if (request.Text.Contains("silent", StringComparison.Ordinal))
            {
                await connection.UntilPeerClosesAsync();
            }
            else if (request.Text.Contains("nonsense", StringComparison.Ordinal))
            {
                await connection.RespondAsync(200, "application/json", "[1,2");
            }
            else
            {
                connection.Reset();
            }

            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + "timeout: { first_byte: 5s }\n", time);
        var caller = new Caller(client);
        var target = client == "anthropic" ? "chat/m" : "claude/m";

        using var reset = await caller.AskAsync(gateway, target);
        using var nonsense = await caller.AskAsync(gateway, target + "-nonsense");
        var silent = caller.AskAsync(gateway, target + "-silent");
        await Eventually.TrueAsync(() => mock.Requests.Count == 3, "the third request");
        time.Advance(TimeSpan.FromSeconds(5));
        using var late = await silent;

        _ = await caller.ShouldFailAsync(reset, 502, "upstream_error");
        _ = await caller.ShouldFailAsync(nonsense, 502, "upstream_invalid_response");
        _ = await caller.ShouldFailAsync(late, 504, "upstream_timeout");
    }

    [Theory]
    [InlineData("POST", "/v1beta/models/chat/m:embedContents", "gemini", 404)]
    [InlineData("GET", "/v1beta/models/chat/m:generateContent", "gemini", 405)]
    [InlineData("GET", "/v1beta/unknown", "gemini", 404)]
    [InlineData("GET", "/v1beta/models/absent", "gemini", 404)]
    [InlineData("GET", "/v1/models/absent", "anthropic", 404)]
    [InlineData("GET", "/v1/models/absent", "chat", 404)]
    [InlineData("GET", "/unknown", "chat", 404)]
    [InlineData("GET", "/unknown", "anthropic", 404)]
    public async Task Unknown_paths_are_told_in_the_dialect_of_the_path_or_of_the_headers(string method, string path, string client, int status)
    {
        await using var gateway = await GatewayHost.StartAsync("");
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (client == "anthropic")
        {
            request.Headers.Add("anthropic-version", "2023-06-01");
        }

        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        _ = await new Caller(client).ShouldFailAsync(response, status, status == 405 ? "method_not_allowed" : path.Contains("absent", StringComparison.Ordinal) ? "model_not_found" : "not_found");
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"claude/m","messages":1}""", "messages")]
    [InlineData("/v1/chat/completions", """{"model":"claude/m"}""", "messages")]
    [InlineData("/v1/chat/completions", """{"model":"claude/m","messages":[{"role":"user","content":{}}]}""", "messages[0].content")]
    [InlineData("/v1/chat/completions", """{"model":"claude/m","messages":[{"role":"user","content":"x"}],"tools":{}}""", "tools")]
    [InlineData("/v1/responses", """{"model":"claude/m","input":7}""", "input")]
    [InlineData("/v1/messages", """{"model":"chat/m","max_tokens":1,"messages":[{"role":"user","content":7}]}""", "messages[0].content")]
    [InlineData("/v1/messages", """{"model":"chat/m","max_tokens":"x","messages":[{"role":"user","content":"7"}]}""", "max_tokens")]
    [InlineData("/v1beta/models/chat/m:generateContent", """{"contents":7}""", "contents")]
    public async Task A_wrong_type_is_the_requests_fault_and_its_field_is_named(string path, string body, string field)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await gateway.PostAsync(path, body);

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, text);
        Assert.Contains(field, text, StringComparison.Ordinal);
        Assert.Empty(mock.Requests);
    }

    [Theory]
    [MemberData(nameof(Caller.All), MemberType = typeof(Caller))]
    public async Task Deep_nesting_and_huge_numbers_are_no_failure_of_the_gateway(string client)
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var caller = new Caller(client);
        var target = client == "anthropic" ? "chat/m" : "claude/m";
        string[] odd =
        [
            $",\"x\":{new string('[', 400)}{new string(']', 400)}", $",\"x\":{new string('[', 5000)}{new string(']', 5000)}", ",\"temperature\":1e999", ",\"max_tokens\":1e30",
            ",\"max_tokens\":-1", ",\"seed\":99999999999999999999", ",\"tools\":null", ",\"tools\":[null]", ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"\\ud800\"}}]",
            ",\"generationConfig\":{\"temperature\":1e999,\"maxOutputTokens\":1e30}", ",\"generationConfig\":[]", ",\"stop\":{}", ",\"metadata\":7", ",\"system\":{}",
        ];
        foreach (var more in odd)
        {
            using var response = await caller.AskAsync(gateway, target, more: more);

            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True((int)response.StatusCode is 200 or 400 or 422, $"{(int)response.StatusCode} for {more[..Math.Min(80, more.Length)]}: {text}");
            if (!response.IsSuccessStatusCode)
            {
                _ = caller.ErrorIn(text, (int)response.StatusCode, response.StatusCode == HttpStatusCode.BadRequest ? "invalid_request" : "unsupported_feature");
            }
        }
    }

    private static bool IsSame(string client, string target) => (client, target.Split('/')[0]) is ("chat", "chat") or ("anthropic", "claude") or ("gemini", "gemini");
}
