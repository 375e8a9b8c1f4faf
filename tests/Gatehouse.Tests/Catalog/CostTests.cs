using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Catalog;

/// <summary>What exchanges cost, as the ledger, the metrics and the admin API tell it.</summary>
public sealed class CostTests
{
    private const string Usage = """{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100,"prompt_tokens_details":{"cached_tokens":800,"image_tokens":7}}""";

    private const string Prices = """
        catalog: { models: { "mock/m": { input_usd_per_mtok: 1.00, output_usd_per_mtok: 4.00, cache_read_usd_per_mtok: 0.10 } } }

        """;

    /// <summary>200 uncached, 800 cached, 100 out.</summary>
    private const long Cost = (200 * 1000) + (800 * 100) + (100 * 4000);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_row_of_an_exchange_has_its_cost_and_what_it_was_made_of(bool isStream)
    {
        await using var upstream = Upstream();
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Prices));

        var row = await AskAsync(gateway, "mock/m", isStream);

        Assert.Equal(Cost, row.GetProperty("cost_nano_usd").GetInt64());
        Assert.Equal(1, row.GetProperty("price_revision").GetInt64());
        Assert.Equal("standard", row.GetProperty("service_tier").GetString());
        Assert.Equal(7, row.GetProperty("usage").GetProperty("image_input_tokens").GetInt64());
        Assert.Equal(JsonValueKind.Null, row.GetProperty("usage").GetProperty("web_search_calls").ValueKind);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_costs_what_was_delivered_of_it()
    {
        // Told at the start: 1,000 in and 1 out. Delivered: 400 bytes, about 100 tokens.
        const string Begun = """{"prompt_tokens":1000,"completion_tokens":1,"total_tokens":1001,"prompt_tokens_details":{"cached_tokens":800}}""";
        await using var upstream = new ScriptedUpstream(async (_, connection) => await connection.RespondAsync(
            200, "text/event-stream", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + new string('a', 400) + "\"}}],\"usage\":" + Begun + "}\n\n"));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Prices));

        var row = await AskAsync(gateway, "mock/m", isStream: true);

        Assert.Equal("truncated", row.GetProperty("outcome").GetString());
        Assert.Equal(1, row.GetProperty("usage").GetProperty("output_tokens").GetInt64());
        Assert.Equal(Cost, row.GetProperty("cost_nano_usd").GetInt64());
    }

    [Fact]
    public async Task What_has_no_known_price_or_no_usage_has_no_cost()
    {
        await using var upstream = Upstream();
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Prices));

        Assert.Equal(JsonValueKind.Null, (await AskAsync(gateway, "mock/unknown")).GetProperty("cost_nano_usd").ValueKind);
        Assert.Equal(JsonValueKind.Null, (await AskAsync(gateway, "nobody/m")).GetProperty("cost_nano_usd").ValueKind);
    }

    [Fact]
    public async Task Other_prices_have_another_number_and_equal_ones_the_same_over_restarts()
    {
        using var folder = new TemporaryFolder();
        await using var upstream = Upstream();
        var yaml = GatewayHost.MockProvider(upstream.Address, Prices);
        await using (var gateway = await GatewayHost.StartAsync(yaml, folder: folder))
        {
            Assert.Equal((Cost, 1), await PriceAsync(gateway));
            await File.WriteAllTextAsync(gateway.ConfigurationFile, (await File.ReadAllTextAsync(gateway.ConfigurationFile, TestContext.Current.CancellationToken)).Replace("4.00", "5.00", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            Assert.True(gateway.Application.Snapshots.Load("test"));
            Assert.Equal((Cost + 100_000, 2), await PriceAsync(gateway));
        }

        await using var again = await GatewayHost.StartAsync(yaml + "timeout: { total: 59s }\n", folder: folder);
        Assert.Equal((Cost, 1), await PriceAsync(again));

        static async Task<(long, long)> PriceAsync(GatewayHost gateway)
        {
            var row = await AskAsync(gateway, "mock/m");
            return (row.GetProperty("cost_nano_usd").GetInt64(), row.GetProperty("price_revision").GetInt64());
        }
    }

    [Fact]
    public async Task A_target_of_the_catalogue_needs_no_configuration()
    {
        await using var upstream = Upstream();
        await using var gateway = await GatewayHost.StartAsync(
            $"providers: {{ mine: {{ kind: openai, api_key: k, base_url: \"{upstream.Address}v1\" }} }}\nroutes: {{ chat: {{ targets: [mine/gpt-4o-2099-01-01] }} }}\n");

        var row = await AskAsync(gateway, "chat");

        Assert.Equal((200 * 2500) + (800 * 1250) + (100 * 10000), row.GetProperty("cost_nano_usd").GetInt64());
    }

    [Fact]
    public async Task Costs_are_counted()
    {
        await using var upstream = Upstream();
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Prices));
        _ = await AskAsync(gateway, "mock/m");
        _ = await AskAsync(gateway, "mock/m");
        _ = await AskAsync(gateway, "mock/unknown");

        var page = new PrometheusPage(await gateway.Admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken));

        Assert.Equal(2 * Cost / 1e9, page.Value("gatehouse_cost_total", ("gatehouse_provider", "mock"), ("gen_ai_request_model", "m")), 9);
    }

    [Fact]
    public async Task The_admin_API_lists_models_with_prices_sources_and_days()
    {
        await using var gateway = await GatewayHost.StartAsync("""
            providers: { openai: { api_key: k, models: [gpt-4o] }, sandbox: {} }
            routes: { chat: { targets: [openai/gpt-4o-mini] } }
            catalog: { models: { "sandbox/echo": { input_usd_per_mtok: 7 } } }
            """);

        var models = await ModelsAsync("");
        Assert.All(models, model => Assert.True(model.GetProperty("configured").GetBoolean()));
        Assert.Contains("openai/gpt-4o openai/gpt-4o-mini sandbox/cut", string.Join(' ', models.Select(Id)), StringComparison.Ordinal);
        var price = Find(models, "openai/gpt-4o").GetProperty("prices").EnumerateArray().Single(price => price.GetProperty("price").GetString() == "input");
        Assert.Equal(2.5m, price.GetProperty("usd").GetDecimal());
        Assert.Equal("tokens", price.GetProperty("per").GetString());
        Assert.Matches("^2026-0[78]-", price.GetProperty("source_date").GetString());
        var own = Assert.Single(Find(models, "sandbox/echo").GetProperty("prices").EnumerateArray());
        Assert.Equal((7m, "gatehouse.yaml"), (own.GetProperty("usd").GetDecimal(), own.GetProperty("source").GetString()));
        Assert.Equal(0, Find(models, "sandbox/cut").GetProperty("prices").GetArrayLength());

        var all = await ModelsAsync("?catalog=true&provider=openai");
        Assert.True(all.Length > 100);
        Assert.All(all, model => Assert.Equal("openai", model.GetProperty("provider").GetString()));
        Assert.False(Find(all, "openai/gpt-5").GetProperty("configured").GetBoolean());

        async Task<JsonElement[]> ModelsAsync(string query) => JsonElement.Parse(
            await gateway.Admin.GetStringAsync(new Uri($"/api/v1/models{query}", UriKind.Relative), TestContext.Current.CancellationToken)).GetProperty("data").EnumerateArray().ToArray();

        static string Id(JsonElement model) => model.GetProperty("id").GetString()!;

        static JsonElement Find(JsonElement[] models, string id) => models.Single(model => Id(model) == id);
    }

    private static ScriptedUpstream Upstream() => new(async (request, connection) =>
    {
        if (request.Text.Contains("\"stream\":true", StringComparison.Ordinal))
        {
            await connection.RespondAsync(200, "text/event-stream", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":" + Usage + "}\n\ndata: [DONE]\n\n");
            return;
        }

        await connection.RespondAsync(200, "application/json", "{\"choices\":[],\"usage\":" + Usage + "}");
    });

    private static async Task<JsonElement> AskAsync(GatewayHost gateway, string model, bool isStream = false)
    {
        using var response = await gateway.PostAsync(
            "/v1/chat/completions", $$"""{"model":"{{model}}","stream":{{(isStream ? "true" : "false")}},"messages":[{"role":"user","content":"Hello"}]}""");
        _ = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound);
        return await gateway.ExchangeAsync(response);
    }
}
