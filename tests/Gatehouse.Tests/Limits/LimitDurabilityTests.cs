using System.Globalization;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>What is left of limits after the process was killed, at any moment, is what the ledger leaves of them.</summary>
public sealed class LimitDurabilityTests
{
    [Theory]
    [InlineData(1, 400)]
    [InlineData(2, 1100)]
    public async Task After_a_kill_under_load_each_budget_and_rate_is_the_sum_of_the_ledger_to_the_nano_dollar(int seed, int killAfter)
    {
        using var folder = new TemporaryFolder();
        await using var upstream = await CountingUpstream.StartAsync();
        GatewayProcess.Configure(folder.Path, upstream.Address, """
            catalog: { models: { mock/m: { input_usd_per_mtok: 3.333333, output_usd_per_mtok: 17.77 } } }
            limits:
              - { name: month, budget_usd: 1000, per: month }
              - { name: ever, budget_usd: 1000, per: once, group_by: [provider] }
              - { name: runs, budget_usd: 1000, per: run }
              - { name: calls, requests: 1000000, per: day }
              - { name: tokens, total_tokens: 1000000000, per: day, group_by: [key] }
            """);
        await using var killed = await GatewayProcess.ServeAsync(folder.Path, []);
        var load = new ChatLoad(killed.Client, seed);

        await load.RunAsync(killAfter, killed.Kill);
        _ = await killed.ExitAsync();
        await using var again = await GatewayProcess.ServeAsync(folder.Path, []);
        var rows = await again.AllExchangesAsync();
        var limits = (await again.GetAsync("/api/v1/limits")).GetProperty("data").EnumerateArray().ToDictionary(limit => limit.GetProperty("name").GetString()!, StringComparer.Ordinal);

        Assert.InRange(rows.Count, killAfter, int.MaxValue);
        var spent = rows.Sum(row => row.GetProperty("cost_nano_usd") is { ValueKind: JsonValueKind.Number } cost ? cost.GetInt64() : 0);
        Assert.True(spent > 0);
        Assert.Equal(spent / 1e9m, Used(limits["month"]));
        Assert.Equal(spent / 1e9m, Used(limits["ever"]));
        Assert.Equal(rows.Count, Used(limits["calls"]));
        Assert.Equal(rows.Sum(row => Tokens(row, "input_tokens") + Tokens(row, "output_tokens")), Used(limits["tokens"]));
        // Each call was a run of its own.
        Assert.Equal(rows.Count(row => row.GetProperty("cost_nano_usd") is { ValueKind: JsonValueKind.Number } cost && cost.GetInt64() > 0), limits["runs"].GetProperty("account_count").GetInt32());
        Assert.All(limits.Values, limit => Assert.All(limit.GetProperty("accounts").EnumerateArray(), account => Assert.Equal(0, account.GetProperty("held").GetDecimal())));
    }

    [Fact]
    public async Task A_restart_with_other_amounts_keeps_what_was_used()
    {
        using var folder = new TemporaryFolder();
        await using var upstream = PricedUpstream.Start();
        await using (var first = await StartAsync(folder, upstream, budget: 1))
        {
            using var response = await first.PostAsync("/v1/chat/completions", """{"model":"mock/out-90","messages":[]}""");
            Assert.Equal(0.001m, Used(await LimitAsync(first)));
        }

        await using (var second = await StartAsync(folder, upstream, budget: 0.0011m))
        {
            var limit = await LimitAsync(second);
            Assert.Equal((0.001m, 0.0011m), (Used(limit), limit.GetProperty("most").GetDecimal()));
            using var refused = await second.PostAsync("/v1/chat/completions", """{"model":"mock/out-90","messages":[],"max_tokens":90}""");
            _ = await refused.ShouldFailAsync(System.Net.HttpStatusCode.PaymentRequired, "budget_exceeded");

            await File.WriteAllTextAsync(second.ConfigurationFile, (await File.ReadAllTextAsync(second.ConfigurationFile, TestContext.Current.CancellationToken)).Replace("0.0011", "5", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            Assert.True(second.Application.Snapshots.Load("test"));
            Assert.Equal(0.001m, Used(await LimitAsync(second)));
            using var passed = await second.PostAsync("/v1/chat/completions", """{"model":"mock/out-90","messages":[],"max_tokens":90}""");
            Assert.Equal(System.Net.HttpStatusCode.OK, passed.StatusCode);
        }

        await using var third = await StartAsync(folder, upstream, budget: 1);
        Assert.Equal(0.002m, Used(await LimitAsync(third)));
    }

    private static Task<GatewayHost> StartAsync(TemporaryFolder folder, ScriptedUpstream upstream, decimal budget) => GatewayHost.StartAsync(
        GatewayHost.MockProvider(upstream.Address, string.Create(CultureInfo.InvariantCulture, $$"""
            catalog: { models: { mock/out-90: { input_usd_per_mtok: 10, output_usd_per_mtok: 10 } } }
            limits: [ { name: all, budget_usd: {{budget}}, per: once } ]
            """)),
        folder: folder);

    private static async Task<JsonElement> LimitAsync(GatewayHost gateway)
    {
        await using var stream = await gateway.Admin.GetStreamAsync(new Uri("/api/v1/limits", UriKind.Relative), TestContext.Current.CancellationToken);
        using var document = await JsonDocument.ParseAsync(stream, cancellationToken: TestContext.Current.CancellationToken);
        return document.RootElement.GetProperty("data")[0].Clone();
    }

    private static decimal Used(JsonElement limit) => limit.GetProperty("accounts").EnumerateArray().Sum(account => account.GetProperty("used").GetDecimal());

    private static long Tokens(JsonElement row, string name) =>
        row.GetProperty("usage") is { ValueKind: JsonValueKind.Object } usage && usage.GetProperty(name) is { ValueKind: JsonValueKind.Number } count ? count.GetInt64() : 0;
}
