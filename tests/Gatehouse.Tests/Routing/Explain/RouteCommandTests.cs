using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Explain;

/// <summary><c>gatehouse route</c> and what it asks the admin API for: what is explained is what then happens.</summary>
public sealed class RouteCommandTests : IDisposable
{
    private const string Call = """{"model":"chat","messages":[{"role":"user","content":"Hello"}]}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("strategy: round_robin, targets: [sandbox/echo, sandbox/tool, sandbox/echo-2]")]
    [InlineData("strategy: sticky, sticky_by: key, targets: [sandbox/echo, sandbox/tool, sandbox/echo-2]")]
    [InlineData("strategy: sticky, sticky_by: run, targets: [sandbox/echo, sandbox/tool, sandbox/echo-2]")]
    [InlineData("strategy: least_cost, targets: [sandbox/tool, sandbox/echo]")]
    [InlineData("strategy: canary, targets: [sandbox/echo, { target: sandbox/tool, percent: 50 }]")]
    public async Task The_target_that_is_explained_to_be_first_is_the_one_that_is_tried(string route)
    {
        await using var gateway = await GatewayHost.StartAsync($$"""
            providers: { sandbox: {} }
            routes: { chat: { {{route}} } }
            catalog:
              models:
                sandbox/echo: { input_usd_per_mtok: 1, output_usd_per_mtok: 1 }
                sandbox/tool: { input_usd_per_mtok: 2, output_usd_per_mtok: 1 }
            """);
        for (var i = 0; i < 6; i++)
        {
            var explained = await ExplainAsync(gateway, $$"""{"request":{{Call}},"headers":{"x-gatehouse-run":"run-{{i}}" },"key":"test"}""");
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Call, Encoding.UTF8, "application/json") };
            request.Headers.Add("x-gatehouse-run", $"run-{i}");
            using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

            var first = explained.GetProperty("targets")[0];
            Assert.Equal(response.Header("x-gatehouse-target"), first.GetProperty("target").GetString());
            Assert.Equal((1, "first"), (first.GetProperty("attempt").GetInt32(), first.GetProperty("outcome").GetString()));
        }
    }

    [Fact]
    public async Task Live_health_counts_and_nothing_is_called()
    {
        await using var upstream = new ScriptedUpstream((request, connection) => connection.RespondAsync(request.Text.Contains("\"bad\"", StringComparison.Ordinal) ? 401 : 200, "application/json", "{}"));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, "routes: { chat: { targets: [mock/bad, mock/good] } }"));
        using (var response = await gateway.PostAsync("/v1/chat/completions", Call))
        {
            Assert.Equal("mock/good", response.Header("x-gatehouse-target"));
        }

        var (code, output, error) = await RouteAsync(gateway, "explain", "chat");

        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("route chat, without a request\n  fallback: mock/bad, then mock/good\n   - mock/bad: skipped: its circuit breaker is open for another ", output, StringComparison.Ordinal);
        Assert.Contains(" s (a failure that trying again does not help against)\n  1. mock/good: would be tried first\n", output, StringComparison.Ordinal);
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task A_request_is_described_with_its_cost_and_what_cannot_be_said_of_it()
    {
        await using var gateway = await GatewayHost.StartAsync("""
            providers:
              sandbox: {}
              claude: { kind: anthropic, api_key: x }
            routes: { chat: { targets: [claude/claude-sonnet-4-5, sandbox/echo] } }
            keys:
              - { name: test, secret: gh_test_key_that_may_use_everything, models: ["*"] }
              - { name: narrow, secret: gh_test_key_that_may_use_nothing_here, models: [other] }
            """);
        var file = Write("request.json", """{"input":["one","two"]}""");

        var (code, output, error) = await RouteAsync(gateway, "explain", "chat", "--request", file, "--key", "narrow", "--header", "x-gatehouse-run: abc");

        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("route chat: embeddings as sent to /v1/embeddings, about ", output, StringComparison.Ordinal);
        Assert.Contains("\nrefused: the key 'narrow' may not use 'chat' (permission_denied)\n", output, StringComparison.Ordinal);
        Assert.Contains("   - claude/claude-sonnet-4-5: skipped: ", output, StringComparison.Ordinal);
        Assert.Contains("  1. sandbox/echo: would be tried first", output, StringComparison.Ordinal);

        (code, output, _) = await RouteAsync(gateway, "explain", "chat", "--request", Write("chat.json", Call), "--json");
        Assert.Equal(0, code);
        var explained = JsonElement.Parse(output).GetProperty("targets")[0];
        Assert.Equal("claude/claude-sonnet-4-5", explained.GetProperty("target").GetString());
        Assert.InRange(explained.GetProperty("cost_usd").GetDouble(), 0.001, 0.01);
    }

    [Fact]
    public async Task Bodies_that_are_hardly_any_are_explained_or_refused_in_one_line()
    {
        var config = Write("gatehouse.yaml", "providers: { sandbox: {}, claude: { kind: anthropic, api_key: x } }\nroutes: { chat: { targets: [claude/c, sandbox/echo] } }\n");
        await using var gateway = await GatewayHost.StartAsync(await File.ReadAllTextAsync(config, TestContext.Current.CancellationToken));
        byte[][] bodies =
        [
            [.. "{\"messages\":[{\"role\":\"user\",\"content\":\""u8, 0xff, 0xfe, .. "\"}]}"u8],
            [.. "{\""u8, 0xff, .. "\":1,\"messages\":[]}"u8],
            [.. "{\"\\ud800\":1,\"messages\":[{\"content\":[{\"type\":\"\\ud800\"}]}]}"u8],
            Encoding.UTF8.GetBytes("{\"messages\":" + new string('[', 400) + new string(']', 400) + "}"),
            Encoding.UTF8.GetBytes(new string('[', 3000)),
            [.. "null"u8],
            [],
        ];
        for (var i = 0; i < bodies.Length; i++)
        {
            var file = Path.Combine(_folder.Path, $"body-{i}.json");
            await File.WriteAllBytesAsync(file, bodies[i], TestContext.Current.CancellationToken);
            foreach (var (code, output, error) in new[]
            {
                await GatewayProcess.RunAsync(["route", "explain", "chat", "--config", config, "--request", file], _folder.Path),
                await RouteAsync(gateway, "explain", "chat", "--request", file),
            })
            {
                Assert.True(code == 0 ? output.StartsWith("route chat", StringComparison.Ordinal) && error.Length == 0 : code is 1 or 2 && !error.Contains('\n', StringComparison.Ordinal), $"{i}: {code} {output} {error}");
                Assert.DoesNotContain("failed unexpectedly", error, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("""{"request":[]}""", "request")]
    [InlineData("""{"request":"text"}""", "request")]
    [InlineData("""{"path":"/v1/files"}""", "path")]
    [InlineData("""{"key":"tset"}""", "key")]
    [InlineData("""{"headers":{"a b":"c"}}""", "headers")]
    [InlineData("""{"headers":{"a":"b\r\nc"}}""", "headers")]
    [InlineData("""{"headers":{"a":null}}""", "headers")]
    public async Task What_cannot_be_asked_is_told_with_its_field(string body, string field)
    {
        await using var gateway = await GatewayHost.StartAsync("providers: { sandbox: {} }\nroutes: { chat: { targets: [sandbox/echo] } }");

        using var response = await PostAsync(gateway, "chat", body);

        var error = JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).GetProperty("error");
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request", field), (response.StatusCode, error.GetProperty("code").GetString(), error.GetProperty("field").GetString()));
    }

    [Fact]
    public async Task Routes_are_listed_and_shown_and_an_unknown_one_gets_the_nearest_name()
    {
        await using var gateway = await GatewayHost.StartAsync("""
            providers: { sandbox: {} }
            routes:
              chat:
                strategy: canary
                sticky_by: key
                targets:
                  - strategy: weighted
                    targets: [{ target: sandbox/echo, weight: 3 }, sandbox/tool]
                  - { target: sandbox/slow, percent: 2.5 }
            """);
        (await gateway.PostAsync("/v1/chat/completions", Call)).Dispose();

        var (code, output, _) = await RouteAsync(gateway, "list");
        Assert.Equal(0, code);
        Assert.Matches("(?m)^chat +canary +1 +0 +0  3$", output);

        (code, output, _) = await RouteAsync(gateway, "show", "chat");
        Assert.Equal(0, code);
        Assert.StartsWith("chat\n  canary sticky_by key\n    weighted\n      sandbox/echo weight 3\n      sandbox/tool\n    sandbox/slow percent 2.5\n\nsandbox/echo: well\n", output, StringComparison.Ordinal);
        Assert.Contains("\nretry budget: 3 left (0 spent for ", output, StringComparison.Ordinal);

        foreach (var command in (string[])["show", "explain"])
        {
            (code, output, var error) = await RouteAsync(gateway, command, "chta");
            Assert.Equal((1, "", "There is no route 'chta'; did you mean 'chat'?"), (code, output, error));
        }
    }

    [Fact]
    public async Task With_a_file_no_gateway_is_needed()
    {
        var config = Write("gatehouse.yaml", "providers: { sandbox: {} }\nroutes: { chat: { strategy: round_robin, targets: [sandbox/echo, sandbox/tool] } }\n");

        var (code, output, error) = await GatewayProcess.RunAsync(["route", "explain", "chat", "--config", config], _folder.Path);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(
            """
            route chat, without a request
              round_robin: it is the turn of sandbox/echo (1 of 2 in a round)
              1. sandbox/echo: would be tried first
              2. sandbox/tool: would be tried next
                 after passing failures targets are asked again, up to 4 attempts in all and 3 by the budget of the moment
            """, output);

        (code, _, error) = await GatewayProcess.RunAsync(["route", "explain", "chap", "--config", config], _folder.Path);
        Assert.Equal((1, "There is no route 'chap'; did you mean 'chat'?"), (code, error));
        (code, _, error) = await GatewayProcess.RunAsync(["route", "explain", "chat", "--config", Write("bad.yaml", "routes: 5\n")], _folder.Path);
        Assert.Equal((2, "must be a mapping of names to values (routes, bad.yaml:1)"), (code, error));
        (code, _, error) = await GatewayProcess.RunAsync(["route", "explain", "chat", "--config", config, "--request", Write("bad.json", "{")], _folder.Path);
        Assert.Equal(2, code);
        Assert.Contains("bad.json", error, StringComparison.Ordinal);
        (code, _, error) = await GatewayProcess.RunAsync(["route", "explain", "chat", "--config", config, "--header", "nothing"], _folder.Path);
        Assert.Equal(2, code);
        Assert.StartsWith("--header takes 'NAME: VALUE'.", error, StringComparison.Ordinal);
    }

    private string Write(string name, string text)
    {
        var file = Path.Combine(_folder.Path, name);
        File.WriteAllText(file, text);
        return file;
    }

    private static Task<HttpResponseMessage> PostAsync(GatewayHost gateway, string route, string body) => gateway.Admin.PostAsync(
        new Uri($"/api/v1/routes/{route}/explain", UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);

    private static async Task<JsonElement> ExplainAsync(GatewayHost gateway, string body)
    {
        using var response = await PostAsync(gateway, "chat", body);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonElement.Parse(text);
    }

    private static Task<(int ExitCode, string Output, string Error)> RouteAsync(GatewayHost gateway, params string[] arguments) => GatewayProcess.RunAsync(
        ["route", .. arguments], ".",
        ("GATEHOUSE_ADMIN_URL", gateway.Application.AdminAddress.ToString()), ("GATEHOUSE_ADMIN_TOKEN", GatewayHost.AdminToken));
}
