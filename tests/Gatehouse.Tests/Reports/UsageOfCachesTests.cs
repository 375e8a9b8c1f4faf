using System.Globalization;
using System.Text.Json;
using Gatehouse.Ledger;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Reports;
using Gatehouse.Tests.Caching;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Reports;

/// <summary>What the gateway's caches answer is no charge: it costs nothing, and that is known.</summary>
public sealed class UsageOfCachesTests
{
    [Theory]
    [InlineData("mock/gpt")]
    [InlineData("mock/of-unknown-price")]
    public async Task Hits_are_not_unpriced_and_no_quantities_of_focus(string target)
    {
        await using var upstream = CacheGateway.Counting();
        await using var gateway = await GatewayHost.StartAsync(CacheGateway.Yaml(upstream).Replace("targets: [mock/gpt]", $"targets: [{target}]", StringComparison.Ordinal), new ManualTime());
        foreach (var status in (string[])["miss", "hit", "hit"])
        {
            using var response = await gateway.AskAsync(CacheGateway.Chat());
            Assert.Equal(status, response.Headers.GetValues("x-gatehouse-cache").Single());
        }

        _ = await gateway.ExchangesAsync();
        using var report = JsonDocument.Parse(await GetAsync(gateway, "group_by=cache&order_by=group"));
        var isPriced = target == "mock/gpt";
        Assert.Equal(
            isPriced ? ["hit 2 unpriced 0 cost 0 saved 6000000", "miss 1 unpriced 0 cost 3000000 saved 0"] : ["hit 2 unpriced 0 cost 0 saved 0", "miss 1 unpriced 1 cost 0 saved 0"],
            report.RootElement.GetProperty("data").EnumerateArray().Select(row =>
                $"{row.GetProperty("group").GetProperty("cache").GetString()} {row.GetProperty("exchanges")} unpriced {row.GetProperty("unpriced_exchanges")} cost {row.GetProperty("cost_nano_usd")} saved {row.GetProperty("saved_nano_usd")}"),
            StringComparer.Ordinal);

        var lines = (await GetAsync(gateway, "format=focus")).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var quantity = Array.IndexOf(FocusExport.Columns, "ConsumedQuantity");
        // Of the miss alone. No field before it has a comma.
        Assert.Equal([500m, 1000m], lines.Skip(1).Select(line => decimal.Parse(line.Split(',')[quantity], CultureInfo.InvariantCulture)).Order());
        Assert.Equal(isPriced ? 0 : 1, lines.Skip(1).Sum(line => int.Parse(line.Split(',')[^1], CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData((int)CacheStatus.Hit, null, 0L, 0)]
    [InlineData((int)CacheStatus.Semantic, null, 0L, 0)]
    [InlineData((int)CacheStatus.Semantic, "a/b", 0L, 0)]
    [InlineData((int)CacheStatus.Miss, "a/b", 7L, 0)]
    [InlineData((int)CacheStatus.Miss, "a/b", null, 1)]
    public void Only_an_answer_of_a_target_can_have_a_cost_that_is_not_known(int cache, string? target, long? cost, long unpriced)
    {
        var sums = new long[UsageMeasures.Count];

        UsageMeasures.Read(Answered((CacheStatus)cache, target, cost), sums);

        Assert.Equal((unpriced, cost ?? 0), (sums[UsageMeasures.UnpricedExchanges], sums[UsageMeasures.CostNanoUsd]));
    }

    private static LedgerEntry Answered(CacheStatus cache, string? target, long? cost) => new()
    {
        Id = "exc",
        StartedAtMicroseconds = 0,
        Kind = "model",
        Operation = "chat",
        Revision = 1,
        KeyId = "key",
        KeyName = "key",
        Run = "run",
        Payer = Identity.Payer.Nobody,
        Cache = cache,
        Requested = "m",
        Target = target,
        CostNanoUsd = cost,
        Usage = new Usage { InputTokens = 9 },
        Attempts = "[]",
        Status = 200,
        Outcome = "completed",
        IsStream = false,
        PriceRevision = 1,
        DeliveredBytes = 0,
        DeliveredText = 0,
        Timings = new ExchangeTimings(TimeProvider.System),
    };

    private static Task<string> GetAsync(GatewayHost gateway, string query) =>
        gateway.Admin.GetStringAsync(new Uri($"/api/v1/usage?{query}", UriKind.Relative), TestContext.Current.CancellationToken);
}
