using System.Net;
using System.Net.WebSockets;
using System.Text;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>Budgets and what the request says little of: pictures, sounds, sessions. And prices that are only known as the answer comes.</summary>
public sealed class MediaBudgetTests
{
    /// <summary>10 USD per million.</summary>
    private const long Token = 10_000;

    [Fact]
    public async Task Many_pictures_at_once_do_not_pass_a_budget_that_has_room_for_two()
    {
        // Each costs 1,010 tokens: 0.0101 USD.
        await using var upstream = ScriptedUpstream.Json("""{"created":1,"data":[{"b64_json":"aGk="}],"usage":{"input_tokens":10,"output_tokens":1000,"total_tokens":1010}}""");
        await using var gateway = await StartAsync(upstream.Address, "{ budget_usd: 0.021, per: day }");

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using var response = await gateway.PostAsync("/v1/images/generations", """{"model":"mock/m","prompt":"a cat"}""");
            return response.StatusCode;
        }));

        var account = Assert.Single(gateway.Application.Limits.Accounts);
        Assert.All(answers, status => Assert.True(status is HttpStatusCode.OK or HttpStatusCode.PaymentRequired, $"{status}"));
        // One more may pass while nothing is known of what they cost: alone.
        Assert.InRange(answers.Count(status => status == HttpStatusCode.OK), 2, 3);
        Assert.Equal(answers.Count(status => status == HttpStatusCode.OK) * 1010 * Token, account.Used(gateway.Application.Limits.Now));
        Assert.Equal(0, account.Held);
    }

    [Fact]
    public async Task A_budget_of_nothing_takes_no_pictures_and_no_sessions()
    {
        await using var upstream = ScriptedUpstream.Json("""{"created":1,"data":[]}""");
        await using var gateway = await StartAsync(upstream.Address, "{ budget_usd: 0, per: day }");

        using var form = new MultipartFormDataContent { { new StringContent("mock/m"), "model" }, { new ByteArrayContent("x"u8.ToArray()), "file", "a.wav" } };
        using var sound = await gateway.Client.PostAsync(new Uri("/v1/audio/transcriptions", UriKind.Relative), form, TestContext.Current.CancellationToken);
        using var client = new ClientWebSocket();
        client.Options.SetRequestHeader("authorization", $"Bearer {GatewayHost.Key}");
        client.Options.CollectHttpResponseDetails = true;
        _ = await Assert.ThrowsAsync<WebSocketException>(() => client.ConnectAsync(new Uri($"ws://{gateway.Address.Authority}/v1/realtime?model=mock/m"), TestContext.Current.CancellationToken));

        Assert.Equal(HttpStatusCode.PaymentRequired, sound.StatusCode);
        Assert.Equal(HttpStatusCode.PaymentRequired, client.HttpStatusCode);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task A_session_ends_with_the_answer_that_used_up_its_budget()
    {
        var said = 0;
        await using var upstream = await RealtimeUpstream.StartAsync(async socket =>
        {
            while (await socket.HearTextAsync() is not null)
            {
                said++;
                await socket.SayAsync("""{"type":"response.done","response":{"id":"r","usage":{"input_tokens":100,"output_tokens":300,"total_tokens":400}}}""");
            }
        });
        // 4,000,000 an answer: the third one is beyond.
        await using var gateway = await StartAsync(upstream.Address, "{ budget_usd: 0.01, per: day }");
        using var client = new ClientWebSocket();
        client.Options.SetRequestHeader("authorization", $"Bearer {GatewayHost.Key}");
        await client.ConnectAsync(new Uri($"ws://{gateway.Address.Authority}/v1/realtime?model=mock/m"), TestContext.Current.CancellationToken);

        var heard = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            await client.SayAsync("""{"type":"response.create"}""");
            heard.Add((await client.HearTextAsync())!);
        }

        Assert.All(heard, text => Assert.Contains("response.done", text, StringComparison.Ordinal));
        Assert.Contains("budget_exceeded", await client.HearTextAsync(), StringComparison.Ordinal);
        Assert.Null(await client.HearTextAsync());
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, client.CloseStatus);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
        var row = await gateway.ExchangeAsync(row => row.GetProperty("operation").GetString() == "realtime");
        Assert.Equal("truncated", row.GetProperty("outcome").GetString());
        Assert.Equal(12_000_000, row.GetProperty("cost_nano_usd").GetInt64());
        Assert.Equal(12_000_000, Assert.Single(gateway.Application.Limits.Accounts).Used(gateway.Application.Limits.Now));
        Assert.Equal(3, said);
    }

    [Theory]
    [InlineData("default", 2000)]
    [InlineData("priority", 1000)]
    public async Task A_stream_is_metered_at_the_price_of_the_tier_that_the_answer_names(string tier, int tokens)
    {
        await using var upstream = Stream(frames: 5000, $$""","service_tier":"{{tier}}" """);
        await using var gateway = await StartAsync(upstream.Address, "{ budget_usd: 0.02, per: day }");

        using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"mock/m","stream":true,"messages":[{"role":"user","content":"hi"}]}""");
        var row = await gateway.ExchangeAsync(response);

        Assert.Equal("budget_exceeded", row.GetProperty("error").GetProperty("code").GetString());
        Assert.InRange(row.GetProperty("delivered").GetProperty("text_bytes").GetInt64() / 4, tokens - 20, tokens + 1);
        Assert.InRange(row.GetProperty("cost_nano_usd").GetInt64(), 20_000_000 - (20 * Token), 20_000_000 + (2 * Token));
    }

    [Fact]
    public async Task An_answer_that_is_whole_is_not_broken_off_for_what_its_usage_tells_in_the_end()
    {
        // It costs 0.0012 by its text, and 0.1 by its usage.
        await using var upstream = Stream(frames: 100, "", """{"prompt_tokens":9900,"completion_tokens":100,"total_tokens":10000}""");
        await using var gateway = await StartAsync(upstream.Address, "{ budget_usd: 0.02, per: day }");

        using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"mock/m","stream":true,"messages":[{"role":"user","content":"hi"}]}""");
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("budget_exceeded", text, StringComparison.Ordinal);
        Assert.Equal(100_000_000, (await gateway.ExchangeAsync(response)).GetProperty("cost_nano_usd").GetInt64());
    }

    private static ScriptedUpstream Stream(int frames, string more, string? usage = null) => new(async (_, connection) =>
    {
        await connection.StartChunkedAsync(200, "text/event-stream");
        for (var i = 0; i < frames; i++)
        {
            await connection.ChunkAsync(Frame("""{"index":0,"delta":{"content":"abc "},"finish_reason":null}""", more));
        }

        await connection.ChunkAsync(Frame("""{"index":0,"delta":{},"finish_reason":"stop"}""", more));
        if (usage is not null)
        {
            await connection.ChunkAsync(Frame("", $",\"usage\":{usage}"));
        }

        await connection.ChunkAsync("data: [DONE]\n\n"u8.ToArray());
        await connection.EndChunksAsync();
    });

    private static byte[] Frame(string choice, string more) => Encoding.UTF8.GetBytes(
        $$"""data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{{choice}}]{{more}}}""" + "\n\n");

    private static Task<GatewayHost> StartAsync(Uri upstream, string limits) => GatewayHost.StartAsync(GatewayHost.MockProvider(upstream, $$"""
        catalog:
          models:
            mock/m:
              input_usd_per_mtok: 10
              output_usd_per_mtok: 10
              priority: { input_usd_per_mtok: 20, output_usd_per_mtok: 20 }
        keys:
          - { name: test, secret: {{GatewayHost.Key}}, models: ["*"], limits: [ {{limits}} ] }
        """));
}
