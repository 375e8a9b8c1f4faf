using System.Net;
using System.Text.Json;
using Gatehouse.Limits;
using Gatehouse.Limits.Accounts;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>Exchanges that wait for money that others hold, and the ways in which that ends: nothing stays held or queued, and each turn is taken or passed on.</summary>
public sealed class BudgetWaitTests
{
    [Fact]
    public async Task A_caller_that_leaves_while_it_waits_holds_nothing_and_lets_the_next_one_pass()
    {
        await using var held = await HeldBudget.StartAsync();
        using var leaves = new CancellationTokenSource();
        var second = held.AskUntilAsync(leaves.Token);
        await held.WaitForAsync(1);
        var third = held.AskAsync();
        await held.WaitForAsync(2);

        await leaves.CancelAsync();
        await held.WaitForAsync(1);
        held.Release();

        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Equal(HttpStatusCode.OK, (await held.First).Status);
        Assert.Equal(HttpStatusCode.OK, (await third).Status);
        var left = await held.Gateway.ExchangeAsync(row => row.GetProperty("outcome").GetString() == "cancelled");
        Assert.Equal((0, JsonValueKind.Null, 499), (left.GetProperty("attempts").GetArrayLength(), left.GetProperty("cost_nano_usd").ValueKind, left.GetProperty("status").GetInt32()));
        await held.IsOverAsync(charged: 2);
    }

    [Fact]
    public async Task Who_has_waited_long_enough_is_told_of_the_budget_and_stands_in_no_line()
    {
        var time = new ManualTime();
        await using var held = await HeldBudget.StartAsync("admission: { max_wait: 10s }", time);
        var timers = time.Waiting;
        var second = held.AskAsync();
        await held.WaitForAsync(1);
        await Eventually.TrueAsync(() => time.Waiting > timers, "its patience to run");

        time.Advance(TimeSpan.FromSeconds(10));
        var (status, text) = await second;

        Assert.Equal(HttpStatusCode.PaymentRequired, status);
        Assert.Contains("budget_exceeded", text, StringComparison.Ordinal);
        await held.WaitForAsync(0);
        var row = await held.Gateway.ExchangeAsync(row => row.GetProperty("outcome").GetString() == "refused");
        Assert.Equal((0, JsonValueKind.Null), (row.GetProperty("attempts").GetArrayLength(), row.GetProperty("cost_nano_usd").ValueKind));
        held.Release();
        Assert.Equal(HttpStatusCode.OK, (await held.First).Status);
        await held.IsOverAsync(charged: 1);
    }

    [Fact]
    public async Task A_gateway_that_stops_sends_those_away_that_wait()
    {
        await using var held = await HeldBudget.StartAsync("server: { shutdown_timeout: 100ms }");
        var second = held.AskAsync();
        await held.WaitForAsync(1);

        await held.StopAsync();
        var (status, text) = await second;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("is being stopped", text, StringComparison.Ordinal);
        Assert.NotEqual(HttpStatusCode.OK, (await held.First).Status);
        Assert.Empty(held.Account.Waiters);
        Assert.Equal(0, held.Account.Held);
        await using var again = await held.StartAgainAsync();
        Assert.Contains(await again.ExchangesAsync(), row => row.GetProperty("attempts").GetArrayLength() == 0 && row.GetProperty("cost_nano_usd").ValueKind == JsonValueKind.Null
            && row.GetProperty("error").GetProperty("code").GetString() == "gateway_stopping");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Of_many_that_wait_for_several_budgets_each_one_gets_its_turn(int seed)
    {
        const int Rounds = 400;
        var book = new LimitBook(TimeProvider.System);
        var rules = Enumerable.Range(0, 3).Select(i => new LimitRule { Id = $"r{i}", Name = $"r{i}", Unit = LimitUnit.Money, Period = LimitPeriod.Once, Most = 100_000 + (i * 10_000) }).ToArray();
        var limits = new KeyLimits(rules);
        var used = new long[rules.Length];
        var (left, refused, overdrawn) = (0, 0, 0);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));

        await Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            var random = new Random((seed * 100) + worker);
            for (var round = 0; round < Rounds; round++)
            {
                // Two of three that ask at the same time have no room.
                var chosen = rules.Where(_ => random.Next(3) > 0).ToArray();
                var claims = chosen.Select(rule => new LimitClaim(book.AccountOf(rule, ""), random.Next(20_000, 60_000))).ToArray();
                var reservation = new LimitReservation(book, limits);
                var waiter = new LimitWaiter();
                using var leaves = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
                var refusal = reservation.TryAdd(claims, waiter);
                if (refusal is not null && waiter.Line is not null)
                {
                    var waits = reservation.WaitAsync(claims, waiter, refusal, leaves.Token).AsTask();
                    if (random.Next(3) == 0)
                    {
                        await Task.Yield();
                        await leaves.CancelAsync();
                    }

                    refusal = await waits;
                }

                if (refusal is not null)
                {
                    // Whoever stayed must have got it: there is always as much, as soon as others have ended.
                    _ = leaves.IsCancellationRequested && !patience.IsCancellationRequested ? Interlocked.Increment(ref left) : Interlocked.Increment(ref refused);
                    _ = reservation.Settle(default);
                    continue;
                }

                foreach (var claim in reservation.Claims)
                {
                    lock (claim.Account.Gate)
                    {
                        overdrawn += claim.Account.Left(book.Now) < 0 ? 1 : 0;
                    }
                }

                for (var others = random.Next(10); others >= 0; others--)
                {
                    // They run meanwhile, and find it held.
                    await Task.Yield();
                }

                var spent = random.Next(3);
                foreach (var charge in reservation.Settle(new LimitUse(1, 0, 0, spent)))
                {
                    _ = Interlocked.Add(ref used[Array.IndexOf(rules, charge.Account.Rule)], charge.Used);
                }
            }
        })));

        Assert.False(patience.IsCancellationRequested, "somebody waited for ever");
        Assert.Equal((0, 0), (refused, overdrawn));
        Assert.True(left > 0);
        for (var i = 0; i < rules.Length; i++)
        {
            var account = Assert.IsType<PeriodAccount>(book.AccountOf(rules[i], ""));
            Assert.Equal((used[i], 0), (account.Used(book.Now), account.Held));
            Assert.Empty(account.Waiters);
        }
    }

    /// <summary>A budget that is just enough for one call at a time, and a first call that holds it until it is released.</summary>
    private sealed class HeldBudget : IAsyncDisposable
    {
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TemporaryFolder _folder = new();
        private readonly ScriptedUpstream _upstream;
        private string _yaml = "";
        private bool _isStopped;

        private HeldBudget() => _upstream = PricedUpstream.Start(_ => _goOn.Task);

        public GatewayHost Gateway { get; private set; } = null!;

        public Task<(HttpStatusCode Status, string Text)> First { get; private set; } = null!;

        public PeriodAccount Account => (PeriodAccount)Gateway.Application.Limits.Accounts.Single();

        public static async Task<HeldBudget> StartAsync(string more = "", TimeProvider? time = null)
        {
            var made = new HeldBudget();
            // 10 USD per million tokens: a call may cost 100 tokens and its input, and costs 20 in the end.
            made._yaml = GatewayHost.MockProvider(made._upstream.Address, $$"""
                catalog:
                  models:
                    mock/out-10: { input_usd_per_mtok: 10, output_usd_per_mtok: 10 }
                {{more}}
                keys:
                  - { name: test, secret: {{GatewayHost.Key}}, models: ["*"], limits: [ { budget_usd: 0.0018, per: day } ] }
                """);
            made.Gateway = await GatewayHost.StartAsync(made._yaml, time, made._folder);
            made.First = made.AskAsync();
            await Eventually.TrueAsync(() => made._upstream.Requests.Count == 1, "the first call");
            return made;
        }

        public Task<(HttpStatusCode Status, string Text)> AskAsync() => AskUntilAsync(TestContext.Current.CancellationToken);

        public async Task<(HttpStatusCode Status, string Text)> AskUntilAsync(CancellationToken leaves)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = new StringContent("""{"model":"mock/out-10","max_tokens":100,"messages":[{"role":"user","content":"hi"}]}""", System.Text.Encoding.UTF8, "application/json"),
            };
            using var response = await Gateway.Client.SendAsync(request, leaves);
            return (response.StatusCode, await response.Content.ReadAsStringAsync(leaves));
        }

        public Task WaitForAsync(int waiting) => Eventually.TrueAsync(
            () =>
            {
                lock (Account.Gate)
                {
                    return Account.Waiters.Count == waiting;
                }
            },
            $"{waiting} to wait");

        public void Release() => _goOn.TrySetResult();

        public async Task IsOverAsync(int charged)
        {
            await Eventually.TrueAsync(() => Account.Held == 0, "all is settled");
            Assert.Empty(Account.Waiters);
            Assert.Equal(charged * 200_000, Account.Used(Gateway.Application.Limits.Now));
        }

        public async Task StopAsync()
        {
            _isStopped = true;
            await Gateway.Application.DisposeAsync();
        }

        public Task<GatewayHost> StartAgainAsync() => GatewayHost.StartAsync(_yaml, folder: _folder);

        public async ValueTask DisposeAsync()
        {
            Release();
            if (!_isStopped)
            {
                await Gateway.DisposeAsync();
            }

            await _upstream.DisposeAsync();
            _folder.Dispose();
        }
    }
}
