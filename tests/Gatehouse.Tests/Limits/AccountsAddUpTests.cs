using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>
/// Whatever becomes of calls - retried, failed over, hedged, gone on with elsewhere, broken off by their provider or their caller - what their
/// attempts cost is what the ledger says, and that is what the budget says.
/// </summary>
public sealed class AccountsAddUpTests(ITestOutputHelper output)
{
    private const int Calls = 500;
    private const int AtOnce = 24;

    /// <summary>Nano-USD for a token of input, of output, and of input that was read from or written to a cache.</summary>
    private static readonly Dictionary<string, (long Input, long Output, long CacheRead, long CacheWrite)> Prices = new(StringComparer.Ordinal)
    {
        ["a/m"] = (1_000, 2_000, 100, 0),
        ["b/m"] = (30_000, 50_000, 3_000, 0),
        ["d/m"] = (5_000_000, 7_000_000, 500_000, 0),
        ["e/m"] = (11_000_000, 13_000_000, 1_100_000, 0),
        ["c/m"] = (700_000, 1_100_000, 70_000, 900_000),
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task The_attempts_the_ledger_and_the_budget_say_the_same(int seed)
    {
        await using var upstream = new FailingUpstream(seed).Start();
        await using var gateway = await StartAsync(upstream);

        using var slots = new SemaphoreSlim(AtOnce);
        await Task.WhenAll(Enumerable.Range(0, Calls).Select(async number =>
        {
            await slots.WaitAsync(TestContext.Current.CancellationToken);
            try
            {
                await CallAsync(gateway, number);
            }
            finally
            {
                _ = slots.Release();
            }
        }));
        await Eventually.TrueAsync(() => gateway.Application.Limits.Accounts.All(account => account.Held == 0), "all is settled");
        var rows = await gateway.ExchangesAsync("limit=1000");

        Assert.All(rows, AddsUp);
        var ledger = rows.Sum(row => CostOf(row) ?? 0);
        Assert.Equal(ledger, gateway.Application.Limits.Accounts.Single(account => account.Rule.Name == "money").Used(gateway.Application.Limits.Now));
        // Each provider is charged with what its own attempts have cost, and with nothing else.
        Assert.Equal(ledger, gateway.Application.Limits.Accounts.Where(account => account.Rule.Name == "by provider").Sum(account => account.Used(gateway.Application.Limits.Now)));
        Assert.Equal(0, gateway.Application.Limits.Accounts.Single(account => account.Rule.Name == "at once").Used(gateway.Application.Limits.Now));

        var seen = rows.CountBy(row => row.GetProperty("outcome").GetString()!).ToDictionary(StringComparer.Ordinal);
        int With(Func<JsonElement, bool> condition) => rows.Count(row => Attempts(row).Any(condition));
        seen["overtaken"] = With(attempt => attempt.GetProperty("error").GetString() == "overtaken" && CostOf(attempt) > 0);
        seen["paid for and not used"] = With(attempt => attempt.GetProperty("error").GetString() is not (null or "overtaken") && CostOf(attempt) > 0);
        seen["continued"] = rows.Count(row => row.GetProperty("continued").GetInt32() > 0);
        output.WriteLine(string.Join(", ", seen.Select(pair => $"{pair.Value} {pair.Key}")) + $", {ledger / 1e9:0.00} USD");
        foreach (var kind in (string[])["completed", "failed", "truncated", "cancelled", "overtaken", "paid for and not used", "continued"])
        {
            Assert.True(seen.GetValueOrDefault(kind) > 0, $"nothing was {kind}");
        }
    }

    private static void AddsUp(JsonElement row)
    {
        var attempts = Attempts(row);
        var outcome = row.GetProperty("outcome").GetString();
        var cost = CostOf(row);
        if (attempts.Length == 1)
        {
            // What one alone cost is what the row says; it says so itself where another was to follow and its caller left before.
            Assert.Equal(cost, CostOf(attempts[0]) ?? cost);
        }
        else
        {
            Assert.True((cost ?? 0) == attempts.Sum(attempt => CostOf(attempt) ?? 0), row.ToString());
            Assert.Equal(cost is null, attempts.All(attempt => CostOf(attempt) is null));
        }

        // Whatever went out is paid, and so is what nobody waited for. A provider that failed before it said anything is not.
        var hasFailed = outcome is "failed" or "refused" || (outcome == "cancelled" && attempts.All(attempt =>
            attempt.GetProperty("error").ValueKind == JsonValueKind.String && attempt.GetProperty("status").ValueKind == JsonValueKind.Number));
        Assert.True(cost is not null || hasFailed, row.ToString());
        if (outcome == "completed" && row.GetProperty("continued").GetInt32() == 0)
        {
            var (input, output, cacheRead, cacheWrite) = Prices[row.GetProperty("target").GetString()!];
            var usage = row.GetProperty("usage");
            long Tokens(string name) => usage.GetProperty(name) is { ValueKind: JsonValueKind.Number } count ? count.GetInt64() : 0;
            var own = (Tokens("input_tokens") * input) + (Tokens("output_tokens") * output) + (Tokens("cache_read_tokens") * cacheRead) + (Tokens("cache_write_tokens") * cacheWrite);
            Assert.Equal(own, attempts.Length == 1 ? cost : CostOf(attempts[^1]));
        }
    }

    private static JsonElement[] Attempts(JsonElement row) => [.. row.GetProperty("attempts").EnumerateArray()];

    private static long? CostOf(JsonElement element) =>
        element.TryGetProperty("cost_nano_usd", out var cost) && cost.ValueKind == JsonValueKind.Number ? cost.GetInt64() : null;

    private static async Task CallAsync(GatewayHost gateway, int number)
    {
        var random = new Random(number);
        var isStream = random.Next(10) < 7;
        var group = number % FailingUpstream.Groups;
        var model = group == FailingUpstream.SlowFirst ? "hedged"
            : group == FailingUpstream.CutFirst ? "continued"
            : ((string[])["failover", "continued", "a/m", "c/m"])[random.Next(4)];
        var (path, more) = random.Next(2) == 0 ? ("/v1/chat/completions", "") : ("/v1/messages", ",\"max_tokens\":500");
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(
                $$"""{"model":"{{model}}","stream":{{(isStream ? "true" : "false")}}{{more}},"messages":[{"role":"user","content":"This is call {{number}} of some"}]}""",
                Encoding.UTF8, "application/json"),
        };
        var leavesAfter = random.Next(group is FailingUpstream.SlowFirst or FailingUpstream.CutFirst ? 40 : 8);
        if (leavesAfter == 0)
        {
            // Before the answer begins, or a little later.
            leave.CancelAfter(TimeSpan.FromMilliseconds(random.Next(60)));
        }

        try
        {
            using var response = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leave.Token);
            await using var body = await response.Content.ReadAsStreamAsync(leave.Token);
            var buffer = new byte[256];
            while (await body.ReadAsync(buffer, leave.Token) > 0)
            {
                if (leavesAfter == 1)
                {
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or HttpRequestException or IOException)
        {
            // Broken off by one side or the other.
        }
    }

    private static Task<GatewayHost> StartAsync(ScriptedUpstream upstream)
    {
        static string Usd(long nano) => (nano / 1000m).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var models = string.Concat(Prices.Select(price =>
            $"    {price.Key}: {{ input_usd_per_mtok: {Usd(price.Value.Input)}, output_usd_per_mtok: {Usd(price.Value.Output)}, cache_read_usd_per_mtok: {Usd(price.Value.CacheRead)}, cache_write_usd_per_mtok: {Usd(price.Value.CacheWrite)} }}\n"));
        return GatewayHost.StartAsync($$"""
            providers:
              a: { kind: openai-compatible, base_url: "{{upstream.Address}}a/v1", api_key: x }
              b: { kind: openai-compatible, base_url: "{{upstream.Address}}b/v1", api_key: x }
              d: { kind: openai-compatible, base_url: "{{upstream.Address}}d/v1", api_key: x }
              e: { kind: openai-compatible, base_url: "{{upstream.Address}}e/v1", api_key: x }
              c: { kind: anthropic, base_url: "{{upstream.Address}}c", api_key: x }
            timeout: { first_byte: 5s, idle: 300ms, total: 20s }
            routes:
              failover: { targets: [a/m, c/m, b/m], retry: { attempts: 4 } }
              hedged: { targets: [d/m, e/m], retry: { attempts: 3 }, hedge: { share: 1, after: 30ms } }
              continued: { targets: [c/m, a/m, b/m], continuation: prefix, retry: { attempts: 4 } }
            catalog:
              models:
            {{models}}
            keys:
              - name: test
                secret: {{GatewayHost.Key}}
                models: ["*"]
                limits:
                  - { name: money, budget_usd: 100000, per: day }
                  - { name: tokens, total_tokens: 100000000, per: day }
                  - { name: at once, concurrency: 1000 }
                  - { name: by provider, group_by: [provider], budget_usd: 100000, per: day }
            """);
    }
}
