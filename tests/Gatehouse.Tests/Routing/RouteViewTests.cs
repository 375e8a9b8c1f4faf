using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing;

/// <summary>What the admin API and the metrics tell of routes.</summary>
public sealed class RouteViewTests
{
    private const string Call = """{"model":"chat"}""";

    [Fact]
    public async Task A_route_shows_its_tree_with_all_options_and_its_targets()
    {
        await using var gateway = await GatewayHost.StartAsync("""
            providers: { sandbox: {} }
            routes:
              chat:
                strategy: sticky
                sticky_by: user
                hedge: { share: 0.05, after: 2s }
                retry: { attempts: 4, on: [timeout] }
                targets:
                  - strategy: weighted
                    weight: 0
                    targets: [{ target: sandbox/echo, weight: 3 }, sandbox/tool]
                  - sandbox/slow
            """);

        var route = await ShowAsync(gateway, "chat");

        Assert.Equal("""{"target":null,"strategy":"sticky","weight":1,"options":{"sticky_by":"user"},"children":[{"target":null,"strategy":"weighted","weight":0,"options":{},"children":[{"target":"sandbox/echo","strategy":null,"weight":3,"options":{},"children":[]},{"target":"sandbox/tool","strategy":null,"weight":1,"options":{},"children":[]}]},{"target":"sandbox/slow","strategy":null,"weight":1,"options":{},"children":[]}]}""",
            route.GetProperty("tree").GetRawText());
        Assert.Equal("""{"attempts":4,"on":["timeout"],"budget":{"share":0.1,"window_seconds":10,"exchanges":0,"spent":0,"left":3}}""", route.GetProperty("retry").GetRawText());
        Assert.Equal("""{"after_ms":2000,"budget":{"share":0.05,"window_seconds":60,"exchanges":0,"spent":0,"left":1}}""", route.GetProperty("hedge").GetRawText());
        Assert.Equal(["sandbox/echo", "sandbox/tool", "sandbox/slow"], route.GetProperty("targets").EnumerateArray().Select(target => target.GetProperty("target").GetString()!), StringComparer.Ordinal);
        Assert.Equal("""{"exchanges":0,"retries":0,"fail_overs":0,"hedges":0}""", route.GetProperty("counts").GetRawText());

        using var unknown = await gateway.Admin.GetAsync(new Uri("/api/v1/routes/chta", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Contains("There is no route 'chta'; did you mean 'chat'?", await unknown.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attempts_are_counted_once_by_how_they_ended_and_metrics_say_the_same()
    {
        await using var upstream = new ScriptedUpstream((request, connection) => request.Text.Contains("\"bad\"", StringComparison.Ordinal)
            ? connection.RespondAsync(503, "application/json", "{}")
            : connection.RespondAsync(200, "application/json", "{}"));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, """
            routes:
              chat: { targets: [mock/bad, mock/good] }
              once: { targets: [mock/bad], retry: { attempts: 2, backoff: 0s } }
            """));
        for (var i = 0; i < 6; i++)
        {
            (await gateway.PostAsync("/v1/chat/completions", Call)).Dispose();
        }

        (await gateway.PostAsync("/v1/chat/completions", """{"model":"once"}""")).Dispose();
        var route = await Eventually.GetAsync(async () => await ShowAsync(gateway, "chat") is var shown && Counts(shown, 1).GetProperty("answered").GetInt64() == 6 ? (JsonElement?)shown : null, "all counts");

        // Five failures open the breaker; the sixth exchange goes to the second target at once.
        Assert.Equal("""{"answered":0,"abandoned":0,"failures":{"overloaded":5}}""", Counts(route, 0).GetRawText());
        Assert.Equal("""{"answered":6,"abandoned":0,"failures":{}}""", Counts(route, 1).GetRawText());
        Assert.Equal("""{"exchanges":6,"retries":0,"fail_overs":5,"hedges":0}""", route.GetProperty("counts").GetRawText());
        Assert.StartsWith("its circuit breaker is open", route.GetProperty("targets")[0].GetProperty("health").GetProperty("last_refusal").GetProperty("text").GetString(), StringComparison.Ordinal);
        var once = await ShowAsync(gateway, "once");
        Assert.Equal("""{"exchanges":1,"retries":1,"fail_overs":0,"hedges":0}""", once.GetProperty("counts").GetRawText());
        Assert.Equal((1, 2), (once.GetProperty("retry").GetProperty("budget").GetProperty("spent").GetInt32(), once.GetProperty("retry").GetProperty("budget").GetProperty("left").GetInt32()));

        var page = new PrometheusPage(await gateway.Admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken));
        Assert.Equal("counter", page.TypeOf("gatehouse_route_attempts_total"));
        Assert.Equal(5, page.Value("gatehouse_route_attempts_total", ("route", "chat"), ("target", "mock/bad"), ("result", "overloaded")));
        Assert.Equal(6, page.Value("gatehouse_route_attempts_total", ("route", "chat"), ("target", "mock/good"), ("result", "answered")));
        Assert.Equal(2, page.Value("gatehouse_route_breaker", ("route", "chat"), ("target", "mock/bad")));
        Assert.Equal(0, page.Value("gatehouse_route_breaker", ("route", "chat"), ("target", "mock/good")));
        Assert.Equal(5, page.Value("gatehouse_route_fail_overs_total", ("route", "chat")));
        Assert.Equal(1, page.Value("gatehouse_route_retries_total", ("route", "once")));
        Assert.Equal(0, page.Value("gatehouse_route_hedges_total", ("route", "chat")));
    }

    [Fact]
    public async Task A_hedge_is_counted_and_the_slower_attempt_was_abandoned()
    {
        var time = new ManualTime();
        await using var slow = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var fast = ScriptedUpstream.Json("{}");
        await using var gateway = await GatewayHost.StartAsync($$"""
            providers:
              a: { kind: openai-compatible, base_url: "{{slow.Address}}v1" }
              b: { kind: openai-compatible, base_url: "{{fast.Address}}v1" }
            routes: { chat: { targets: [a/m, b/m], hedge: { share: 1, after: 2s } } }
            """, time);
        var call = gateway.PostAsync("/v1/chat/completions", Call);
        await Eventually.TrueAsync(() => slow.Requests.Count == 1, "the first request");
        time.Advance(TimeSpan.FromSeconds(2));
        (await call).Dispose();

        var route = await Eventually.GetAsync(async () => await ShowAsync(gateway, "chat") is var shown && Counts(shown, 1).GetProperty("answered").GetInt64() == 1 ? (JsonElement?)shown : null, "the counts");

        Assert.Equal("""{"answered":0,"abandoned":1,"failures":{}}""", Counts(route, 0).GetRawText());
        Assert.Equal("""{"exchanges":1,"retries":0,"fail_overs":0,"hedges":1}""", route.GetProperty("counts").GetRawText());
        Assert.Equal(1, route.GetProperty("hedge").GetProperty("budget").GetProperty("spent").GetInt64());
    }

    [Fact]
    public async Task Counts_outlive_a_reload()
    {
        await using var gateway = await GatewayHost.StartAsync("providers: { sandbox: {} }\nroutes: { chat: { targets: [sandbox/echo] } }");
        (await gateway.PostAsync("/v1/chat/completions", """{"model":"chat","messages":[]}""")).Dispose();
        await File.AppendAllTextAsync(gateway.ConfigurationFile, "\ntimeout: { idle: 9s }\n", TestContext.Current.CancellationToken);

        Assert.True(gateway.Application.Snapshots.Load("test"));

        Assert.Equal(1, (await ShowAsync(gateway, "chat")).GetProperty("counts").GetProperty("exchanges").GetInt64());
    }

    private static JsonElement Counts(JsonElement route, int target) => route.GetProperty("targets")[target].GetProperty("counts");

    private static async Task<JsonElement> ShowAsync(GatewayHost gateway, string name) =>
        JsonElement.Parse(await gateway.Admin.GetStringAsync(new Uri($"/api/v1/routes/{name}", UriKind.Relative), TestContext.Current.CancellationToken));
}
