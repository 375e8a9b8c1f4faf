using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Translation;

/// <summary>A route goes from a target of one dialect to a target of another, as long as the caller has got nothing.</summary>
public sealed class DialectFallbackTests
{
    private const string Overloaded = """{"error":{"message":"busy","type":"server_error","code":null,"param":null}}""";

    public static TheoryData<string, bool, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool, string>();
            foreach (var client in Caller.Names)
            {
                foreach (var failure in new[] { "503", "reset", "nonsense", "half", "error event" })
                {
                    cases.Add(client, false, failure);
                    cases.Add(client, true, failure);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_target_that_fails_is_followed_by_one_of_another_dialect(string client, bool isStream, string failure)
    {
        // Neither target speaks the dialect of the client, but for Anthropic's, for which the second does.
        var path = client == "chat" ? "/v2/chat" : "/v1/chat/completions";
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            if (request.Target != path)
            {
                return false;
            }

            await FailAsync(connection, failure, isStream);
            return true;
        });
        var first = client == "chat" ? "cohere/m1" : "chat/m1";
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + $"routes:\n  r: {{ strategy: fallback, targets: [{first}, claude/m2] }}\n");
        var caller = new Caller(client);

        using var response = await caller.AskAsync(gateway, "r", isStream);

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal("Hello", isStream ? caller.StreamedText(text) : caller.TextOf(JsonElement.Parse(text)));
        Assert.Equal(("2", "claude/m2"), (response.Header("x-gatehouse-attempts"), response.Header("x-gatehouse-target")));
        Assert.Equal("m2", JsonElement.Parse(mock.Last.Text).GetProperty("model").GetString());
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("completed", null, 7L), (row.Outcome(), row.ErrorCode(), row.Tokens("input_tokens")));
        var attempts = row.GetProperty("attempts");
        Assert.Equal(2, attempts.GetArrayLength());
        Assert.Equal(first, attempts[0].GetProperty("target").GetString());
        Assert.NotEqual(JsonValueKind.Null, attempts[0].GetProperty("error").ValueKind);
        Assert.Equal(JsonValueKind.Null, attempts[1].GetProperty("error").ValueKind);
    }

    [Fact]
    public async Task A_target_that_cannot_express_the_request_is_passed_over_and_only_the_answerers_drops_are_named()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + "routes:\n  r: { targets: [claude/m1, gemini/m2] }\n");

        // Anthropic gives one answer, and takes no seed; Gemini gives several, and takes it.
        using var passed = await new Caller("chat").AskAsync(gateway, "r", more: ",\"n\":2,\"seed\":1,\"user\":\"u\"");
        using var neither = await new Caller("chat").AskAsync(gateway, "r", more: ",\"web_search_options\":{}");

        Assert.Equal("gemini/m2", passed.Header("x-gatehouse-target"));
        Assert.Equal("1", passed.Header("x-gatehouse-attempts"));
        Assert.DoesNotContain("seed", passed.Header("x-gatehouse-dropped") ?? "", StringComparison.Ordinal);
        Assert.Equal("gemini/m2", Assert.Single((await gateway.ExchangeAsync(passed)).GetProperty("attempts").EnumerateArray()).GetProperty("target").GetString());
        var error = await neither.ShouldFailAsync(HttpStatusCode.UnprocessableEntity, "unsupported_feature");
        Assert.Contains("web_search_options", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_is_told_when_the_targets_behind_it_cannot_be_asked()
    {
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            await connection.RespondAsync(503, "application/json", Overloaded);
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + "routes:\n  r: { targets: [chat/m1, claude/m2], retry: { on: [] } }\n");

        using var response = await new Caller("chat").AskAsync(gateway, "r", more: ",\"n\":2");

        var error = await response.ShouldFailAsync(HttpStatusCode.BadGateway, "upstream_error");
        Assert.Contains("chat/m1 failed (http_503)", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Null(response.Header("x-should-retry"));
    }

    [Fact]
    public async Task What_the_target_before_could_not_be_told_is_not_held_against_the_next()
    {
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            if (request.Target != "/v1/messages")
            {
                return false;
            }

            await connection.RespondAsync(529, "application/json", """{"type":"error","error":{"type":"overloaded_error","message":"busy"}}""");
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(mock.Providers + "routes:\n  r: { targets: [claude/m1, chat/m2] }\n");

        using var response = await new Caller("chat").AskAsync(gateway, "r", more: ",\"seed\":1");

        Assert.Equal("chat/m2", response.Header("x-gatehouse-target"));
        Assert.Null(response.Header("x-gatehouse-dropped"));
    }

    private static Task FailAsync(UpstreamConnection connection, string failure, bool isStream)
    {
        switch (failure)
        {
            case "503":
                return connection.RespondAsync(503, "application/json", Overloaded);
            case "reset":
                connection.Reset();
                return Task.CompletedTask;
            case "nonsense":
                return isStream ? ProviderMock.StreamAsync(connection, "text/event-stream", ["data: {nonsense\n\n"]) : connection.RespondAsync(200, "application/json", "{nonsense");
            case "half":
                return HalfAsync(connection, isStream ? "text/event-stream" : "application/json", isStream ? "data: {\"id\":" : "{\"id\":");
            default:
                return isStream
                    ? ProviderMock.StreamAsync(connection, "text/event-stream", [$"data: {Overloaded}\n\n"])
                    : connection.RespondAsync(500, "application/json", Overloaded);
        }
    }

    private static async Task HalfAsync(UpstreamConnection connection, string type, string text)
    {
        await connection.StartChunkedAsync(200, type);
        await connection.ChunkAsync(text);
        connection.Reset();
    }
}
