using Gatehouse.Limits;
using Gatehouse.Limits.Accounts;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>Names that callers make up: they neither fill the memory nor get to the amounts of others.</summary>
public sealed class LimitBucketTests
{
    [Fact]
    public void A_limit_keeps_so_many_amounts_and_all_further_names_share_one()
    {
        var time = new ManualTime();
        var book = new LimitBook(time, mostBuckets: 3);
        var (rule, other) = (Rule("a"), Rule("b"));

        for (var i = 0; i < 1000; i++)
        {
            LimitClaim[] claims = [new(book.AccountOf(rule, $"user {i}"), 1)];
            if (book.TryReserve(claims, waiter: null) is null)
            {
                _ = book.Settle(claims[0], used: 1);
            }
        }

        Assert.Equal("(others) user 0 user 1 user 2", string.Join(" ", book.Accounts.Select(account => account.Bucket).Order(StringComparer.Ordinal)));
        // A new name is no way around the limit.
        Assert.Equal(rule.Most, book.AccountOf(rule, "user 1000").Used(book.Now));
        Assert.Same(book.AccountOf(rule, "user 1000"), book.AccountOf(rule, "user 5"));
        Assert.Equal("user 7", book.AccountOf(other, "user 7").Bucket);

        time.Advance(TimeSpan.FromDays(1));
        book.Forget();
        Assert.Equal("user 8", book.AccountOf(rule, "user 8").Bucket);
        Assert.Equal(1, book.Count);
    }

    [Fact]
    public async Task Values_with_commas_are_not_those_of_others_and_long_ones_are_cut()
    {
        await using var upstream = PricedUpstream.Start();
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, """
            limits:
              - { name: pairs, group_by: [agent, user], requests: 10, per: day }
              - { name: users, group_by: [user], requests: 10, per: day }
            """));

        foreach (var (agent, user) in ((string, string)[])[("a, b", "c"), ("a", "b, c"), ("a", new string('x', 900)), ("a", new string('x', 901))])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = new StringContent($$"""{"model":"mock/out-1","user":"{{user}}","messages":[{"role":"user","content":"hi"}]}""", System.Text.Encoding.UTF8, "application/json"),
                Headers = { { "x-gatehouse-agent", agent } },
            };
            using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(System.Net.HttpStatusCode.OK, response.StatusCode);
        }

        var accounts = gateway.Application.Limits.Accounts.ToArray();
        Assert.Equal((4, 4), (accounts.Count(account => account.Rule.Name == "pairs"), accounts.Count(account => account.Rule.Name == "users")));
        Assert.All(accounts, account => Assert.InRange(account.Bucket.Length, 1, 300));
    }

    private static LimitRule Rule(string name) => new() { Id = name, Name = name, Unit = LimitUnit.Money, Period = LimitPeriod.Hour, Most = 20 };
}
