using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Tests;

/// <summary>Realtime sessions, over real WebSockets on both sides.</summary>
public sealed class RealtimeTests
{
    private const string Limited = "gh_test_key_that_may_use_one_model";
    private const string More = """

        routes:
          voice: { targets: [mock/gpt-realtime] }
        keys:
          - { name: test, secret: gh_test_key_that_may_use_everything, models: ["*"] }
          - { name: limited, secret: gh_test_key_that_may_use_one_model, models: ["mock/gpt-realtime"] }
        """;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("?model=mock/gpt-realtime", "?model=gpt-realtime")]
    [InlineData("?model=voice", "?model=gpt-realtime")]
    [InlineData("?intent=transcription&model=mock%2Fgpt-realtime&x=a%2Bb&api-key=secret&deployment=other", "?model=gpt-realtime&intent=transcription&x=a%2Bb")]
    public async Task A_session_goes_where_its_model_leads_with_the_providers_credential(string query, string expected)
    {
        await using var upstream = await RealtimeUpstream.StartAsync(RealtimeUpstream.EchoAsync);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, More));
        using var client = await ConnectAsync(gateway, query, socket => socket.SetRequestHeader("openai-beta", "realtime=v1"));
        await client.SayAsync("""{"type":"session.update"}""");
        Assert.Equal("""{"type":"session.update"}""", await client.HearTextAsync());
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", Cancelled);

        var (target, headers) = Assert.Single(upstream.Handshakes);
        Assert.Equal("/v1/realtime" + expected, target);
        Assert.Equal(("Bearer upstream-secret", "realtime=v1"), (headers["authorization"], headers["openai-beta"]));
        Assert.DoesNotContain(headers, header => header.Value.Contains(GatewayHost.Key, StringComparison.Ordinal) || header.Key.StartsWith("x-gatehouse", StringComparison.OrdinalIgnoreCase));
        Assert.Equal((WebSocketCloseStatus.NormalClosure, "done"), (client.CloseStatus, client.CloseStatusDescription));
        var row = await RowAsync(gateway);
        Assert.Equal(("realtime", "completed", 101, "mock/gpt-realtime"), (row.GetProperty("operation").GetString(), row.Outcome(), row.GetProperty("status").GetInt32(), row.GetProperty("target").GetString()));
        Assert.Equal("""{"type":"session.update"}""".Length, row.GetProperty("delivered").GetProperty("bytes").GetInt64());
        Assert.Equal(row.GetProperty("id").GetString(), client.HttpResponseHeaders!["x-gatehouse-exchange"].Single());
    }

    [Fact]
    public async Task A_browser_passes_its_key_as_a_subprotocol_and_it_goes_no_further()
    {
        await using var upstream = await RealtimeUpstream.StartAsync(RealtimeUpstream.EchoAsync);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, More));
        using var client = new ClientWebSocket();
        foreach (var protocol in (string[])["realtime", $"openai-insecure-api-key.{GatewayHost.Key}", "openai-organization.org-1", "openai-beta.realtime-v1"])
        {
            client.Options.AddSubProtocol(protocol);
        }

        await client.ConnectAsync(AddressOf(gateway, "?model=voice"), Cancelled);

        Assert.Equal("realtime", client.SubProtocol);
        Assert.Equal("realtime, openai-beta.realtime-v1", Assert.Single(upstream.Handshakes).Headers["sec-websocket-protocol"]);
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);
        Assert.Equal("completed", (await RowAsync(gateway)).Outcome());
    }

    [Fact]
    public async Task Messages_of_every_size_and_kind_pass_both_ways_as_they_are()
    {
        await using var upstream = await RealtimeUpstream.StartAsync(RealtimeUpstream.EchoAsync);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, More));
        using var client = await ConnectAsync(gateway, "?model=voice");
        foreach (var size in (int[])[0, 1, 125, 126, 16_383, 16_384, 16_385, 65_535, 65_536, 3_000_000])
        {
            var sent = RandomNumberGenerator.GetBytes(size);
            var sending = client.SendAsync(sent, WebSocketMessageType.Binary, endOfMessage: true, Cancelled);
            var heard = await client.HearAsync();
            await sending;
            Assert.Equal(WebSocketMessageType.Binary, heard!.Value.Type);
            Assert.Equal(sent, heard.Value.Bytes);
        }

        await client.SendAsync("{\"type\""u8.ToArray(), WebSocketMessageType.Text, endOfMessage: false, Cancelled);
        await client.SendAsync(Array.Empty<byte>(), WebSocketMessageType.Text, endOfMessage: false, Cancelled);
        await client.SendAsync(":\"x\"}"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Cancelled);
        Assert.Equal("{\"type\":\"x\"}", await client.HearTextAsync());
    }

    public static TheoryData<string> Recorded()
    {
        var names = new TheoryData<string>();
        if (SharedData.IsPresent("wire.tar.gz"))
        {
            string[] files = [.. SharedData.Read("wire.tar.gz").Keys.Where(name => name.StartsWith("wire/realtime/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
            names.AddRange(files);
        }
        else
        {
            names.Add("wire.tar.gz is absent");
        }

        return names;
    }

    [Theory]
    [MemberData(nameof(Recorded))]
    public async Task A_recorded_session_passes_and_its_usage_adds_up(string file)
    {
        var frames = JsonNode.Parse(SharedData.Read("wire.tar.gz")[file])!.AsArray().Where(frame => (string?)frame!["kind"] == "message")
            .Select(frame => (IsSent: (string?)frame!["direction"] == "sent", Text: frame["data"]!.ToJsonString())).ToArray();
        await using var upstream = await RealtimeUpstream.StartAsync(async socket =>
        {
            foreach (var (isSent, text) in frames)
            {
                if (isSent)
                {
                    Assert.Equal(text, await socket.HearTextAsync());
                }
                else
                {
                    await socket.SayAsync(text);
                }
            }

            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "over", Cancelled);
            Assert.Null(await socket.HearTextAsync());
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, More));
        using var client = await ConnectAsync(gateway, "?model=voice");
        foreach (var (isSent, text) in frames)
        {
            if (isSent)
            {
                await client.SayAsync(text);
            }
            else
            {
                Assert.Equal(text, await client.HearTextAsync());
            }
        }

        Assert.Null(await client.HearTextAsync());
        Assert.Equal((WebSocketCloseStatus.NormalClosure, "over"), (client.CloseStatus, client.CloseStatusDescription));
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);
        var row = await RowAsync(gateway);
        Assert.Equal("completed", row.Outcome());

        var events = frames.Where(frame => !frame.IsSent).Select(frame => JsonNode.Parse(frame.Text)!).ToArray();
        var usages = events.Where(e => (string?)e["type"] == "response.done").Select(e => e["response"]!["usage"]?["input_tokens"] is null ? e["usage"] : e["response"]!["usage"])
            .Concat(events.Where(e => (string?)e["type"] == "conversation.item.input_audio_transcription.completed").Select(e => e["usage"]))
            .Where(usage => usage?["input_tokens"] is not null).ToArray();
        long? Sum(Func<JsonNode, JsonNode?> count) => usages.Length == 0 ? null : usages.Sum(usage => (long?)count(usage!) ?? 0);
        Assert.Equal(Sum(u => u["output_tokens"]), row.Tokens("output_tokens"));
        Assert.Equal(Sum(u => u["input_tokens"]), usages.Length == 0 ? null : row.Tokens("input_tokens") + (row.Tokens("cache_read_tokens") ?? 0));
        Assert.Equal(Sum(u => u["input_token_details"]?["cached_tokens"]) ?? 0, row.Tokens("cache_read_tokens") ?? 0);
        Assert.Equal(Sum(u => u["output_token_details"]?["audio_tokens"]) ?? 0, row.Tokens("audio_output_tokens") ?? 0);
    }

    [Theory]
    [InlineData("", GatewayHost.Key, HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("?model=a&model=b", GatewayHost.Key, HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("?Model=voice", GatewayHost.Key, HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("?model=voice&call_id=rtc_1", GatewayHost.Key, HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("?model=nobody/x", GatewayHost.Key, HttpStatusCode.BadGateway, null)]
    [InlineData("?model=voice", Limited, HttpStatusCode.Forbidden, "permission_denied")]
    [InlineData("?model=mock/other", Limited, HttpStatusCode.Forbidden, "permission_denied")]
    [InlineData("?model=voice", "wrong", HttpStatusCode.Unauthorized, "invalid_api_key")]
    public async Task What_may_not_be_opened_is_refused_before_the_upgrade(string query, string key, HttpStatusCode status, string? code)
    {
        await using var upstream = await RealtimeUpstream.StartAsync(RealtimeUpstream.EchoAsync, http =>
        {
            http.Response.StatusCode = 502;
            return Task.FromResult(true);
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, More));
        using var response = await UpgradeAsync(gateway, query, key);

        _ = await response.ShouldFailAsync(status, code ?? "upstream_error");
        Assert.Equal(code is null ? 1 : 0, upstream.Handshakes.Count);
    }

    [Fact]
    public async Task Without_an_upgrade_it_is_a_400_that_says_so()
    {
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(new Uri("http://127.0.0.1:9"), More));

        using var response = await gateway.Client.GetAsync(new Uri("/v1/realtime?model=voice", UriKind.Relative), Cancelled);

        var error = await response.ShouldFailAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Contains("WebSocket", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_of_the_provider_keeps_its_status_headers_and_words()
    {
        const string Body = """{"error":{"message":"slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}""";
        await using var upstream = await RealtimeUpstream.StartAsync(RealtimeUpstream.EchoAsync, async http =>
        {
            http.Response.StatusCode = 429;
            http.Response.ContentType = "application/json";
            http.Response.Headers.RetryAfter = "7";
            await http.Response.WriteAsync(Body);
            return true;
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, More));

        using var response = await UpgradeAsync(gateway, "?model=voice", GatewayHost.Key);

        Assert.Equal(((HttpStatusCode)429, "7", Body), (response.StatusCode, response.Header("retry-after"), await response.Content.ReadAsStringAsync(Cancelled)));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("realtime", "failed", 429), (row.GetProperty("operation").GetString(), row.Outcome(), row.GetProperty("status").GetInt32()));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n")]
    [InlineData("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")]
    public async Task An_answer_that_opens_no_WebSocket_is_a_502(string answer)
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.SendAsync(answer));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, More));

        using var response = await UpgradeAsync(gateway, "?model=voice", GatewayHost.Key);

        _ = await response.ShouldFailAsync(HttpStatusCode.BadGateway, "upstream_invalid_response");
    }

    [Fact]
    public async Task A_route_leads_on_when_a_target_does_not_open_a_session()
    {
        await using var broken = await RealtimeUpstream.StartAsync(RealtimeUpstream.EchoAsync, http =>
        {
            http.Response.StatusCode = 503;
            return Task.FromResult(true);
        });
        await using var upstream = await RealtimeUpstream.StartAsync(RealtimeUpstream.EchoAsync);
        await using var gateway = await GatewayHost.StartAsync(
            $"providers:\n  a: {{ kind: openai-compatible, base_url: \"{broken.Address}v1\" }}\n  b: {{ kind: openai-compatible, base_url: \"{upstream.Address}v1\" }}\nroutes:\n  voice: {{ targets: [a/x, b/y] }}\n");

        using var client = await ConnectAsync(gateway, "?model=voice");

        Assert.Equal(("b/y", "2"), (client.HttpResponseHeaders!["x-gatehouse-target"].Single(), client.HttpResponseHeaders["x-gatehouse-attempts"].Single()));
    }

    [Fact]
    public async Task The_callers_close_reaches_the_provider_with_its_words_and_the_last_usage_still_counts()
    {
        string? heard = null;
        await using var upstream = await RealtimeUpstream.StartAsync(async socket =>
        {
            Assert.Null(await socket.HearTextAsync());
            heard = $"{(int)socket.CloseStatus!} {socket.CloseStatusDescription}";
            await socket.SayAsync("""{"type":"response.done","response":{"usage":{"input_tokens":3,"output_tokens":4,"total_tokens":7}}}""");
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, More));
        using var client = await ConnectAsync(gateway, "?model=voice");

        await client.CloseAsync((WebSocketCloseStatus)4001, "enough", Cancelled);

        Assert.Equal((WebSocketCloseStatus)4001, client.CloseStatus);
        Assert.Equal("4001 enough", heard);
        var row = await RowAsync(gateway);
        Assert.Equal(("completed", 4L), (row.Outcome(), row.Tokens("output_tokens")));
    }

    [Fact]
    public async Task A_provider_that_closes_with_an_error_says_so_to_the_caller_and_the_ledger()
    {
        await using var upstream = await RealtimeUpstream.StartAsync(async socket =>
        {
            await socket.SayAsync("""{"type":"error","error":{"type":"invalid_request_error","code":"session_expired","message":"Your session hit the maximum duration of 60 minutes."}}""");
            await socket.CloseAsync(WebSocketCloseStatus.PolicyViolation, "expired", Cancelled);
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, More));
        using var client = await ConnectAsync(gateway, "?model=voice");

        Assert.Contains("session_expired", await client.HearTextAsync(), StringComparison.Ordinal);
        Assert.Null(await client.HearTextAsync());
        Assert.Equal((WebSocketCloseStatus.PolicyViolation, "expired"), (client.CloseStatus, client.CloseStatusDescription));
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);
        var row = await RowAsync(gateway);
        Assert.Equal("failed", row.Outcome());
        Assert.Contains("60 minutes", row.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_vanishes_becomes_an_error_event_and_a_close()
    {
        await using var upstream = await RealtimeUpstream.StartAsync(async socket =>
        {
            await socket.SayAsync("""{"type":"response.done","response":{"usage":{"input_tokens":3,"output_tokens":4}}}""");
            // What is on its way when a connection is reset may be lost: the caller says when it has arrived.
            _ = await socket.HearTextAsync();
            socket.Abort();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, More));
        using var client = await ConnectAsync(gateway, "?model=voice");

        Assert.Contains("response.done", await client.HearTextAsync(), StringComparison.Ordinal);
        await client.SayAsync("now");
        await AssertBrokenAsync(client, "upstream_error");
        var row = await RowAsync(gateway);
        Assert.Equal(("truncated", "upstream_error", 4L), (row.Outcome(), row.ErrorCode(), row.Tokens("output_tokens")));
    }

    [Fact]
    public async Task A_caller_that_vanishes_ends_the_session_at_the_provider_at_once()
    {
        await using var upstream = await RealtimeUpstream.StartAsync(RealtimeUpstream.EchoAsync);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, More));
        using var client = await ConnectAsync(gateway, "?model=voice");
        await client.SayAsync("hello");
        _ = await client.HearTextAsync();

        client.Abort();

        await Eventually.TrueAsync(() => upstream.Ended == 1, "the provider's end of the session");
        var row = await RowAsync(gateway);
        Assert.Equal(("cancelled", 499), (row.Outcome(), row.GetProperty("status").GetInt32()));
    }

    [Theory]
    [InlineData("idle: 5s", "idle")]
    [InlineData("total: 5s", "total")]
    public async Task A_time_limit_ends_the_session_with_an_error_event(string limit, string name)
    {
        var time = new ManualTime();
        await using var upstream = await RealtimeUpstream.StartAsync(RealtimeUpstream.EchoAsync);
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, $"\ntimeout: {{ {limit} }}" + More), time);
        using var client = await ConnectAsync(gateway, "?model=voice");
        await client.SayAsync("hello");
        Assert.Equal("hello", await client.HearTextAsync());

        var broken = AssertBrokenAsync(client, "upstream_timeout");
        await time.AdvanceUntilAsync(WithResult(broken), TimeSpan.FromSeconds(1));

        var row = await RowAsync(gateway);
        Assert.Equal(("truncated", "upstream_timeout"), (row.Outcome(), row.ErrorCode()));
        Assert.Contains(name, row.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_over_the_limit_ends_the_session_whoever_sent_it()
    {
        await using var upstream = await RealtimeUpstream.StartAsync(async socket =>
        {
            var first = await socket.HearAsync();
            if (first is { Bytes.Length: 1 })
            {
                await socket.SendAsync(new byte[70_000], WebSocketMessageType.Binary, endOfMessage: true, Cancelled);
            }

            _ = await socket.HearAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, "\nserver: { max_stream_frame: 64KiB }" + More));
        using (var client = await ConnectAsync(gateway, "?model=voice"))
        {
            await client.SendAsync(new byte[70_000], WebSocketMessageType.Binary, endOfMessage: true, Cancelled);
            Assert.Null(await client.HearTextAsync());
            Assert.Equal(WebSocketCloseStatus.MessageTooBig, client.CloseStatus);
            await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);
        }

        using (var client = await ConnectAsync(gateway, "?model=voice"))
        {
            await client.SayAsync("x");
            while (await client.HearAsync() is { } message && message.Type == WebSocketMessageType.Binary)
            {
            }
        }

        _ = await Eventually.GetAsync(async () => (await gateway.ExchangesAsync()).Count(row => row.Outcome() == "truncated") == 2 ? (bool?)true : null, "two rows");
    }

    [Fact]
    public async Task A_session_over_a_dated_Azure_API_names_the_deployment()
    {
        await using var upstream = await RealtimeUpstream.StartAsync(RealtimeUpstream.EchoAsync);
        await using var gateway = await GatewayHost.StartAsync(
            $"providers:\n  az: {{ kind: azure-openai, api_key: k, base_url: \"{upstream.Address}\", api_version: 2025-04-01-preview }}\n");

        using var client = await ConnectAsync(gateway, "?model=az/my-voice");

        var (target, headers) = Assert.Single(upstream.Handshakes);
        Assert.Equal(("/openai/realtime?api-version=2025-04-01-preview&deployment=my-voice", "k"), (target, headers["api-key"]));
    }

    private static async Task<bool> WithResult(Task task)
    {
        await task;
        return true;
    }

    private static async Task AssertBrokenAsync(WebSocket client, string code)
    {
        var last = JsonElement.Parse((await client.HearTextAsync())!);
        Assert.Equal("error", last.GetProperty("type").GetString());
        Assert.Equal(code, last.GetProperty("error").GetProperty("code").GetString());
        Assert.Null(await client.HearTextAsync());
        Assert.Equal(WebSocketCloseStatus.InternalServerError, client.CloseStatus);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);
    }

    private static Task<JsonElement> RowAsync(GatewayHost gateway) => gateway.ExchangeAsync(row => row.GetProperty("operation").GetString() == "realtime");

    private static Uri AddressOf(GatewayHost gateway, string query) => new($"ws://{gateway.Address.Authority}/v1/realtime{query}");

    private static async Task<ClientWebSocket> ConnectAsync(GatewayHost gateway, string query, Action<ClientWebSocketOptions>? configure = null)
    {
        var client = new ClientWebSocket();
        client.Options.SetRequestHeader("authorization", $"Bearer {GatewayHost.Key}");
        client.Options.CollectHttpResponseDetails = true;
        configure?.Invoke(client.Options);
        await client.ConnectAsync(AddressOf(gateway, query), Cancelled);
        return client;
    }

    /// <summary>The answer to a handshake as HTTP, for those that do not become a WebSocket.</summary>
    private static Task<HttpResponseMessage> UpgradeAsync(GatewayHost gateway, string query, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/v1/realtime" + query);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Add("connection", "Upgrade");
        request.Headers.Add("upgrade", "websocket");
        request.Headers.Add("sec-websocket-version", "13");
        request.Headers.Add("sec-websocket-key", Convert.ToBase64String(Encoding.ASCII.GetBytes("0123456789abcdef")));
        return gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
    }
}
