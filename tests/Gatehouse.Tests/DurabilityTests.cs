using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>What a client has received whole is in the ledger, exactly once, whatever happens to the process or the disk.</summary>
public sealed class DurabilityTests
{
    [Theory]
    [InlineData(1, 700, "full")]
    [InlineData(2, 1600, "full")]
    [InlineData(3, 2900, "normal")]
    public async Task An_exchange_whose_answer_a_client_received_whole_survives_a_kill_at_any_moment(int seed, int killAfter, string sync)
    {
        using var folder = new TemporaryFolder();
        await using var upstream = await CountingUpstream.StartAsync();
        // Commits that wait for the disk leave more time between an answer that is ready and its row.
        WriteConfiguration(folder.Path, upstream.Address, $"ledger: {{ sync: {sync} }}");
        await using var killed = await GatewayProcess.ServeAsync(folder.Path, []);
        var load = new ChatLoad(killed.Client, seed);

        await load.RunAsync(killAfter, killed.Kill);
        _ = await killed.ExitAsync();

        Assert.InRange(load.Whole.Count, killAfter, int.MaxValue);
        Assert.Equal(2, load.Whole.DistinctBy(answer => answer.IsStream).Count());
        await using var again = await GatewayProcess.ServeAsync(folder.Path, []);
        var rows = await again.AllExchangesAsync();
        AssertInLedgerOnce(load.Whole, rows);
        AssertSummedUp(rows, await again.GetAsync("/api/v1/usage"));
    }

    [Fact]
    public async Task On_a_full_disk_new_exchanges_are_refused_and_nothing_acknowledged_is_lost()
    {
        using var disk = SmallDisk.Mount();
        using var folder = new TemporaryFolder();
        await using var upstream = await CountingUpstream.StartAsync();
        WriteConfiguration(folder.Path, upstream.Address);
        await using var gateway = await GatewayProcess.ServeAsync(folder.Path, ["--data", disk.Path]);

        disk.Fill(leave: 512 * 1024);
        var load = new ChatLoad(gateway.Client, seed: 4);
        await load.RunAsync(answers: int.MaxValue, () => { });

        Assert.NotEmpty(load.Whole);
        Assert.All(load.Refused, refusal =>
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refusal.Status);
            Assert.Contains("\"code\":\"overloaded\"", refusal.Body, StringComparison.Ordinal);
            Assert.True(refusal.HasRetryAfter);
        });
        Assert.All(load.Broken, stream =>
        {
            Assert.Contains("\"code\":\"overloaded\"", stream, StringComparison.Ordinal);
            Assert.DoesNotContain("[DONE]", stream, StringComparison.Ordinal);
        });
        await AssertRefusesAsync(gateway, upstream);
        // What is acknowledged is on the disk already, and not among the rows that wait for room.
        AssertInLedgerOnce(load.Whole, await gateway.AllExchangesAsync());

        disk.MakeRoom();
        await Eventually.GetAsync(async () => await StatusAsync(gateway.Client, "/readyz") == HttpStatusCode.OK ? (bool?)true : null, "the gateway to recover");
        await AssertAnswersAsync(gateway);
        var rows = await gateway.AllExchangesAsync();
        AssertInLedgerOnce(load.Whole, rows);
        AssertSummedUp(rows, await gateway.GetAsync("/api/v1/usage"));
        // Also those whose answers were withheld: they did happen, and were paid for.
        Assert.Equal(
            Enumerable.Range(1, upstream.Requests).Select(number => $"answer-{number}").Order(StringComparer.Ordinal),
            rows.Select(row => row.GetProperty("response_id").GetString()).OfType<string>().Order(StringComparer.Ordinal));

        // A row never says that an answer went out which was withheld; the one more is the question after the recovery.
        var completed = rows.Where(row => row.GetProperty("outcome").GetString() == "completed").Select(row => row.GetProperty("id").GetString()!);
        Assert.Equal(load.Whole.Count + 1, completed.Distinct(StringComparer.Ordinal).Count());

        await gateway.KillAsync();
        await using var again = await GatewayProcess.ServeAsync(folder.Path, ["--data", disk.Path]);
        AssertInLedgerOnce(load.Whole, await again.AllExchangesAsync());
    }

    [Fact]
    public async Task On_a_full_disk_administration_fails_with_a_message_and_a_reload_does_no_harm()
    {
        using var disk = SmallDisk.Mount();
        using var folder = new TemporaryFolder();
        await using var upstream = await CountingUpstream.StartAsync();
        WriteConfiguration(folder.Path, upstream.Address);
        await using var gateway = await GatewayProcess.ServeAsync(folder.Path, ["--data", disk.Path]);
        disk.Fill(leave: 0);

        // Room in pages that are allocated already takes some keys still.
        var refusal = await Eventually.GetAsync(async () => await CreateKeyAsync(gateway) is { Status: not HttpStatusCode.Created } answer ? answer : default((HttpStatusCode Status, JsonElement Body)?), "a refused key");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refusal.Status);
        Assert.Equal("overloaded", refusal.Body.GetProperty("error").GetProperty("code").GetString());

        WriteConfiguration(folder.Path, upstream.Address, "routes: { late: { targets: [mock/m] } }\n");
        await gateway.LogLineAsync("The configuration was not loaded (file changed)");
        Assert.NotEmpty((await gateway.GetAsync("/api/v1/health")).GetProperty("configuration").GetProperty("errors").EnumerateArray());

        disk.MakeRoom();
        await Eventually.GetAsync(
            async () => (await gateway.GetAsync("/api/v1/routes")).GetProperty("data").GetArrayLength() == 1 ? (bool?)true : null, "the configuration to be loaded");
        await AssertAnswersAsync(gateway);
    }

    private static void WriteConfiguration(string folder, Uri upstream, string more = "") => File.WriteAllText(
        Path.Combine(folder, "gatehouse.yaml"),
        $$"""
        admin: { token: {{GatewayHost.AdminToken}} }
        keys: [ { name: test, secret: {{GatewayHost.Key}}, models: ["*"] } ]
        {{GatewayHost.MockProvider(upstream)}}{{more}}
        """);

    private static void AssertInLedgerOnce(IEnumerable<WholeAnswer> whole, List<JsonElement> rows)
    {
        var byAnswer = rows.Where(row => row.GetProperty("response_id").ValueKind == JsonValueKind.String)
            .ToLookup(row => row.GetProperty("response_id").GetString()!, StringComparer.Ordinal);
        Assert.All(whole, answer =>
        {
            var row = Assert.Single(byAnswer[answer.Id]);
            Assert.Equal(answer.Exchange, row.GetProperty("id").GetString());
            Assert.Equal("completed", row.GetProperty("outcome").GetString());
            Assert.Equal(answer.IsStream, row.GetProperty("stream").GetBoolean());
            Assert.Equal(answer.IsStream ? 5 : 2, row.GetProperty("usage").GetProperty("output_tokens").GetInt64());
        });
    }

    /// <summary>Rows and their sums are written together.</summary>
    private static void AssertSummedUp(List<JsonElement> rows, JsonElement report)
    {
        var totals = report.GetProperty("totals");
        Assert.Equal(rows.Count, totals.GetProperty("exchanges").GetInt64());
        Assert.Equal(
            rows.Select(row => row.GetProperty("usage")).Where(usage => usage.ValueKind == JsonValueKind.Object).Sum(usage => usage.GetProperty("output_tokens").GetInt64()),
            totals.GetProperty("output_tokens").GetInt64());
        Assert.Equal(rows.Sum(row => row.GetProperty("attempts").GetArrayLength()), totals.GetProperty("attempts").GetInt64());
    }

    private static async Task AssertRefusesAsync(GatewayProcess gateway, CountingUpstream upstream)
    {
        var before = upstream.Requests;
        using var response = await AskAsync(gateway);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.Contains("\"code\":\"overloaded\"", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(before, upstream.Requests);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(gateway.Client, "/readyz"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(gateway.Admin, "/readyz"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(gateway.Client, "/healthz"));
        Assert.Equal("refusing", (await gateway.GetAsync("/api/v1/health")).GetProperty("status").GetString());
    }

    private static async Task AssertAnswersAsync(GatewayProcess gateway)
    {
        using var response = await AskAsync(gateway);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static Task<HttpResponseMessage> AskAsync(GatewayProcess gateway) => gateway.Client.PostAsync(
        new Uri("/v1/chat/completions", UriKind.Relative),
        new StringContent("""{"model":"mock/m","messages":[]}""", Encoding.UTF8, "application/json"),
        TestContext.Current.CancellationToken);

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> CreateKeyAsync(GatewayProcess gateway)
    {
        using var response = await gateway.Admin.PostAsync(
            new Uri("/api/v1/keys", UriKind.Relative), new StringContent("""{"name":"late"}""", Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return (response.StatusCode, body.RootElement.Clone());
    }
}
