using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Translation;

/// <summary>Anthropic's and Google's clients count tokens with every provider: the provider does, or it is an estimate that says so.</summary>
public sealed class TokenCountTests
{
    private const string Anthropic = """{"model":"MODEL","system":"be terse","messages":[{"role":"user","content":"hi there"}],"tools":[{"name":"f","input_schema":{"type":"object"}}]}""";
    private const string Gemini = """{"contents":[{"role":"user","parts":[{"text":"hi there"}]}]}""";

    [Theory]
    [InlineData("anthropic", "claude/m", "/v1/messages/count_tokens")]
    [InlineData("anthropic", "gemini/m", "/v1beta/models/m:countTokens")]
    [InlineData("anthropic", "vertex/gemini-m", "/v1beta1/projects/p/locations/us-east5/publishers/google/models/gemini-m:countTokens")]
    [InlineData("anthropic", "vertex/claude-m", "/v1/projects/p/locations/us-east5/publishers/anthropic/models/count-tokens:rawPredict")]
    [InlineData("anthropic", "bedrock/m", "/model/m/count-tokens")]
    [InlineData("anthropic", "openai/m", "/v1/responses/input_tokens")]
    [InlineData("gemini", "claude/m", "/v1/messages/count_tokens")]
    [InlineData("gemini", "gemini/m", "/v1beta/models/m:countTokens")]
    [InlineData("gemini", "vertex/gemini-m", "/v1beta1/projects/p/locations/us-east5/publishers/google/models/gemini-m:countTokens")]
    [InlineData("gemini", "vertex/claude-m", "/v1/projects/p/locations/us-east5/publishers/anthropic/models/count-tokens:rawPredict")]
    [InlineData("gemini", "bedrock/m", "/model/m/count-tokens")]
    [InlineData("gemini", "openai/m", "/v1/responses/input_tokens")]
    public async Task A_provider_that_can_count_is_asked_in_its_own_words(string client, string target, string path)
    {
        await using var mock = Counting();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await CountAsync(gateway, client, target);

        var answer = await response.JsonAsync();
        Assert.Equal(42, answer.GetProperty(client == "gemini" ? "totalTokens" : "input_tokens").GetInt32());
        Assert.Null(response.Header("x-gatehouse-estimated"));
        Assert.Equal(path, mock.Last.Target);
        var body = JsonElement.Parse(mock.Last.Text);
        Assert.Contains("hi there", mock.Last.Text, StringComparison.Ordinal);
        Assert.False(body.TryGetProperty("max_tokens", out _) || body.TryGetProperty("stream", out _));
        var inner = path switch
        {
            _ when path.EndsWith("count-tokens", StringComparison.Ordinal) => body.GetProperty("input").GetProperty("converse").GetProperty("messages"),
            _ when path.EndsWith("input_tokens", StringComparison.Ordinal) => body.GetProperty("input"),
            _ when path.Contains("anthropic", StringComparison.Ordinal) || path.Contains("messages", StringComparison.Ordinal) => body.GetProperty("messages"),
            _ when client == "anthropic" && target.StartsWith("gemini", StringComparison.Ordinal) => body.GetProperty("generateContentRequest").GetProperty("contents"),
            _ => body.GetProperty("contents"),
        };
        Assert.NotEqual(JsonValueKind.Undefined, inner.ValueKind);
        if (target == "vertex/claude-m")
        {
            Assert.Equal("claude-m", body.GetProperty("model").GetString());
            Assert.False(body.TryGetProperty("anthropic_version", out _));
        }

        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("completed", "count_tokens", 0L), (row.Outcome(), row.GetProperty("operation").GetString(), row.GetProperty("cost_nano_usd").GetInt64()));
    }

    [Theory]
    [InlineData("anthropic", "claude/m")]
    [InlineData("gemini", "gemini/m")]
    public async Task The_same_dialect_is_relayed_as_it_is(string client, string target)
    {
        await using var mock = Counting();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await CountAsync(gateway, client, target);

        _ = await response.JsonAsync();
        Assert.Equal(client == "gemini" ? Gemini : Anthropic.Replace("MODEL", "m", StringComparison.Ordinal), mock.Last.Text);
        Assert.Equal("1", response.Header("x-of-the-provider"));
    }

    [Theory]
    [InlineData("gemini/m", "models/m")]
    [InlineData("vertex/gemini-m", null)]
    public async Task A_wrapped_request_names_the_targets_model(string target, string? model)
    {
        await using var mock = Counting();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + $"routes:\n  alias: {{ targets: [{target}] }}\n");

        using var response = await gateway.PostAsync("/v1beta/models/alias:countTokens", """{"generateContentRequest":{"model":"models/alias","contents":[{"role":"user","parts":[{"text":"hi"}]}]}}""");

        _ = await response.JsonAsync();
        var body = JsonElement.Parse(mock.Last.Text);
        Assert.Equal(model, body.TryGetProperty("generateContentRequest", out var wrapped) ? wrapped.GetProperty("model").GetString() : null);
        Assert.NotEqual(model is null, !body.TryGetProperty("contents", out _));
    }

    [Theory]
    [InlineData("anthropic", "chat/m", 26)]
    [InlineData("anthropic", "cohere/m", 26)]
    [InlineData("gemini", "mistral/m", 9)]
    [InlineData("gemini", "ollama/m", 9)]
    public async Task For_a_provider_that_cannot_count_it_is_an_estimate(string client, string target, int expected)
    {
        await using var mock = Counting();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await CountAsync(gateway, client, target);

        var answer = await response.JsonAsync();
        // "be terse" 1.85 and "hi there" 1.85 of two messages (4 each), the tool (6) with its name 0.8 and its schema {"type":"object"} 4.45, and
        // the beginning of the answer (3).
        Assert.Equal(expected, answer.GetProperty(client == "gemini" ? "totalTokens" : "input_tokens").GetInt32());
        Assert.Equal("true", response.Header("x-gatehouse-estimated"));
        Assert.Empty(mock.Requests);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("completed", target, 0L), (row.Outcome(), row.GetProperty("target").GetString(), row.GetProperty("cost_nano_usd").GetInt64()));
    }

    [Fact]
    public async Task An_image_is_estimated_at_a_flat_number()
    {
        await using var mock = Counting();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        const string Image = """{"model":"chat/m","messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}},{"type":"text","text":"what?"}]}]}""";

        using var response = await gateway.PostAsync("/v1/messages/count_tokens", Image);

        Assert.Equal(1009, (await response.JsonAsync()).GetProperty("input_tokens").GetInt32());
    }

    [Theory]
    [InlineData("anthropic", "gemini/m")]
    [InlineData("gemini", "claude/m")]
    public async Task A_failure_to_count_is_told_in_the_callers_dialect(string client, string target)
    {
        await using var mock = new ProviderMock(async (_, connection) =>
        {
            await connection.RespondAsync(400, "application/json", """{"error":{"message":"not countable"}}""");
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);

        using var response = await CountAsync(gateway, client, target);

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal("not countable", JsonElement.Parse(text).GetProperty("error").GetProperty("message").GetString());
        Assert.Equal(client == "anthropic", text.Contains("invalid_request_error", StringComparison.Ordinal));
    }

    private static ProviderMock Counting() => new(async (request, connection) =>
    {
        var answer = request.Target.Contains(":countTokens", StringComparison.Ordinal) ? """{"totalTokens":42}"""
            : request.Target.EndsWith("count-tokens", StringComparison.Ordinal) ? """{"inputTokens":42}"""
            : """{"input_tokens":42}""";
        await connection.RespondAsync(200, "application/json", answer, "x-of-the-provider: 1");
        return true;
    });

    private static Task<HttpResponseMessage> CountAsync(GatewayHost gateway, string client, string target) => client == "gemini"
        ? gateway.PostAsync($"/v1beta/models/{target}:countTokens", Gemini)
        : gateway.PostAsync("/v1/messages/count_tokens", Anthropic.Replace("MODEL", target, StringComparison.Ordinal));
}
