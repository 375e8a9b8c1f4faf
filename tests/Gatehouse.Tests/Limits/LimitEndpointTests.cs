using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>Limits over the admin API and the command line: made, seen, raised, changed and removed, in force at once.</summary>
public sealed class LimitEndpointTests : IAsyncLifetime
{
    private const string Call = """{"model":"mock/out-90","messages":[],"max_tokens":90}""";

    private readonly ManualTime _time = new();
    private readonly TemporaryFolder _folder = new();
    private readonly ScriptedUpstream _upstream = PricedUpstream.Start();
    private GatewayHost _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _upstream.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_limit_is_in_force_with_the_next_call_until_it_is_deleted()
    {
        var made = await SendAsync(HttpMethod.Post, "/limits", """{"name":"tight","budget_usd":0.0015,"per":"day"}""", HttpStatusCode.Created);
        var id = made.GetProperty("id").GetString()!;
        Assert.Matches("^lim_[0-9a-f]{24}$", id);
        Assert.Equal(("api", "usd", 0.0015m), (made.GetProperty("owner").GetString(), made.GetProperty("unit").GetString(), made.GetProperty("most").GetDecimal()));
        await CallAsync(HttpStatusCode.OK);
        await CallAsync(HttpStatusCode.PaymentRequired);
        var account = (await SendAsync(HttpMethod.Get, $"/limits/{id}")).GetProperty("accounts")[0];
        Assert.Equal((0.001m, 0m, 0.0005m), (account.GetProperty("used").GetDecimal(), account.GetProperty("held").GetDecimal(), account.GetProperty("left").GetDecimal()));
        Assert.Equal("2026-11-21T00:00:00+00:00", account.GetProperty("resets_at").GetString());
        Assert.NotEqual(JsonValueKind.Null, account.GetProperty("forecast").GetProperty("gone_at").ValueKind);

        _ = await SendAsync(HttpMethod.Put, $"/limits/{id}", """{"name":"tight","budget_usd":0.0021,"per":"day"}""");
        await CallAsync(HttpStatusCode.OK);
        await CallAsync(HttpStatusCode.PaymentRequired);

        // It is there again after a start, with what was used.
        await _gateway.DisposeAsync();
        _gateway = await StartAsync();
        await CallAsync(HttpStatusCode.PaymentRequired);
        _ = await SendAsync(HttpMethod.Delete, $"/limits/{id}", null, HttpStatusCode.NoContent);
        await CallAsync(HttpStatusCode.OK);
        _ = await SendAsync(HttpMethod.Get, $"/limits/{id}", null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_raise_lets_calls_through_until_its_time_is_over_and_survives_a_restart()
    {
        var id = (await SendAsync(HttpMethod.Post, "/limits", """{"name":"tight","budget_usd":0.0015,"per":"month"}""", HttpStatusCode.Created)).GetProperty("id").GetString()!;
        await CallAsync(HttpStatusCode.OK);
        await CallAsync(HttpStatusCode.PaymentRequired);

        var raised = await SendAsync(HttpMethod.Post, $"/limits/{id}/raise", """{"amount_usd":0.001,"reason":"launch day","until":"2026-11-20T14:00:00Z"}""");
        Assert.Equal(0.0025m, raised.GetProperty("accounts")[0].GetProperty("most").GetDecimal());
        await CallAsync(HttpStatusCode.OK);
        await _gateway.DisposeAsync();
        _gateway = await StartAsync();
        var raise = (await SendAsync(HttpMethod.Get, $"/limits/{id}")).GetProperty("accounts")[0].GetProperty("raise");
        Assert.Equal((0.001m, "launch day"), (raise.GetProperty("amount").GetDecimal(), raise.GetProperty("reason").GetString()));

        _time.Advance(TimeSpan.FromHours(3));
        var after = (await SendAsync(HttpMethod.Get, $"/limits/{id}")).GetProperty("accounts")[0];
        Assert.Equal((JsonValueKind.Null, 0.0015m, -0.0005m), (after.GetProperty("raise").ValueKind, after.GetProperty("most").GetDecimal(), after.GetProperty("left").GetDecimal()));
        _ = await SendAsync(HttpMethod.Delete, $"/limits/{id}/raise", null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Limits_of_the_file_are_shown_and_raised_but_not_changed()
    {
        var limit = (await SendAsync(HttpMethod.Get, "/limits?name=of%20the%20file")).GetProperty("data")[0];
        var id = limit.GetProperty("id").GetString()!;
        Assert.Equal("file", limit.GetProperty("owner").GetString());
        Assert.Equal("owned_by_file", Code(await SendAsync(HttpMethod.Delete, $"/limits/{id}", null, HttpStatusCode.Conflict)));
        Assert.Equal("owned_by_file", Code(await SendAsync(HttpMethod.Put, $"/limits/{id}", """{"requests":5,"per":"minute"}""", HttpStatusCode.Conflict)));
        Assert.Equal("already_exists", Code(await SendAsync(HttpMethod.Post, "/limits", """{"name":"of the file","requests":5,"per":"hour"}""", HttpStatusCode.Conflict)));
        // It is grouped: a raise is for one of its accounts.
        Assert.Equal("invalid_request", Code(await SendAsync(HttpMethod.Post, $"/limits/{id}/raise", """{"amount":5,"reason":"x","until":"2027-01-01T00:00:00Z"}""", HttpStatusCode.BadRequest)));
        var raised = await SendAsync(HttpMethod.Post, $"/limits/{id}/raise", """{"amount":5,"bucket":"key_file_test","reason":"x","until":"2027-01-01T00:00:00Z"}""");
        await CallAsync(HttpStatusCode.OK);
        var account = (await SendAsync(HttpMethod.Get, $"/limits/{id}?bucket=key_file_test")).GetProperty("accounts")[0];
        Assert.Equal((1005, 1), (account.GetProperty("most").GetInt32(), account.GetProperty("used").GetInt32()));
        _ = await SendAsync(HttpMethod.Delete, $"/limits/{id}/raise?bucket=key_file_test", null, HttpStatusCode.NoContent);
    }

    [Theory]
    [InlineData("""{"budget_usd":1}""", "budget_usd needs per")]
    [InlineData("""{"budget_usd":"much","per":"day"}""", "'much' is not a number (budget_usd)")]
    [InlineData("""{"name":"two\nlines","requests":1,"per":"day"}""", "on one line (name)")]
    [InlineData("""{"requests":1,"per":"day","time_zone":"Europe/Berlin"}""", "belongs to budget_usd")]
    [InlineData("""{"requests":1,"per":"day","overdraft_usd":1}""", "belongs to budget_usd")]
    [InlineData("""{"requests":1,"total_tokens":1,"per":"day"}""", "one amount")]
    [InlineData("""{"requests":1,"per":"day","match":{"nobody":"x"}}""", "'nobody' is not known")]
    [InlineData("""{"requests":1,"per":"day","surprise":1}""", "surprise")]
    [InlineData("""[]""", "one item")]
    public async Task What_is_a_mistake_in_the_file_is_one_here(string item, string says) => Assert.Contains(
        says, (await SendAsync(HttpMethod.Post, "/limits", item, HttpStatusCode.BadRequest)).GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);

    [Fact]
    public async Task A_key_is_changed_and_what_it_does_not_name_stays()
    {
        var key = await SendAsync(HttpMethod.Post, "/keys", """{"name":"mine","team":"search","limits":[{"requests":1,"per":"hour"}],"models":["mock/*"]}""", HttpStatusCode.Created);
        var (id, secret) = (key.GetProperty("id").GetString()!, key.GetProperty("secret").GetString()!);
        await CallAsync(HttpStatusCode.OK, secret);
        await CallAsync(HttpStatusCode.TooManyRequests, secret);
        var own = (await SendAsync(HttpMethod.Get, $"/limits?key={id}")).GetProperty("data").EnumerateArray().Single(limit => limit.GetProperty("owner").GetString() == "key");
        Assert.Equal("owned_by_key", Code(await SendAsync(HttpMethod.Delete, $"/limits/{own.GetProperty("id").GetString()}", null, HttpStatusCode.Conflict)));

        var changed = await SendAsync(HttpMethod.Patch, $"/keys/{id}", """{"limits":[{"requests":2,"per":"hour"}],"priority":"batch","agent":"crawler"}""");
        Assert.Equal(("mine", "search", "batch", "crawler", "mock/*"), (
            changed.GetProperty("name").GetString(), changed.GetProperty("team").GetString(), changed.GetProperty("priority").GetString(), changed.GetProperty("agent").GetString(),
            changed.GetProperty("models")[0].GetString()));
        // What was used stays.
        await CallAsync(HttpStatusCode.OK, secret);
        await CallAsync(HttpStatusCode.TooManyRequests, secret);

        changed = await SendAsync(HttpMethod.Patch, $"/keys/{id}", """{"limits":null,"team":null}""");
        Assert.Equal(JsonValueKind.Null, changed.GetProperty("team").ValueKind);
        Assert.Equal(0, changed.GetProperty("limits").GetArrayLength());
        await CallAsync(HttpStatusCode.OK, secret);
        await _gateway.DisposeAsync();
        _gateway = await StartAsync();
        Assert.Equal("crawler", (await SendAsync(HttpMethod.Get, $"/keys/{id}")).GetProperty("agent").GetString());
        Assert.Equal("owned_by_file", Code(await SendAsync(HttpMethod.Patch, "/keys/key_file_test", """{"name":"x"}""", HttpStatusCode.Conflict)));
        Assert.Equal("invalid_request", Code(await SendAsync(HttpMethod.Patch, $"/keys/{id}", """{"surprise":"x"}""", HttpStatusCode.BadRequest)));
        Assert.Equal("invalid_request", Code(await SendAsync(HttpMethod.Patch, $"/keys/{id}", """{"limits":[{"requests":0,"per":"hour"}]}""", HttpStatusCode.BadRequest)));
    }

    [Fact]
    public async Task The_command_line_makes_shows_raises_and_deletes_limits()
    {
        var (code, output, error) = await RunAsync("create", """{"name":"cli","budget_usd":2.5,"per":"week"}""");
        Assert.True(code == 0, error);
        var id = output["id: ".Length..];

        Assert.Contains($"{id}  api   cli: 0 of 2.5 usd", (await RunAsync("list")).Output, StringComparison.Ordinal);
        Assert.Equal("raised: cli", (await RunAsync("raise", id, "--usd", "1", "--reason", "why not", "--until", "2099-01-01T00:00:00Z")).Output);
        var shown = (await RunAsync("show", id)).Output;
        Assert.Contains("2.5 usd per week, refuse (api)", shown, StringComparison.Ordinal);
        Assert.Contains("raised by 1 until 2099-01-01 00:00:00Z: why not", shown, StringComparison.Ordinal);
        Assert.Equal("deleted", (await RunAsync("delete", id)).Output);
        Assert.Equal(1, (await RunAsync("show", id)).ExitCode);
        Assert.Equal(2, (await RunAsync("create", "nothing")).ExitCode);
    }

    [Fact]
    public async Task Metrics_show_what_is_used_and_who_refuses()
    {
        _ = await SendAsync(HttpMethod.Post, "/limits", """{"name":"tight","requests":1,"per":"hour"}""", HttpStatusCode.Created);
        await CallAsync(HttpStatusCode.OK);
        await CallAsync(HttpStatusCode.TooManyRequests);

        var page = await _gateway.Admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Contains("""gatehouse_limit_used{limit="tight",unit="requests"} 1""", page, StringComparison.Ordinal);
        Assert.Contains("""gatehouse_limit_most{limit="tight",unit="requests"} 1""", page, StringComparison.Ordinal);
        Assert.Contains("""gatehouse_limit_refusals_total{limit="tight"} 1""", page, StringComparison.Ordinal);
        Assert.DoesNotContain("of the file\"", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"soft","requests":1,"per":"hour","action":"alert"}""", "1 requests")]
    [InlineData("""{"name":"soft","total_tokens":150,"per":"hour","action":"alert"}""", "150 total tokens")]
    [InlineData("""{"name":"soft","budget_usd":0.0015,"per":"hour","action":"alert","alert_at":[]}""", "$0.0015")]
    public async Task A_limit_that_only_tells_lets_calls_pass_tells_of_it_and_of_its_end(string item, string amount)
    {
        _ = await SendAsync(HttpMethod.Post, "/limits", item, HttpStatusCode.Created);
        await CallAsync(HttpStatusCode.OK);
        Assert.Empty(await PassedAsync("open"));

        await CallAsync(HttpStatusCode.OK);

        _ = await Eventually.GetAsync<bool>(async () => (await PassedAsync("open")).Length == 1 ? true : null, "the alert");
        Assert.Equal($"The limit 'soft' of {amount} is passed, and only tells of it.", (await PassedAsync("open"))[0]);

        _time.Advance(TimeSpan.FromHours(2));

        _ = await Eventually.GetAsync<bool>(async () => (await PassedAsync("open")).Length == 0 ? true : null, "its end");
        _ = Assert.Single(await PassedAsync("resolved"));

        async Task<string[]> PassedAsync(string state) => [.. (await SendAsync(HttpMethod.Get, $"/alerts?state={state}&kind=limit_passed")).GetProperty("data").EnumerateArray()
            .Select(alert => alert.GetProperty("message").GetString()!)];
    }

    [Fact]
    public async Task Limits_of_the_same_name_are_told_apart_by_whose_they_are()
    {
        await using var gateway = await GatewayHost.StartAsync(
            GatewayHost.MockProvider(_upstream.Address, """
                catalog: { models: { mock/out-90: { input_usd_per_mtok: 10, output_usd_per_mtok: 10 } } }
                teams:
                  blue: { limits: [ { name: all, budget_usd: 0.0001, requests: 9, total_tokens: 1000, per: day } ] }
                  red: { limits: [ { name: all, budget_usd: 0.0001, per: day } ] }
                """),
            _time);
        (string Key, string Named)[] keys =
        [
            ("""{"name":"same","team":"blue"}""", "all (team blue)"),
            ("""{"name":"same","team":"red"}""", "all (team red)"),
            ("""{"name":"same","limits":[{"budget_usd":0.0001,"per":"day"}]}""", "budget per day of key same"),
            ("""{"name":"same","labels":{"a":"b"},"limits":[{"budget_usd":0.0001,"per":"day"}]}""", "budget per day of key same"),
        ];
        foreach (var (key, named) in keys)
        {
            using var made = await gateway.Admin.PostAsync(new Uri("/api/v1/keys", UriKind.Relative), Json(key), TestContext.Current.CancellationToken);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = Json(Call) };
            request.Headers.Authorization = new("Bearer", JsonElement.Parse(await made.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).GetProperty("secret").GetString());
            using var answer = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
            Assert.Contains($"The budget '{named}' of $0.0001 has $0.0001 left; this call needs about $0.0009", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        var alerts = JsonElement.Parse(await gateway.Admin.GetStringAsync(new Uri("/api/v1/alerts", UriKind.Relative), TestContext.Current.CancellationToken)).GetProperty("data");
        Assert.Equal(keys.Length, alerts.GetArrayLength());
        var page = await gateway.Admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        foreach (var series in (string[])["""{limit="all (team blue)",unit="usd"}""", """{limit="all (team blue)",unit="requests"}""", """{limit="all (team blue)",unit="total_tokens"}""", """{limit="all (team red)",unit="usd"}"""])
        {
            Assert.Contains($"gatehouse_limit_most{series} ", page, StringComparison.Ordinal);
        }
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private Task<GatewayHost> StartAsync() => GatewayHost.StartAsync(
        GatewayHost.MockProvider(_upstream.Address, """
            catalog: { models: { mock/out-90: { input_usd_per_mtok: 10, output_usd_per_mtok: 10 } } }
            limits: [ { name: of the file, requests: 1000, per: hour, group_by: [key] } ]
            """),
        _time, _folder);

    private async Task CallAsync(HttpStatusCode expected, string? secret = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Call, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Bearer", secret ?? GatewayHost.Key);
        using var response = await _gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.True(expected == response.StatusCode, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, string? body = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(method, $"/api/v1{path}") { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        using var response = await _gateway.Admin.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(expected == response.StatusCode, $"{response.StatusCode}: {text}");
        return text.Length == 0 ? default : JsonElement.Parse(text);
    }

    private Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments) => GatewayProcess.RunAsync(
        ["limit", .. arguments], ".",
        ("GATEHOUSE_ADMIN_URL", _gateway.Application.AdminAddress.ToString()), ("GATEHOUSE_ADMIN_TOKEN", GatewayHost.AdminToken));

    private static string? Code(JsonElement error) => error.GetProperty("error").GetProperty("code").GetString();
}
