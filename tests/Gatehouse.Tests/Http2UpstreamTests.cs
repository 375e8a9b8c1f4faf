using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gatehouse.Tests;

/// <summary>
/// Providers on the internet are spoken to with HTTP/2 over TLS: many exchanges share a connection, and what happens to one of them must
/// not reach another. The gateway is a process of its own here, for that is how it can be told to trust a certificate.
/// </summary>
public sealed class Http2UpstreamTests
{
    private const string Answer =
        """{"id":"a","object":"chat.completion","model":"gpt",  "choices":[{"index":0,"message":{"role":"assistant","content":"h\u00e9"},"finish_reason":"stop"}]}""";

    private const string Frame = """data: {"id":"a","choices":[{"index":0,"delta":{"content":"12345678"},"finish_reason":null}]}""" + "\n\n";
    private const string LastFrames = """data: {"id":"a","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\ndata: [DONE]\n\n";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task JSON_and_streams_pass_byte_for_byte_over_HTTP_2()
    {
        using var folder = new TemporaryFolder();
        var sent = new ConcurrentQueue<string>();
        await using var upstream = await Http2Upstream.StartAsync(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            var body = await reader.ReadToEndAsync(http.RequestAborted);
            sent.Enqueue(body);
            if (body.Contains("\"stream\":true", StringComparison.Ordinal))
            {
                await StreamAsync(http, ": hello\n\n", Frame, Frame, LastFrames);
                return;
            }

            await JsonAsync(http, 200, Answer);
        });
        await using var gateway = await ServeAsync(folder, upstream);

        using var json = await PostAsync(gateway, GatewayAnswers.Chat);
        using var stream = await PostAsync(gateway, GatewayAnswers.StreamedChat);

        Assert.Equal(Answer, await json.Content.ReadAsStringAsync(Stop));
        Assert.Equal(": hello\n\n" + Frame + Frame + LastFrames, await stream.Content.ReadAsStringAsync(Stop));
        Assert.Equal("HTTP/2", Assert.Single(upstream.Protocols.Keys));
        Assert.Equal(GatewayAnswers.Chat.Replace("mock/gpt", "gpt", StringComparison.Ordinal), sent.First());
    }

    [Fact]
    public async Task Many_exchanges_at_once_share_one_connection()
    {
        const int Count = 60;
        using var folder = new TemporaryFolder();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = 0;
        await using var upstream = await Http2Upstream.StartAsync(async http =>
        {
            var body = await ReadAsync(http);
            if (NumberOf(body) > 0)
            {
                // Nobody is answered before all are there: they are under way at the same time, or never come to an end.
                if (Interlocked.Increment(ref waiting) == Count)
                {
                    all.SetResult();
                }

                await all.Task.WaitAsync(http.RequestAborted);
            }

            await JsonAsync(http, 200, Echo(body));
        });
        await using var gateway = await ServeAsync(folder, upstream);
        await AssertEchoedAsync(gateway, number: 0, length: 100);

        await Task.WhenAll(Enumerable.Range(1, Count).Select(number => AssertEchoedAsync(gateway, number, 20_000 + number)));

        Assert.Equal(Count + 1, upstream.Requests);
        _ = Assert.Single(upstream.Connections);
    }

    [Theory]
    [InlineData(401, true)]
    [InlineData(413, false)]
    public async Task A_provider_that_answers_while_a_body_is_still_being_sent_never_gets_bytes_of_another_request(int status, bool readsSome)
    {
        const int Workers = 8;
        const int Rounds = 6;
        using var folder = new TemporaryFolder();
        var mixed = new ConcurrentQueue<string>();
        await using var upstream = await Http2Upstream.StartAsync(async http =>
        {
            if (http.Request.ContentLength > 1_000_000)
            {
                // The body is several times what HTTP/2 lets through unread: most of it has not been sent now.
                if (readsSome)
                {
                    await CheckBeginningAsync(http, mixed);
                }

                await JsonAsync(http, status, """{"error":{"message":"no","type":"t","param":null,"code":"early"}}""");
                return;
            }

            await JsonAsync(http, 200, Echo(await ReadAsync(http)));
        });
        await using var gateway = await ServeAsync(folder, upstream);

        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(
            async () =>
            {
                for (var round = 0; round < Rounds; round++)
                {
                    var number = (worker * Rounds) + round;
                    if (worker % 2 == 0)
                    {
                        using var response = await PostAsync(gateway, Encoding.UTF8.GetString(BodyOf(number, "mock/gpt", 3_000_000)));
                        var text = await response.Content.ReadAsStringAsync(Stop);
                        Assert.True((int)response.StatusCode == status || response.StatusCode == HttpStatusCode.BadGateway, $"{response.StatusCode}: {text}");
                        _ = GatewayAnswers.ErrorIn(text, response.StatusCode == HttpStatusCode.BadGateway ? "upstream_error" : "early");
                    }
                    else
                    {
                        // Large enough to be still under way when a neighbour's buffers are given back.
                        await AssertEchoedAsync(gateway, number, 400_000 + number);
                    }
                }
            },
            Stop)));

        Assert.Empty(mixed);
        Assert.Equal("HTTP/2", Assert.Single(upstream.Protocols.Keys));
        await AssertNothingUnexpectedAsync(gateway);
    }

    [Fact]
    public async Task A_provider_that_begins_to_answer_before_it_has_read_the_request_still_gets_that_request()
    {
        const int Large = 3_000_000;
        const int Streams = 4;
        using var folder = new TemporaryFolder();
        var mixed = new ConcurrentQueue<string>();
        var echoed = 0;
        await using var upstream = await Http2Upstream.StartAsync(async http =>
        {
            if (http.Request.ContentLength < Large)
            {
                await JsonAsync(http, 200, Echo(await ReadAsync(http)));
                _ = Interlocked.Increment(ref echoed);
                return;
            }

            // The answer is under way; if the gateway let go of the request now, these others would be written over what is left of it.
            await StreamAsync(http, Frame);
            var before = Volatile.Read(ref echoed);
            await Eventually.TrueAsync(() => Volatile.Read(ref echoed) >= before + 12, "other requests");
            var body = await ReadAsync(http);
            if (!body.AsSpan().SequenceEqual(BodyOf(NumberOf(body), "gpt", Large)))
            {
                mixed.Enqueue($"request {NumberOf(body)}");
            }

            await StreamAsync(http, LastFrames);
        });
        await using var gateway = await ServeAsync(folder, upstream);

        var streams = Task.WhenAll(Enumerable.Range(0, Streams).Select(async number =>
        {
            using var response = await PostAsync(gateway, Encoding.UTF8.GetString(BodyOf(number, "mock/gpt", Large)));
            return await response.Content.ReadAsStringAsync(Stop);
        }));
        await Task.WhenAll(Enumerable.Range(1, 3).Select(worker => Task.Run(
            async () =>
            {
                for (var round = 0; !streams.IsCompleted; round++)
                {
                    await AssertEchoedAsync(gateway, (worker * 10_000) + round, 1_000_000);
                }
            },
            Stop)));

        Assert.Empty(mixed);
        Assert.All(await streams, text => Assert.Equal(Frame + LastFrames, text));
        await AssertNothingUnexpectedAsync(gateway);
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_of_a_stream_resets_it_and_no_other()
    {
        using var folder = new TemporaryFolder();
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = await Http2Upstream.StartAsync(async http =>
        {
            _ = await ReadAsync(http);
            await StreamAsync(http, Frame);
            await goOn.Task.WaitAsync(http.RequestAborted);
            await StreamAsync(http, LastFrames);
        });
        await using var gateway = await ServeAsync(folder, upstream);
        using var staying = await PostAsync(gateway, GatewayAnswers.StreamedChat, HttpCompletionOption.ResponseHeadersRead);
        var leaving = await PostAsync(gateway, GatewayAnswers.StreamedChat, HttpCompletionOption.ResponseHeadersRead);
        _ = Assert.Single(upstream.Connections);

        leaving.Dispose();

        await Eventually.TrueAsync(() => upstream.Aborted == 1, "the reset of the stream");
        goOn.SetResult();
        Assert.Equal(Frame + LastFrames, await staying.Content.ReadAsStringAsync(Stop));
        using var next = await PostAsync(gateway, GatewayAnswers.StreamedChat);
        Assert.Equal(Frame + LastFrames, await next.Content.ReadAsStringAsync(Stop));
        _ = Assert.Single(upstream.Connections);
        Assert.Equal(1, upstream.Aborted);
    }

    [Theory]
    [InlineData("/v1/chat/completions", true)]
    [InlineData("/v1/files", false)]
    public async Task A_client_that_leaves_while_its_body_is_passed_on_resets_the_stream_and_no_other(string path, bool sendsAll)
    {
        using var folder = new TemporaryFolder();
        await using var upstream = await Http2Upstream.StartAsync(async http =>
        {
            if (http.Request.ContentLength > 1_000_000)
            {
                // Reads nothing: the gateway can send as much as the window allows, and waits then.
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted);
            }

            await JsonAsync(http, 200, Echo(await ReadAsync(http)));
        });
        await using var gateway = await ServeAsync(folder, upstream);
        await AssertEchoedAsync(gateway, number: 0, length: 100);
        var body = BodyOf(1, "mock/gpt", 3_000_000);
        await using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync($"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {GatewayHost.Key}\r\ncontent-type: application/"
            + (sendsAll ? "json" : "octet-stream\r\nx-gatehouse-provider: mock") + $"\r\ncontent-length: {body.Length}\r\n\r\n");
        await client.SendAsync(sendsAll ? body : body.AsMemory(0, 50_000));
        await Eventually.TrueAsync(() => upstream.Requests == 2, "the provider's request");

        client.Reset();

        await Eventually.TrueAsync(() => upstream.Aborted == 1, "the reset of the stream");
        await Task.WhenAll(Enumerable.Range(2, 8).Select(number => AssertEchoedAsync(gateway, number, 300_000)));
        _ = Assert.Single(upstream.Connections);
        var row = await Eventually.GetAsync(
            async () => (await gateway.AllExchangesAsync()).Where(row => row.Outcome() == "cancelled").Select(row => (JsonElement?)row).SingleOrDefault(), "the row");
        Assert.Equal(499, row.GetProperty("status").GetInt32());
        await AssertNothingUnexpectedAsync(gateway);
    }

    [Fact]
    public async Task A_stream_that_the_provider_resets_ends_in_an_error_event_and_no_other_does()
    {
        using var folder = new TemporaryFolder();
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = await Http2Upstream.StartAsync(async http =>
        {
            var isBroken = Encoding.UTF8.GetString(await ReadAsync(http)).Contains("break", StringComparison.Ordinal);
            await StreamAsync(http, Frame);
            await goOn.Task.WaitAsync(http.RequestAborted);
            if (isBroken)
            {
                http.Abort();
                return;
            }

            await StreamAsync(http, LastFrames);
        });
        await using var gateway = await ServeAsync(folder, upstream);
        using var whole = await PostAsync(gateway, GatewayAnswers.StreamedChat, HttpCompletionOption.ResponseHeadersRead);
        using var broken = await PostAsync(
            gateway, GatewayAnswers.StreamedChat.Replace("hi", "break", StringComparison.Ordinal), HttpCompletionOption.ResponseHeadersRead);

        goOn.SetResult();

        var text = await broken.Content.ReadAsStringAsync(Stop);
        Assert.StartsWith(Frame + "data: ", text, StringComparison.Ordinal);
        _ = GatewayAnswers.ErrorIn(text[(Frame.Length + "data: ".Length)..], "upstream_error");
        Assert.Equal(Frame + LastFrames, await whole.Content.ReadAsStringAsync(Stop));
        _ = Assert.Single(upstream.Connections);
        var outcomes = (await gateway.AllExchangesAsync()).Select(row => row.Outcome()!).Order(StringComparer.Ordinal);
        Assert.Equal("completed truncated", string.Join(' ', outcomes));
    }

    [Theory]
    [InlineData("before the head")]
    [InlineData("after the head")]
    public async Task A_reset_before_the_answer_is_whole_is_a_502(string when)
    {
        using var folder = new TemporaryFolder();
        await using var upstream = await Http2Upstream.StartAsync(async http =>
        {
            _ = await ReadAsync(http);
            if (when == "after the head")
            {
                http.Response.ContentType = "application/json";
                await http.Response.WriteAsync(Answer[..20], http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }

            http.Abort();
        });
        await using var gateway = await ServeAsync(folder, upstream);

        using var response = await PostAsync(gateway, GatewayAnswers.Chat);

        _ = await response.ShouldFailAsync(HttpStatusCode.BadGateway, "upstream_error");
    }

    [Fact]
    public async Task A_provider_that_closes_its_connections_and_refuses_streams_under_load_fails_no_request()
    {
        const int Workers = 16;
        const int Rounds = 25;
        const int RefusedStream = 7;
        using var folder = new TemporaryFolder();
        var (arrived, refused, closed) = (0, 0, 0);
        var failed = new ConcurrentQueue<string>();
        await using var upstream = await Http2Upstream.StartAsync(async http =>
        {
            var number = Interlocked.Increment(ref arrived);
            if (number % 11 == 0)
            {
                // RFC 9113, 8.7: "The REFUSED_STREAM error code [...] indicates that the stream is being closed prior to any processing having occurred."
                _ = Interlocked.Increment(ref refused);
                http.Features.GetRequiredFeature<IHttpResetFeature>().Reset(RefusedStream);
                return;
            }

            if (number % 17 == 0)
            {
                // GOAWAY: what runs on the connection is answered, new streams need another one.
                _ = Interlocked.Increment(ref closed);
                http.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().RequestClose();
            }

            var body = await ReadAsync(http);
            await JsonAsync(http, 200, Echo(body));
        });
        await using var gateway = await ServeAsync(folder, upstream);

        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(
            async () =>
            {
                for (var round = 0; round < Rounds; round++)
                {
                    var number = (worker * Rounds) + round;
                    // Some are longer than what HTTP/2 lets through unread.
                    var length = number % 5 == 0 ? 200_000 : 500;
                    using var response = await PostAsync(gateway, Encoding.UTF8.GetString(BodyOf(number, "mock/gpt", length)));
                    var text = await response.Content.ReadAsStringAsync(Stop);
                    if (text != Echo(BodyOf(number, "gpt", length)))
                    {
                        failed.Enqueue($"{length}: {text}");
                    }
                }
            },
            Stop)));

        Assert.True(refused > 10, $"{refused} streams were refused");
        Assert.True(closed > 10, $"{closed} connections were closed");
        Assert.True(upstream.Connections.Count > 2, $"{upstream.Connections.Count} connections");
        var rows = await gateway.AllExchangesAsync();
        Assert.Empty(failed);
        Assert.Equal(Workers * Rounds, rows.Count);
        Assert.All(rows, row => Assert.Equal("completed", row.Outcome()));
        await AssertNothingUnexpectedAsync(gateway);
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_is_a_502_that_says_so_and_nothing_is_sent()
    {
        await using var upstream = await Http2Upstream.StartAsync(http => JsonAsync(http, 200, Answer));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));

        using var response = await gateway.PostAsync("/v1/chat/completions", GatewayAnswers.Chat);

        var error = await response.ShouldFailAsync(HttpStatusCode.BadGateway, "upstream_error");
        Assert.Contains("mock/gpt could not be reached: no TLS connection", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, upstream.Requests);
    }

    private static Task<GatewayProcess> ServeAsync(TemporaryFolder folder, Http2Upstream upstream)
    {
        File.WriteAllText(
            Path.Combine(folder.Path, "gatehouse.yaml"),
            $$"""
            admin: { token: {{GatewayHost.AdminToken}} }
            keys: [ { name: test, secret: {{GatewayHost.Key}}, models: ["*"] } ]
            {{GatewayHost.MockProvider(upstream.Address)}}
            """);
        return GatewayProcess.ServeAsync(folder.Path, [], ("SSL_CERT_FILE", upstream.WriteCertificate(folder.Path)));
    }

    private static Task<HttpResponseMessage> PostAsync(
        GatewayProcess gateway, string json, HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        return gateway.Client.SendAsync(request, completion, Stop);
    }

    /// <summary>Sends a body that no other request has, and asserts that the provider got exactly this one.</summary>
    private static async Task AssertEchoedAsync(GatewayProcess gateway, int number, int length)
    {
        using var response = await PostAsync(gateway, Encoding.UTF8.GetString(BodyOf(number, "mock/gpt", length)));
        Assert.Equal(Echo(BodyOf(number, "gpt", length)), await response.Content.ReadAsStringAsync(Stop));
    }

    private static async Task AssertNothingUnexpectedAsync(GatewayProcess gateway)
    {
        Assert.DoesNotContain("failed unexpectedly", gateway.AllText, StringComparison.Ordinal);
        Assert.DoesNotContain(await gateway.AllExchangesAsync(), row => row.ErrorCode() == "internal_error");
    }

    /// <summary>A request that says in every few of its bytes whose they are.</summary>
    private static byte[] BodyOf(int number, string model, int length)
    {
        var mark = number.ToString("D6", CultureInfo.InvariantCulture) + ".";
        var text = new StringBuilder($$"""{"user":"{{mark}}","model":"{{model}}","messages":[{"role":"user","content":" """);
        for (var i = 0; i < length / mark.Length; i++)
        {
            _ = text.Append(mark);
        }

        return Encoding.ASCII.GetBytes(text.Append("\"}]}").ToString());
    }

    private static int NumberOf(ReadOnlySpan<byte> body) => int.Parse(body["{\"user\":\"".Length..][..6], CultureInfo.InvariantCulture);

    private static string Echo(byte[] body) =>
        $$"""{"id":"{{Convert.ToHexString(SHA256.HashData(body))}}","object":"chat.completion","model":"gpt","choices":[{"index":0,"message":{"role":"assistant","content":"{{NumberOf(body)}}"},"finish_reason":"stop"}]}""";

    private static async Task<byte[]> ReadAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        return body.ToArray();
    }

    /// <summary>Reads part of a body, which must be the beginning of what was sent.</summary>
    private static async Task CheckBeginningAsync(HttpContext http, ConcurrentQueue<string> mixed)
    {
        var beginning = new byte[700_000];
        await http.Request.Body.ReadExactlyAsync(beginning, http.RequestAborted);
        if (!BodyOf(NumberOf(beginning), "gpt", 3_000_000).AsSpan().StartsWith(beginning))
        {
            mixed.Enqueue($"request {NumberOf(beginning)}");
        }
    }

    private static async Task JsonAsync(HttpContext http, int status, string body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(body, http.RequestAborted);
    }

    private static async Task StreamAsync(HttpContext http, params string[] frames)
    {
        if (!http.Response.HasStarted)
        {
            http.Response.ContentType = "text/event-stream";
        }

        foreach (var frame in frames)
        {
            await http.Response.WriteAsync(frame, http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
    }
}
