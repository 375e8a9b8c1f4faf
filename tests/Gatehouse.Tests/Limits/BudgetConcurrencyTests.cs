using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>A budget under many calls at once: it holds, and nobody is refused while there is money.</summary>
public sealed class BudgetConcurrencyTests
{
    private const long CheapOutput = 20;
    private const long DearOutput = 200;
    private const long NanoPerToken = 10_000; // 10 USD per million, of input and output

    /// <summary>Every call tells 10 tokens of input.</summary>
    private const long Cheap = (10 + CheapOutput) * NanoPerToken;
    private const long Dear = (10 + DearOutput) * NanoPerToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_thousand_calls_spend_a_budget_worth_a_hundred_and_no_more_than_a_frame_above(int seed)
    {
        await using var upstream = PricedUpstream.Start();
        const long Cap = 50 * (Cheap + Dear);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, $$"""
            catalog:
              models:
                mock/out-{{CheapOutput}}: { input_usd_per_mtok: 10, output_usd_per_mtok: 10 }
                mock/out-{{DearOutput}}: { input_usd_per_mtok: 10, output_usd_per_mtok: 10 }
            keys:
              - { name: test, secret: {{GatewayHost.Key}}, models: ["*"], limits: [ { budget_usd: {{Cap / 1e9m}}, per: once } ] }
            """));
        var random = new SeededRandom(seed);
        var calls = Enumerable.Range(0, 1000).Select(_ => (Output: random.Next(2) == 0 ? CheapOutput : DearOutput, IsStream: random.Next(2) == 0)).ToArray();

        var answers = await Task.WhenAll(calls.Select(async call =>
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", Body(call.Output, call.IsStream));
            return (call, response.StatusCode, Text: await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }));

        var rows = await RowsAsync(gateway);
        Assert.Equal(1000, rows.Length);
        Assert.All(answers, answer => Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.PaymentRequired, $"{answer.StatusCode}: {answer.Text}"));
        Assert.All(answers.Where(answer => answer.StatusCode == HttpStatusCode.PaymentRequired), answer => Assert.Contains("budget_exceeded", answer.Text, StringComparison.Ordinal));
        var charged = rows.Sum(row => row.GetProperty("cost_nano_usd") is { ValueKind: JsonValueKind.Number } cost ? cost.GetInt64() : 0);
        // A frame is one token.
        Assert.InRange(charged, 0, Cap + NanoPerToken);
        // Cheap calls were refused: there was not even enough for one of them.
        Assert.Contains(answers, answer => answer is { call.Output: CheapOutput, StatusCode: HttpStatusCode.PaymentRequired });
        Assert.InRange(Cap - charged, -NanoPerToken, Cheap + (Cheap / 2));
        // Whoever was answered with a whole body has it whole.
        Assert.All(answers.Where(answer => answer is { StatusCode: HttpStatusCode.OK, call.IsStream: false }), answer => Assert.Contains("\"stop\"", answer.Text, StringComparison.Ordinal));
        // The book says what the ledger says.
        var account = Assert.Single(gateway.Application.Limits.Accounts);
        Assert.Equal(charged, account.Used(gateway.Application.Limits.Now));
        Assert.Equal(0, account.Held);
    }

    private static string Body(long output, bool isStream) =>
        $$"""{"model":"mock/out-{{output}}","stream":{{(isStream ? "true" : "false")}},"messages":[{"role":"user","content":"Say words, please, as many as you have been told to say here."}]}""";

    private static async Task<JsonElement[]> RowsAsync(GatewayHost gateway)
    {
        await Eventually.TrueAsync(() => gateway.Application.Limits.Accounts.All(account => account.Held == 0), "all is settled");
        return await gateway.ExchangesAsync("limit=1000");
    }
}
