using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Runs;

/// <summary>Runs through the whole gateway: real listeners, a scripted provider, the ledger and the admin API.</summary>
public sealed class RunEndToEndTests
{
    private const string Other = "gh_test_key_of_somebody_else_here";
    private const string Answer = """{"id":"chatcmpl-1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}""";
    private const string Call = """{"model":"mock/m","messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task An_agent_that_loops_is_stopped_at_the_third_repetition()
    {
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await StartAsync(upstream, "[{ loops: true }]");
        var messages = """{"role":"user","content":"What is the weather?"}""";
        for (var i = 0; i < 3; i++)
        {
            messages += $$$"""
                ,{"role":"assistant","content":null,"tool_calls":[{"id":"c{{{i}}}","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Paris\"}"}}]},
                {"role":"tool","tool_call_id":"c{{{i}}}","content":"not available"}
                """;
            using var response = await AskAsync(gateway, $$"""{"model":"mock/m","messages":[{{messages}}]}""", run: "agent-1");
            if (i < 2)
            {
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                continue;
            }

            var error = await response.ShouldFailAsync(HttpStatusCode.Forbidden, "policy_denied");
            Assert.Contains("agent-1", error.GetProperty("message").GetString()!, StringComparison.Ordinal);
            Assert.Equal("false", response.Headers.GetValues("x-should-retry").Single());
        }

        Assert.Equal(2, upstream.Requests.Count);
        var run = (await RunAsync(gateway, "agent-1")).GetProperty("run");
        Assert.Equal(("stopped", "loop", 2, 1), (run.GetProperty("state").GetString(), run.GetProperty("stopped").GetProperty("reason").GetString(), run.GetProperty("calls").GetInt32(), run.GetProperty("refused").GetInt32()));
        using (var allowed = await AskAsync(gateway, Call, run: "agent-1", key: Other))
        {
            Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        }

        var page = new PrometheusPage(await gateway.Admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken));
        Assert.Equal(1, page.Value("gatehouse_runs_interventions_total", ("action", "stop"), ("reason", "loop")));
        Assert.Equal(2, page.Value("gatehouse_runs_active"));
    }

    [Fact]
    public async Task The_tree_of_a_run_adds_up_to_its_rows()
    {
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await StartAsync(upstream);
        var random = new SeededRandom(5);
        var ids = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            using var response = await AskAsync(gateway, Call, run: "tree", headers: ids.Count > 0 && i % 3 != 0 ? [("x-gatehouse-parent", ids[random.Next(ids.Count)])] : []);
            ids.Add(response.Headers.GetValues("x-gatehouse-exchange").Single());
        }

        var detail = await RunAsync(gateway, "tree");

        var rows = await gateway.ExchangesAsync("run=tree");
        Assert.Equal(12, rows.Length);
        var nodes = detail.GetProperty("nodes").EnumerateArray().ToList();
        Assert.Equal(string.Join(' ', ids.Order(StringComparer.Ordinal)), string.Join(' ', nodes.Select(node => node.GetProperty("id").GetString()!).Order(StringComparer.Ordinal)));
        var sum = rows.Sum(row => row.GetProperty("cost_nano_usd").GetInt64());
        Assert.Equal(12 * 30_000, sum);
        Assert.Equal(sum, detail.GetProperty("run").GetProperty("cost_nano_usd").GetInt64());
        Assert.Equal(sum, nodes.Where(node => node.GetProperty("parent").ValueKind == JsonValueKind.Null).Sum(node => node.GetProperty("tree_cost_nano_usd").GetInt64()));
        Assert.Equal(180, detail.GetProperty("run").GetProperty("tokens").GetInt64());
        Assert.Equal(18, detail.GetProperty("run").GetProperty("amplification").GetDouble());
        Assert.Equal(nodes.Max(node => node.GetProperty("depth").GetInt32()), detail.GetProperty("run").GetProperty("depth").GetInt32());
        Assert.True(nodes.Max(node => node.GetProperty("depth").GetInt32()) > 1);
        Assert.All(rows, row => Assert.Equal(
            nodes.Single(node => node.GetProperty("id").GetString() == row.GetProperty("id").GetString()).GetProperty("parent").GetString(), row.GetProperty("parent").GetString()));
    }

    [Fact]
    public async Task An_agent_that_calls_back_through_the_gateway_is_deeper_by_one()
    {
        GatewayHost? gateway = null;
        await using var upstream = new ScriptedUpstream(async (seen, connection) =>
        {
            // The provider is an agent that passes on the trace that it was given, and no more.
            if (seen.Text.Contains("again", StringComparison.Ordinal))
            {
                using var response = await AskAsync(gateway!, seen.Text.Replace("again", "done", StringComparison.Ordinal), run: null, headers: [("traceparent", seen.Headers["traceparent"])]);
            }

            await connection.RespondAsync(200, "application/json", Answer);
        });
        gateway = await StartAsync(upstream);
        await using var _ = gateway;

        using var first = await AskAsync(gateway, Call.Replace("hi", "again", StringComparison.Ordinal), run: "deep");

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        var nodes = (await RunAsync(gateway, "deep")).GetProperty("nodes").EnumerateArray().ToList();
        Assert.Equal([1, 2], nodes.Select(node => node.GetProperty("depth").GetInt32()));
        Assert.Equal(first.Headers.GetValues("x-gatehouse-exchange").Single(), nodes[1].GetProperty("parent").GetString());
    }

    [Fact]
    public async Task Answers_that_are_gone_on_from_make_a_run_and_those_of_others_do_not()
    {
        await using var upstream = new ScriptedUpstream((seen, connection) => connection.RespondAsync(200, "application/json",
            """{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"ok","annotations":[]}]}],"usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15}}"""));
        await using var gateway = await StartAsync(upstream, provider: "kind: openai, ");
        using var first = await PostAsync(gateway, "/v1/responses", """{"model":"mock/m","input":"hi"}""");
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        var row = await gateway.ExchangeAsync(first);
        var id = row.GetProperty("run").GetString()!;

        using var second = await PostAsync(gateway, "/v1/responses", """{"model":"mock/m","previous_response_id":"resp_1","input":"more"}""");

        var next = await gateway.ExchangeAsync(second);
        Assert.Equal((id, row.GetProperty("id").GetString()), (next.GetProperty("run").GetString(), next.GetProperty("parent").GetString()));
        Assert.Equal(2, (await RunAsync(gateway, id)).GetProperty("run").GetProperty("depth").GetInt32());
        using var stolen = await PostAsync(gateway, "/v1/responses", """{"model":"mock/m","previous_response_id":"resp_1","input":"more"}""", Other);
        Assert.False((await gateway.ExchangeAsync(stolen)).GetProperty("run").ValueEquals(id));
    }

    [Fact]
    public async Task Sessions_of_agents_are_runs()
    {
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await StartAsync(upstream);
        const string Session = "57a121ec-f78c-48c3-a745-e3036a3ecc33";
        foreach (var header in new[] { "x-claude-code-session-id", "session_id", "session-id", "conversation_id", "x-opencode-session" })
        {
            using var response = await AskAsync(gateway, Call, run: null, headers: [(header, Session + header.Length), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]);
            Assert.Equal(Session + header.Length, (await gateway.ExchangeAsync(response)).GetProperty("run").GetString());
            using var named = await AskAsync(gateway, Call, run: "mine", headers: [(header, Session)]);
            Assert.Equal("mine", (await gateway.ExchangeAsync(named)).GetProperty("run").GetString());
        }

        foreach (var user in new[] { $"user_ab_account__session_{Session}", $$"""{\"device_id\":\"d\",\"session_id\":\"{{Session}}\"}""" })
        {
            using var response = await PostAsync(gateway, "/v1/messages", $$$"""{"model":"mock/m","max_tokens":5,"metadata":{"user_id":"{{{user}}}"},"messages":[{"role":"user","content":"hi"}]}""");
            Assert.Equal(Session, (await gateway.ExchangeAsync(response)).GetProperty("run").GetString());
        }

        using var plain = await PostAsync(gateway, "/v1/messages", """{"model":"mock/m","max_tokens":5,"metadata":{"user_id":"user_session_anna"},"messages":[{"role":"user","content":"hi"}]}""");
        Assert.Matches("^[0-9a-f]{32}$", (await gateway.ExchangeAsync(plain)).GetProperty("run").GetString()!);
    }

    [Theory]
    [InlineData("x-gatehouse-run", "")]
    [InlineData("x-gatehouse-run", "..")]
    [InlineData("x-gatehouse-run", "a\tb")]
    [InlineData("x-gatehouse-run", "naïve")]
    [InlineData("x-gatehouse-run", "129")]
    [InlineData("x-gatehouse-run", "twice")]
    [InlineData("x-gatehouse-parent", "exc_1")]
    [InlineData("x-gatehouse-parent", "exc_0000000000000000000000000u")]
    public async Task A_name_that_cannot_be_one_is_refused(string header, string value)
    {
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await StartAsync(upstream);
        string[] values = value switch { "129" => [new string('x', 129)], "twice" => ["a", "b"], _ => [value] };

        var lines = string.Concat(values.Select(text => $"{header}: {text}\r\n"));
        using var connection = await RawHttpConnection.OpenAsync(gateway.Address);
        var answer = await connection!.SendAsync(
            $"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {GatewayHost.Key}\r\ncontent-type: application/json\r\n{lines}content-length: {Call.Length}\r\n\r\n{Call}");

        Assert.Equal(400, answer.Status);
        // The server itself refuses what no header may have.
        Assert.True(value == "a\tb" || answer.Body.Contains(header, StringComparison.Ordinal), answer.Body);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Whatever_a_run_is_called_it_can_be_shown_stopped_and_resumed()
    {
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await StartAsync(upstream);
        string[] names = ["a/b", "a%2Fb", "a%2Fb/c", "?x=1", "#", "a b", "%", "stop", "'; DROP TABLE exchanges; --", "<b>", "\"", new string('x', 128), "..."];
        foreach (var name in names)
        {
            using (var response = await AskAsync(gateway, Call, name))
            {
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }

            Assert.Equal(name, (await RunAsync(gateway, name)).GetProperty("run").GetProperty("id").GetString());
            Assert.Single((await RunAsync(gateway, name)).GetProperty("nodes").EnumerateArray());
            using var stopped = await gateway.Admin.PostAsync(PathOf(name, "/stop"), new StringContent("""{"message":"enough"}""", Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, stopped.StatusCode);
            using (var refused = await AskAsync(gateway, Call, name))
            {
                var error = await refused.ShouldFailAsync(HttpStatusCode.Forbidden, "policy_denied");
                Assert.Contains("enough", error.GetProperty("message").GetString()!, StringComparison.Ordinal);
            }

            using var resumed = await gateway.Admin.PostAsync(PathOf(name, "/resume"), content: null, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, resumed.StatusCode);
            using var again = await AskAsync(gateway, Call, name);
            Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        }
    }

    [Fact]
    public async Task Runs_are_listed_by_their_beginning_in_pages_and_told_apart_by_tenant()
    {
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await StartAsync(upstream);
        for (var i = 0; i < 6; i++)
        {
            using var response = await AskAsync(gateway, Call, run: $"r{i % 3}", key: i == 3 ? Other : GatewayHost.Key);
            using var lone = i == 5 ? await AskAsync(gateway, Call, run: null) : null;
        }

        var all = await ListAsync(gateway, "");
        Assert.Equal(5, all.Length);
        Assert.Matches("^[0-9a-f]{32}$", all[0].GetProperty("id").GetString()!);
        Assert.Equal("r0 r2 r1 r0", string.Join(' ', all.Skip(1).Select(run => run.GetProperty("id").GetString()!)));
        Assert.Equal("key:key_file_other key:key_file_test", string.Join(' ', all.Where(run => run.GetProperty("id").GetString() == "r0").Select(run => run.GetProperty("tenant").GetString()!)));
        Assert.Equal([2, 2], all.Where(run => run.GetProperty("id").GetString() is "r1" or "r2").Select(run => run.GetProperty("calls").GetInt32()));

        var paged = new List<string>();
        string? before = null;
        do
        {
            using var response = await gateway.Admin.GetAsync(new Uri($"/api/v1/runs?limit=2{(before is null ? "" : $"&before={before}")}", UriKind.Relative), TestContext.Current.CancellationToken);
            var page = JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            paged.AddRange(page.GetProperty("data").EnumerateArray().Select(run => run.GetProperty("id").GetString()!));
            before = page.GetProperty("next").GetString();
        }
        while (before is not null);
        Assert.Equal(string.Join(' ', all.Select(run => run.GetProperty("id").GetString()!)), string.Join(' ', paged));

        Assert.Single(await ListAsync(gateway, "?key=other"));
        Assert.Equal(5, (await ListAsync(gateway, "?state=active")).Length);
        Assert.Empty(await ListAsync(gateway, "?state=stopped"));
        using var ambiguous = await gateway.Admin.GetAsync(PathOf("r0", ""), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Conflict, ambiguous.StatusCode);
        Assert.Contains("key:key_file_other", await ambiguous.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var stopped = await gateway.Admin.PostAsync(PathOf("r0", "/stop?tenant=key:key_file_other"), content: null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, stopped.StatusCode);
        Assert.Equal("key:key_file_other", Assert.Single(await ListAsync(gateway, "?state=stopped")).GetProperty("tenant").GetString());
        Assert.Equal(4, (await ListAsync(gateway, "?state=active")).Length);
        using var missing = await gateway.Admin.GetAsync(PathOf("nothing", ""), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task A_run_goes_on_after_a_restart_with_what_it_has_spent_and_a_stopped_one_does_not()
    {
        using var folder = new TemporaryFolder();
        await using var upstream = ScriptedUpstream.Json(Answer);
        string root;
        await using (var gateway = await StartAsync(upstream, "[{ calls: 3 }]", folder: folder))
        {
            using var first = await AskAsync(gateway, Call, "r");
            root = first.Headers.GetValues("x-gatehouse-exchange").Single();
            using var second = await AskAsync(gateway, Call, "r");
        }

        await using (var gateway = await StartAsync(upstream, "[{ calls: 3 }]", folder: folder))
        {
            using var third = await AskAsync(gateway, Call, "r", headers: [("x-gatehouse-parent", root)]);
            Assert.Equal(HttpStatusCode.OK, third.StatusCode);
            using var fourth = await AskAsync(gateway, Call, "r");
            _ = await fourth.ShouldFailAsync(HttpStatusCode.Forbidden, "policy_denied");
        }

        await using (var gateway = await StartAsync(upstream, "[]", folder: folder))
        {
            using var fifth = await AskAsync(gateway, Call, "r");
            _ = await fifth.ShouldFailAsync(HttpStatusCode.Forbidden, "policy_denied");
            var run = Assert.Single(await ListAsync(gateway, ""));
            Assert.Equal(("r", "stopped", 3, 2, 2), (run.GetProperty("id").GetString(), run.GetProperty("state").GetString(), run.GetProperty("calls").GetInt32(), run.GetProperty("refused").GetInt32(), run.GetProperty("depth").GetInt32()));
            using var resumed = await gateway.Admin.PostAsync(PathOf("r", "/resume"), content: null, TestContext.Current.CancellationToken);
            using var sixth = await AskAsync(gateway, Call, "r");
            Assert.Equal(HttpStatusCode.OK, sixth.StatusCode);
        }
    }

    [Fact]
    public async Task A_run_that_is_older_than_what_is_looked_up_after_a_restart_is_still_one()
    {
        var time = new ManualTime();
        using var folder = new TemporaryFolder();
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using (var gateway = await StartAsync(upstream, folder: folder, time: time))
        {
            for (var i = 0; i < 4; i++)
            {
                using var response = await AskAsync(gateway, Call, "long");
                time.Advance(TimeSpan.FromMinutes(25));
            }
        }

        await using (var gateway = await StartAsync(upstream, folder: folder, time: time))
        {
            using var response = await AskAsync(gateway, Call, "long");
            Assert.Equal(5, (await RunAsync(gateway, "long")).GetProperty("run").GetProperty("calls").GetInt32());
            Assert.Single(await ListAsync(gateway, ""));
        }
    }

    [Fact]
    public async Task Mistakes_of_limits_are_told_with_their_keys()
    {
        await using var gateway = await GatewayHost.StartAsync("providers: { sandbox: {} }");
        await File.WriteAllTextAsync(gateway.ConfigurationFile, """
            providers: { sandbox: {} }
            runs:
              - { match: { model: "*" }, calls: 0 }
              - { name: a }
              - { name: a, amplification: 0.5, wall_time: 0s, budget_usd: -1, action: slow, slow_by: 0s }
            """, TestContext.Current.CancellationToken);

        Assert.False(gateway.Application.Snapshots.Load("test"));

        var errors = string.Join('\n', gateway.Application.Snapshots.Status.Errors);
        foreach (var part in new[] { "'model' is not known here", "runs[0].calls", "runs[1], ", "'a' is used twice", "runs[2].amplification", "runs[2].wall_time", "runs[2].budget_usd", "runs[2].slow_by" })
        {
            Assert.Contains(part, errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_command_line_lists_shows_stops_and_resumes()
    {
        await using var upstream = ScriptedUpstream.Json(Answer);
        await using var gateway = await StartAsync(upstream);
        using var root = await AskAsync(gateway, Call, "job/1");
        using var child = await AskAsync(gateway, Call, "job/1", headers: [("x-gatehouse-parent", root.Headers.GetValues("x-gatehouse-exchange").Single())]);

        Assert.Contains("job/1", await CommandAsync(gateway, "list"), StringComparison.Ordinal);
        var shown = await CommandAsync(gateway, "show", "job/1");
        Assert.Contains($"\n{root.Headers.GetValues("x-gatehouse-exchange").Single()} mock/m 200 ", shown, StringComparison.Ordinal);
        Assert.Contains($"\n  {child.Headers.GetValues("x-gatehouse-exchange").Single()} mock/m 200 ", shown, StringComparison.Ordinal);
        Assert.Contains("0.00006 USD with what is within", shown, StringComparison.Ordinal);
        Assert.Contains("stopped", await CommandAsync(gateway, "stop", "job/1", "--message", "enough"), StringComparison.Ordinal);
        Assert.Contains("active", await CommandAsync(gateway, "resume", "job/1"), StringComparison.Ordinal);
    }

    private static async Task<string> CommandAsync(GatewayHost gateway, params string[] args)
    {
        using var folder = new TemporaryFolder();
        var (code, output, error) = await GatewayProcess.RunAsync(["run", .. args], folder.Path,
            ("GATEHOUSE_ADMIN_URL", gateway.Application.AdminAddress.ToString()), ("GATEHOUSE_ADMIN_TOKEN", GatewayHost.AdminToken));
        Assert.Equal((0, ""), (code, error));
        return output;
    }

    private static Task<GatewayHost> StartAsync(ScriptedUpstream upstream, string runs = "[]", TemporaryFolder? folder = null, string provider = "kind: openai-compatible, ", TimeProvider? time = null) => GatewayHost.StartAsync(
        string.Create(CultureInfo.InvariantCulture, $$"""
        providers:
          mock: { {{provider}}base_url: "{{upstream.Address.ToString().TrimEnd('/')}}/v1", api_key: upstream-secret }
        catalog: { models: { "mock/m": { input_usd_per_mtok: 1.00, output_usd_per_mtok: 4.00 } } }
        runs: {{runs}}

        keys:
          - { name: test, secret: {{GatewayHost.Key}}, models: ["*"] }
          - { name: other, secret: {{Other}}, models: ["*"] }

        """), time, folder);

    private static Task<HttpResponseMessage> AskAsync(GatewayHost gateway, string json, string? run, string key = GatewayHost.Key, params (string Name, string Value)[] headers) =>
        PostAsync(gateway, "/v1/chat/completions", json, key, run is null ? headers : [("x-gatehouse-run", run), .. headers]);

    private static async Task<HttpResponseMessage> PostAsync(GatewayHost gateway, string path, string json, string key = GatewayHost.Key, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        foreach (var (name, value) in headers)
        {
            _ = request.Headers.TryAddWithoutValidation(name, value);
        }

        return await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static Uri PathOf(string run, string action) => new($"/api/v1/runs/{Uri.EscapeDataString(run)}{action}", UriKind.Relative);

    private static async Task<JsonElement> RunAsync(GatewayHost gateway, string run)
    {
        using var response = await gateway.Admin.GetAsync(PathOf(run, run == "agent-1" ? "?tenant=key:key_file_test" : ""), TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{run}: {text}");
        return JsonElement.Parse(text);
    }

    private static async Task<JsonElement[]> ListAsync(GatewayHost gateway, string query)
    {
        var text = await gateway.Admin.GetStringAsync(new Uri($"/api/v1/runs{query}", UriKind.Relative), TestContext.Current.CancellationToken);
        return [.. JsonElement.Parse(text).GetProperty("data").EnumerateArray()];
    }
}
