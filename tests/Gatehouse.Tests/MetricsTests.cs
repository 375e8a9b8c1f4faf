using System.Net;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary><c>/metrics</c>: what a scraper reads, and what it counts.</summary>
public sealed class MetricsTests
{
    private const string Yaml = """
        providers: { sandbox: {} }
        routes: { "a \"quoted\\ route": { targets: [sandbox/echo] } }
        """;

    [Fact]
    public async Task Exchanges_errors_tokens_and_times_are_counted_in_valid_Prometheus_text()
    {
        await using var gateway = await GatewayHost.StartAsync(Yaml);
        await AskAsync(gateway, "sandbox/echo");
        await AskAsync(gateway, "sandbox/echo");
        await AskAsync(gateway, "sandbox/echo", isStream: true);
        await AskAsync(gateway, "a \\\"quoted\\\\ route");
        await AskAsync(gateway, "sandbox/error-503");
        await AskAsync(gateway, "nobody/nothing");
        using (var stranger = new HttpClient { BaseAddress = gateway.Address })
        {
            (await stranger.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), new StringContent("{}"), TestContext.Current.CancellationToken)).Dispose();
        }

        var page = await PageAsync(gateway);

        Assert.Equal("counter", page.TypeOf("gatehouse_exchanges_total"));
        Assert.Equal(3, page.Samples("gatehouse_exchanges_total", ("outcome", "completed"), ("provider", "sandbox")).Where(s => !s.Labels.ContainsKey("route")).Sum(s => s.Value));
        Assert.Equal(1, page.Value("gatehouse_exchanges_total", ("route", """a \"quoted\\ route""")));
        Assert.Equal(1, page.Value("gatehouse_exchanges_total", ("code", "upstream_error"), ("outcome", "failed")));
        Assert.Equal(1, page.Value("gatehouse_exchanges_total", ("code", "invalid_api_key"), ("outcome", "refused")));
        Assert.Equal(1, page.Samples("gatehouse_exchanges_total", ("code", "model_not_found")).Sum(s => s.Value));
        (string, string)[] echo = [("gen_ai_operation_name", "chat"), ("gen_ai_provider_name", "sandbox"), ("gen_ai_request_model", "echo")];
        Assert.Equal(4, page.Value("gen_ai_client_operation_duration_seconds_count", echo));
        Assert.Equal(1, page.Value("gen_ai_client_operation_duration_seconds_count", ("error_type", "upstream_error")));
        Assert.Equal(1, page.Value("gen_ai_client_operation_time_to_first_chunk_seconds_count", echo));
        Assert.Equal(4, page.Value("gen_ai_client_token_usage_count", [.. echo, ("gen_ai_token_type", "input")]));
        Assert.Equal(4, page.Value("gen_ai_client_token_usage_count", [.. echo, ("gen_ai_token_type", "output")]));
        Assert.Equal(5, page.Value("gatehouse_exchange_overhead_seconds_count", ("operation", "chat")));
        Assert.Equal(0, page.Value("gatehouse_ledger_queue"));
        Assert.Equal(0, page.Value("gatehouse_ledger_refusing"));
        Assert.Equal(6, page.Value("gatehouse_ledger_rows_total"));
        Assert.Equal(1, page.Value("gatehouse_config_revision"));
        Assert.Equal("gauge", page.TypeOf("gatehouse_exchanges_in_flight"));
    }

    [Fact]
    public async Task The_conventions_bounds_are_the_buckets()
    {
        await using var gateway = await GatewayHost.StartAsync(Yaml);
        await AskAsync(gateway, "sandbox/echo", isStream: true);

        var page = await PageAsync(gateway);

        Assert.Equal("0.01 0.02 0.04 0.08 0.16 0.32 0.64 1.28 2.56 5.12 10.24 20.48 40.96 81.92 +Inf", Bounds("gen_ai_client_operation_duration_seconds"));
        Assert.Equal(Bounds("gen_ai_client_operation_duration_seconds"), Bounds("gen_ai_client_operation_time_to_first_chunk_seconds"));
        Assert.StartsWith("1 4 16 64 256 1024 4096 16384 65536 ", Bounds("gen_ai_client_token_usage", ("gen_ai_token_type", "input")), StringComparison.Ordinal);

        string Bounds(string name, params (string, string)[] labels) => string.Join(' ', page.Samples($"{name}_bucket", labels).Select(bucket => bucket.Labels["le"]));
    }

    [Fact]
    public async Task Exchanges_in_flight_are_told()
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            arrived.SetResult();
            await goOn.Task.WaitAsync(connection.Stop);
            await connection.RespondAsync(200, "application/json", "{}");
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        var call = gateway.PostAsync("/v1/chat/completions", """{"model":"mock/m"}""");
        await arrived.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, (await PageAsync(gateway)).Value("gatehouse_exchanges_in_flight"));
        goOn.SetResult();
        (await call).Dispose();

        await Eventually.GetAsync(async () => (await PageAsync(gateway)).Value("gatehouse_exchanges_in_flight") == 0 ? (bool?)true : null, "the exchange to end");
    }

    [Fact]
    public async Task Another_gateway_in_the_same_process_is_not_counted()
    {
        await using var gateway = await GatewayHost.StartAsync(Yaml);
        await using var other = await GatewayHost.StartAsync(Yaml);
        await AskAsync(other, "sandbox/echo");

        var page = await PageAsync(gateway);

        Assert.Empty(page.Samples("gatehouse_exchanges_total"));
        Assert.Equal(0, page.Value("gatehouse_ledger_rows_total"));
    }

    [Fact]
    public async Task Models_that_clients_invent_do_not_become_labels()
    {
        await using var gateway = await GatewayHost.StartAsync("providers: { sandbox: {} }");
        for (var i = 0; i < 50; i++)
        {
            await AskAsync(gateway, $"sandbox/error-4{i:00}");
            await AskAsync(gateway, $"invented-{i}");
            await AskAsync(gateway, $"sandbox/invented-{i}");
        }

        var page = await PageAsync(gateway);

        var models = page.Samples("gen_ai_client_operation_duration_seconds_count").Select(sample => sample.Labels.GetValueOrDefault("gen_ai_request_model", "")).Distinct(StringComparer.Ordinal);
        Assert.DoesNotContain(models, model => model.StartsWith("error-", StringComparison.Ordinal) || model.StartsWith("invented-", StringComparison.Ordinal));
        Assert.InRange(page.Samples("gatehouse_exchanges_total").Count(), 1, 10);
    }

    private static async Task AskAsync(GatewayHost gateway, string model, bool isStream = false)
    {
        using var response = await gateway.PostAsync(
            "/v1/chat/completions", $$"""{"model":"{{model}}","stream":{{(isStream ? "true" : "false")}},"messages":[{"role":"user","content":"Hello"}]}""");
        _ = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<PrometheusPage> PageAsync(GatewayHost gateway)
    {
        // A scraper needs no token.
        using var client = new HttpClient { BaseAddress = gateway.Application.AdminAddress };
        using var response = await client.GetAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        return new PrometheusPage(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
