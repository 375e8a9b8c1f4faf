using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

public sealed class ChatTests
{
    [Fact]
    public async Task A_chat_request_reaches_the_provider_with_only_its_model_changed()
    {
        await using var upstream = ScriptedUpstream.Json("""{"id":"x","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}""");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", """{ "z": 1.0e2, "model" : "mock/gpt", "a":"\u00e9", "a":2 }""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var seen = Assert.Single(upstream.Requests);
        Assert.Equal("""{ "z": 1.0e2, "model" : "gpt", "a":"\u00e9", "a":2 }""", seen.Text);
        Assert.Equal("Bearer upstream-secret", seen.Headers["authorization"]);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal("completed", row.GetProperty("outcome").GetString());
        Assert.Equal(7, row.GetProperty("usage").GetProperty("input_tokens").GetInt64());
        Assert.Equal(JsonValueKind.Null, row.GetProperty("usage").GetProperty("cache_read_tokens").ValueKind);
    }
}
