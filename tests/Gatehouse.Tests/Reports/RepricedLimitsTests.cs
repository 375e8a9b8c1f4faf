using System.Collections;
using System.Net;
using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Reports;
using Gatehouse.Storage;
using Gatehouse.Tests.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Tests.Reports;

/// <summary>Reports that read the ledger come one at a time, and have an end.</summary>
public sealed class RepricedLimitsTests
{
    [Fact]
    public async Task One_report_is_computed_at_a_time_and_reads_so_many_exchanges_and_no_more()
    {
        using var folder = new TemporaryFolder();
        var time = new ManualTime();
        var snapshots = await ThreeExchangesAsync(time, folder);
        using var database = Database.Open($"sqlite:{Directory.GetFiles(folder.Path, "*.db", SearchOption.AllDirectories).Single()}", time);
        var prices = new PriceHistory(database);
        var report = new RepricedReport(database, prices, mostRows: 2);
        var builder = WebApplication.CreateSlimBuilder();
        _ = builder.WebHost.UseUrls("http://127.0.0.1:0");
        _ = builder.Logging.ClearProviders();
        _ = builder.Services.AddSingleton<TimeProvider>(time).AddSingleton(snapshots).AddSingleton(report)
            .AddSingleton(new UsageReader(database)).AddSingleton(new FocusExport(database, prices, snapshots));
        await using var application = builder.Build();
        UsageEndpoints.Map(application);
        await application.StartAsync(TestContext.Current.CancellationToken);
        using var client = new HttpClient { BaseAddress = new Uri(application.Urls.Single()) };

        using var held = new HeldGroupings();
        var first = report.RunAsync(UsageQuery.Parse(new QueryCollection(), time.GetUtcNow(), []).Query! with { GroupBy = held }, RepricedReport.Current, snapshots.Current, TestContext.Current.CancellationToken);
        var (status, error) = await GetAsync(client, "");
        held.Release();
        Assert.Equal((HttpStatusCode.Conflict, "busy"), (status, error.GetProperty("code").GetString()));
        // Three are more than two.
        Assert.Equal("from", (await first).Mistake!.Field);

        (status, error) = await GetAsync(client, "");
        Assert.Equal((HttpStatusCode.BadRequest, "from"), (status, error.GetProperty("field").GetString()));
        Assert.Contains("more than 2 exchanges", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        using var none = await client.GetAsync(new Uri("/usage/repriced?key=nobody", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, none.StatusCode);
        Assert.Equal(3, (await new RepricedReport(database, prices, mostRows: 3).RunAsync(
            UsageQuery.Parse(new QueryCollection(), time.GetUtcNow(), []).Query!, RepricedReport.Current, snapshots.Current, TestContext.Current.CancellationToken)).View!.Totals.Exchanges);
    }

    private static async Task<SnapshotSource> ThreeExchangesAsync(ManualTime time, TemporaryFolder folder)
    {
        await using var gateway = await GatewayHost.StartAsync("providers: { sandbox: {} }", time, folder);
        for (var i = 0; i < 3; i++)
        {
            using var content = new StringContent("""{"model":"sandbox/echo","messages":[{"role":"user","content":"hi"}]}""", System.Text.Encoding.UTF8, "application/json");
            using var answer = await gateway.Client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(3, (await gateway.ExchangesAsync()).Length);
        return gateway.Application.Snapshots;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Error)> GetAsync(HttpClient client, string query)
    {
        using var response = await client.GetAsync(new Uri($"/usage/repriced?{query}", UriKind.Relative), TestContext.Current.CancellationToken);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return (response.StatusCode, body.RootElement.GetProperty("error").Clone());
    }

    /// <summary>No groupings, but a report that asks for them waits.</summary>
    private sealed class HeldGroupings : IReadOnlyList<string>, IDisposable
    {
        private readonly ManualResetEventSlim _released = new();

        public int Count => 0;

        public string this[int index] => throw new ArgumentOutOfRangeException(nameof(index));

        public void Release() => _released.Set();

        public IEnumerator<string> GetEnumerator()
        {
            _released.Wait();
            return Enumerable.Empty<string>().GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public void Dispose() => _released.Dispose();
    }
}
