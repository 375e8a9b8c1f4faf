using System.Globalization;
using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>The ledger as the admin API shows it.</summary>
public sealed class ExchangeListTests
{
    private const string Other = "gh_another_key_of_the_tests";

    private const string Yaml = $$"""
        providers: { sandbox: {} }
        routes: { chat: { targets: [sandbox/echo] } }
        keys:
          - { name: test, secret: {{GatewayHost.Key}}, models: ["*"] }
          - { name: other, secret: {{Other}}, models: ["*"] }
        """;

    [Theory]
    [InlineData("", "4 3 2 1 0")]
    [InlineData("&key=other", "2")]
    [InlineData("&key=key_file_other", "2")]
    [InlineData("&run=run-3", "3")]
    [InlineData("&model=chat", "1 0")]
    [InlineData("&model=sandbox/echo", "3 1 0")]
    [InlineData("&model=echo", "3 1 0")]
    [InlineData("&status=503", "2")]
    [InlineData("&outcome=refused", "4")]
    [InlineData("&outcome=completed&key=test&model=chat", "1 0")]
    [InlineData("&from=2026-11-20T12:03:00Z", "4 3")]
    [InlineData("&to=2026-11-20T12:02:00Z", "1 0")]
    [InlineData("&from=2026-11-20T13:01:00%2B01:00&to=2026-11-20T12:03:00Z", "2 1")]
    [InlineData("&key=nobody", "")]
    [InlineData("&key=%27%20OR%201=1--", "")]
    public async Task Exchanges_are_filtered_newest_first(string filter, string runs)
    {
        await using var gateway = await FiveExchangesAsync();

        var rows = await gateway.ExchangesAsync($"limit=10{filter}");

        Assert.Equal(runs, string.Join(' ', rows.Select(row => row.GetProperty("run").GetString()!["run-".Length..])));
    }

    [Fact]
    public async Task Pages_follow_each_other_without_a_gap_or_a_repetition()
    {
        await using var gateway = await FiveExchangesAsync();
        var runs = new List<string>();
        var pages = 0;
        for (var before = ""; before is not null; pages++)
        {
            using var page = JsonDocument.Parse(await gateway.Admin.GetStringAsync(
                new Uri($"/api/v1/exchanges?limit=2{(before.Length > 0 ? $"&before={before}" : "")}", UriKind.Relative), TestContext.Current.CancellationToken));
            runs.AddRange(page.RootElement.GetProperty("data").EnumerateArray().Select(row => row.GetProperty("run").GetString()!));
            before = page.RootElement.GetProperty("next").GetString();
        }

        Assert.Equal(["run-4", "run-3", "run-2", "run-1", "run-0"], runs);
        Assert.Equal(3, pages);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=1001")]
    [InlineData("limit=x")]
    [InlineData("status=x")]
    [InlineData("from=yesterday")]
    public async Task A_parameter_that_makes_no_sense_is_refused(string query)
    {
        await using var gateway = await GatewayHost.StartAsync(Yaml);

        using var response = await gateway.Admin.GetAsync(new Uri($"/api/v1/exchanges?{query}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("invalid_request", body.RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task One_exchange_has_all_that_the_contract_names()
    {
        await using var gateway = await FiveExchangesAsync();
        var listed = (await gateway.ExchangesAsync("run=run-0"))[0];
        var id = listed.GetProperty("id").GetString();

        using var shown = JsonDocument.Parse(await gateway.Admin.GetStringAsync(new Uri($"/api/v1/exchanges/{id}", UriKind.Relative), TestContext.Current.CancellationToken));

        Assert.Equal(listed.GetRawText(), shown.RootElement.GetRawText());
        foreach (var name in "id time kind key run route target attempts status outcome stream usage cost_nano_usd price_revision cache verdicts timings".Split(' '))
        {
            Assert.True(listed.TryGetProperty(name, out _), name);
        }

        Assert.Equal(("model", "test", "chat", "sandbox/echo"), (Text("kind"), Text("key"), Text("route"), Text("target")));
        Assert.Equal(new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero), listed.GetProperty("time").GetDateTimeOffset());
        var attempt = Assert.Single(listed.GetProperty("attempts").EnumerateArray());
        Assert.Equal(("sandbox/echo", 200), (attempt.GetProperty("target").GetString(), attempt.GetProperty("status").GetInt32()));
        foreach (var name in "total_ms upstream_ms overhead_us first_byte_ms".Split(' '))
        {
            Assert.Equal(JsonValueKind.Number, listed.GetProperty("timings").GetProperty(name).ValueKind);
        }

        using var absent = await gateway.Admin.GetAsync(new Uri("/api/v1/exchanges/exc_nothing", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, absent.StatusCode);

        string? Text(string name) => listed.GetProperty(name).GetString();
    }

    /// <summary>A minute apart: two of the route, one of another key that fails, one of the target itself, one refused.</summary>
    private static async Task<GatewayHost> FiveExchangesAsync()
    {
        var time = new ManualTime();
        var gateway = await GatewayHost.StartAsync(Yaml, time);
        var asked = new[] { "chat", "chat", "sandbox/error-503", "sandbox/echo", "nobody/nothing" };
        for (var i = 0; i < asked.Length; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = new StringContent(JsonSerializer.Serialize(new { model = asked[i], messages = Array.Empty<object>() })),
            };
            request.Content.Headers.ContentType = new("application/json");
            request.Headers.Add("x-gatehouse-run", "run-" + i.ToString(CultureInfo.InvariantCulture));
            if (i == 2)
            {
                request.Headers.Authorization = new("Bearer", Other);
            }

            (await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken)).Dispose();
            time.Advance(TimeSpan.FromMinutes(1));
        }

        return gateway;
    }
}
