using System.Net;
using System.Text.Json;
using Gatehouse.Alerts;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Alerts;

/// <summary>Alerts through a whole gateway: configuration, admin API, commands, metrics, reload and restart.</summary>
public sealed class AlertEndpointTests
{
    private const string Sandbox = "providers: { sandbox: {} }\n";
    private const string Secret = "the-secret-of-the-webhook";

    [Fact]
    public async Task Alerts_are_listed_newest_first_filtered_and_in_pages()
    {
        await using var gateway = await GatewayHost.StartAsync(Sandbox);
        var alerts = gateway.Application.Alerts;
        for (var i = 0; i < 5; i++)
        {
            alerts.Raise(new Alert(i == 2 ? "loop" : "budget_exceeded", $"team {i}", AlertSeverity.Warning, "Something is wrong."));
        }

        alerts.Resolve("budget_exceeded", "team 1", "It is over.");

        Assert.Equal("team 4, team 3, team 2, team 1, team 0", Subjects(await GetAsync(gateway, "/alerts")));
        Assert.Equal("team 4, team 3, team 2, team 0", Subjects(await GetAsync(gateway, "/alerts?state=open")));
        Assert.Equal("team 1", Subjects(await GetAsync(gateway, "/alerts?state=resolved")));
        Assert.Equal("team 2", Subjects(await GetAsync(gateway, "/alerts?kind=loop")));
        var page = await GetAsync(gateway, "/alerts?limit=2");
        Assert.Equal("team 4, team 3", Subjects(page));
        Assert.Equal("team 2, team 1", Subjects(await GetAsync(gateway, $"/alerts?limit=2&before={page.GetProperty("next").GetString()}")));

        var resolved = (await GetAsync(gateway, "/alerts?state=resolved")).GetProperty("data")[0];
        Assert.Equal(("resolved", "It is over.", 1), (resolved.GetProperty("state").GetString(), resolved.GetProperty("resolution").GetString(), resolved.GetProperty("count").GetInt32()));
    }

    [Theory]
    [InlineData("/alerts?limit=0", 400, "limit")]
    [InlineData("/alerts?limit=1001", 400, "limit")]
    [InlineData("/alerts?state=gone", 400, "state")]
    [InlineData("/alerts/alr_nothing", 404, null)]
    public async Task Mistakes_of_the_caller_are_told(string path, int status, string? field)
    {
        await using var gateway = await GatewayHost.StartAsync(Sandbox);

        using var response = await gateway.Admin.GetAsync(new Uri($"/api/v1{path}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(field, body.RootElement.GetProperty("error").GetProperty("field").GetString());
    }

    [Fact]
    public async Task A_webhook_is_told_and_its_deliveries_are_shown_without_its_secret()
    {
        await using var receiver = ScriptedUpstream.Json("{}");
        await using var gateway = await GatewayHost.StartAsync(Webhook(receiver.Address));
        gateway.Application.Alerts.Raise(new Alert("budget_exceeded", "team", AlertSeverity.Critical, "The budget is used up."));
        await Eventually.TrueAsync(() => !receiver.Requests.IsEmpty, "the webhook");

        var alert = await Eventually.GetAsync(
            async () =>
            {
                var id = (await GetAsync(gateway, "/alerts")).GetProperty("data")[0].GetProperty("id").GetString();
                var alert = await GetAsync(gateway, $"/alerts/{id}");
                return alert.GetProperty("deliveries")[0].GetProperty("state").GetString() == "delivered" ? (JsonElement?)alert : null;
            },
            "the delivery");

        var delivery = Assert.Single(alert.GetProperty("deliveries").EnumerateArray());
        Assert.Equal(("ops", "raised", 1), (delivery.GetProperty("sink").GetString(), delivery.GetProperty("event").GetString(), delivery.GetProperty("attempts").GetInt32()));
        Assert.DoesNotContain(Secret, $"{alert}{gateway.Logs.Text}", StringComparison.Ordinal);

        var page = new PrometheusPage(await gateway.Admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken));
        Assert.Equal(1, page.Value("gatehouse_alerts_total", ("kind", "budget_exceeded"), ("event", "raised")));
        Assert.Equal(1, page.Value("gatehouse_alerts_deliveries_total", ("sink", "ops"), ("result", "delivered")));
        Assert.Equal(1, page.Value("gatehouse_alerts_open"));
        Assert.Equal(0, page.Value("gatehouse_alerts_left_out_total"));
    }

    [Fact]
    public async Task What_is_acknowledged_says_so_open_or_over_and_nothing_else_can_be()
    {
        await using var gateway = await GatewayHost.StartAsync(Sandbox);
        var alerts = gateway.Application.Alerts;
        alerts.Raise(new Alert("loop", "open", AlertSeverity.Info, "Something is wrong."));
        alerts.Raise(new Alert("loop", "over", AlertSeverity.Info, "Something is wrong."));
        alerts.Resolve("loop", "over", "It is over.");
        foreach (var alert in (await GetAsync(gateway, "/alerts")).GetProperty("data").EnumerateArray())
        {
            using var response = await gateway.Admin.PostAsync(
                new Uri($"/api/v1/alerts/{alert.GetProperty("id").GetString()}/acknowledge", UriKind.Relative), content: null, TestContext.Current.CancellationToken);
            using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            Assert.Equal(JsonValueKind.String, body.RootElement.GetProperty("acknowledged_at").ValueKind);
        }

        using var unknown = await gateway.Admin.PostAsync(new Uri("/api/v1/alerts/alr_x/acknowledge", UriKind.Relative), content: null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);

        // Known to memory, too: what is written after it keeps it.
        alerts.Resolve("loop", "open", "It is over.");
        Assert.All((await GetAsync(gateway, "/alerts?state=resolved")).GetProperty("data").EnumerateArray(), alert =>
            Assert.Equal(JsonValueKind.String, alert.GetProperty("acknowledged_at").ValueKind));
    }

    [Fact]
    public async Task A_reload_takes_other_sinks_and_a_restart_knows_what_is_open()
    {
        using var folder = new TemporaryFolder();
        await using var before = ScriptedUpstream.Json("{}");
        await using var after = ScriptedUpstream.Json("{}");
        string id;
        await using (var gateway = await GatewayHost.StartAsync(Webhook(before.Address), folder: folder))
        {
            gateway.Application.Alerts.Raise(new Alert("loop", "a", AlertSeverity.Info, "Something is wrong."));
            await Eventually.TrueAsync(() => !before.Requests.IsEmpty, "the webhook");
            var yaml = await File.ReadAllTextAsync(gateway.ConfigurationFile, TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(gateway.ConfigurationFile, yaml.Replace(before.Address.ToString(), after.Address.ToString(), StringComparison.Ordinal), TestContext.Current.CancellationToken);
            Assert.True(gateway.Application.Snapshots.Load("test"), string.Join('\n', gateway.Application.Snapshots.Status.Errors));
            gateway.Application.Alerts.Raise(new Alert("loop", "b", AlertSeverity.Info, "Something is wrong."));
            await Eventually.TrueAsync(() => !after.Requests.IsEmpty, "the other webhook");
            id = (await GetAsync(gateway, "/alerts")).GetProperty("data")[1].GetProperty("id").GetString()!;
        }

        await using (var gateway = await GatewayHost.StartAsync(Webhook(after.Address), folder: folder))
        {
            gateway.Application.Alerts.Raise(new Alert("loop", "a", AlertSeverity.Info, "Something is wrong."));
            var alert = await GetAsync(gateway, $"/alerts/{id}");
            Assert.Equal(("open", 2), (alert.GetProperty("state").GetString(), alert.GetProperty("count").GetInt32()));
        }

        Assert.Single(before.Requests);
    }

    [Fact]
    public async Task The_command_lists_acknowledges_and_tests()
    {
        await using var receiver = ScriptedUpstream.Json("{}");
        await using var gateway = await GatewayHost.StartAsync(Webhook(receiver.Address));
        gateway.Application.Alerts.Raise(new Alert("loop", "run_1", AlertSeverity.Critical, "The same call again and again."));

        var (code, output, _) = await AlertAsync(gateway, "list", "--state", "open", "--kind", "loop");
        Assert.Equal(0, code);
        var line = Assert.Single(output.Split('\n'));
        Assert.Matches("^alr_[0-9a-z]{26}  .*  critical  open  loop  run_1  1x  The same call again and again.$", line);

        (code, output, _) = await AlertAsync(gateway, "acknowledge", line.Split(' ')[0]);
        Assert.Equal((0, "acknowledged"), (code, output));
        Assert.Contains("open, acknowledged", (await AlertAsync(gateway, "list")).Output, StringComparison.Ordinal);

        (code, output, _) = await AlertAsync(gateway, "test");
        Assert.Equal((0, "ops: ok"), (code, output));
        Assert.Contains(receiver.Requests, request => request.Text.Contains("alert.test", StringComparison.Ordinal));

        var (failed, _, error) = await AlertAsync(gateway, "acknowledge", "alr_x");
        Assert.Equal((1, "There is no alert 'alr_x'."), (failed, error));
    }

    [Fact]
    public async Task A_test_that_fails_is_told_with_the_exit_code()
    {
        await using var receiver = ScriptedUpstream.Json("{}", status: 500);
        await using var gateway = await GatewayHost.StartAsync(Webhook(receiver.Address));

        var (code, output, _) = await AlertAsync(gateway, "test");

        Assert.Equal((1, "ops: status 500"), (code, output));
    }

    private static string Webhook(Uri url) =>
        $"{Sandbox}alerts: {{ sinks: [ {{ name: ops, webhook: {{ url: \"{url}\", secret: {Secret} }} }} ] }}\n";

    private static async Task<JsonElement> GetAsync(GatewayHost gateway, string path)
    {
        using var body = JsonDocument.Parse(await gateway.Admin.GetStringAsync(new Uri($"/api/v1{path}", UriKind.Relative), TestContext.Current.CancellationToken));
        return body.RootElement.Clone();
    }

    private static string Subjects(JsonElement list) => string.Join(", ", list.GetProperty("data").EnumerateArray().Select(alert => alert.GetProperty("subject").GetString()));

    private static Task<(int ExitCode, string Output, string Error)> AlertAsync(GatewayHost gateway, params string[] arguments) => GatewayProcess.RunAsync(
        ["alert", .. arguments], ".",
        ("GATEHOUSE_ADMIN_URL", gateway.Application.AdminAddress.ToString()), ("GATEHOUSE_ADMIN_TOKEN", GatewayHost.AdminToken));
}
