using System.Net;
using System.Text;
using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>More exchanges than the gateway takes on at a time.</summary>
public sealed class AdmissionTests
{
    private const string Answer = """{"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}]}""";
    private const string Interactive = "gh_test_key_of_a_person_that_waits";
    private const string Keys = $$"""

        keys:
          - { name: test, secret: {{GatewayHost.Key}}, models: ["*"] }
          - { name: person, secret: {{Interactive}}, models: ["*"], priority: interactive }

        """;

    [Fact]
    public async Task What_is_more_than_the_limit_waits_and_is_answered()
    {
        await using var upstream = new HeldUpstream();
        await using var gateway = await StartAsync(upstream, "concurrency: 2");
        var calls = new[] { AskAsync(gateway, "a"), AskAsync(gateway, "b") };
        await RunningAsync(gateway, 2);
        calls = [.. calls, AskAsync(gateway, "c")];
        await WaitingAsync(gateway, 1);
        Assert.Equal(2, upstream.Models.Count);

        upstream.Release(1);
        await Eventually.TrueAsync(() => upstream.Models.Count == 3, "the third");
        upstream.Release(2);

        Assert.All(await Task.WhenAll(calls), response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        await RunningAsync(gateway, 0);
        Assert.Equal(0, await GaugeAsync(gateway, "waiting"));
    }

    [Fact]
    public async Task A_full_queue_is_told_in_the_words_of_the_caller_with_when_to_come_again()
    {
        await using var upstream = new HeldUpstream();
        await using var gateway = await StartAsync(upstream, "concurrency: 1, queue: 0");
        var running = AskAsync(gateway, "a");
        await RunningAsync(gateway, 1);

        var chat = await ShedAsync("/v1/chat/completions", GatewayAnswers.Chat);
        Assert.Equal("overloaded", chat.GetProperty("error").GetProperty("code").GetString());
        var responses = await ShedAsync("/v1/responses", """{"model":"mock/gpt","input":"hi"}""");
        Assert.Equal("overloaded", responses.GetProperty("error").GetProperty("code").GetString());
        var messages = await ShedAsync("/v1/messages", """{"model":"mock/gpt","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}""");
        Assert.Equal("error", messages.GetProperty("type").GetString());
        Assert.Equal("overloaded_error", messages.GetProperty("error").GetProperty("type").GetString());
        var gemini = await ShedAsync("/v1beta/models/mock%2Fgpt:generateContent", """{"contents":[{"parts":[{"text":"hi"}]}]}""");
        Assert.Equal(503, gemini.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal("UNAVAILABLE", gemini.GetProperty("error").GetProperty("status").GetString());

        // A stream that has not begun is refused like everything else.
        var stream = await ShedAsync("/v1/chat/completions", GatewayAnswers.StreamedChat);
        Assert.Equal("overloaded", stream.GetProperty("error").GetProperty("code").GetString());

        var row = await gateway.ExchangeAsync(row => row.ErrorCode() == "overloaded");
        Assert.Equal("refused", row.Outcome());
        Assert.Equal("admit", row.GetProperty("error").GetProperty("phase").GetString());
        Assert.Equal(5, (await PageAsync(gateway)).Value("gatehouse_admission_shed_total", ("class", "default"), ("reason", "full")));
        upstream.Release(1);
        Assert.Equal(HttpStatusCode.OK, (await running).StatusCode);

        async Task<JsonElement> ShedAsync(string path, string json)
        {
            using var response = await gateway.PostAsync(path, json);
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(response.StatusCode == HttpStatusCode.ServiceUnavailable, $"{path}: {(int)response.StatusCode} {text}");
            Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
            return JsonElement.Parse(text);
        }
    }

    [Fact]
    public async Task Classes_are_served_in_their_order_and_no_key_rises_above_its_own()
    {
        await using var upstream = new HeldUpstream();
        await using var gateway = await StartAsync(upstream, "concurrency: 1");
        List<Task<HttpResponseMessage>> calls = [AskAsync(gateway, "first")];
        await RunningAsync(gateway, 1);
        (string Model, string? Key, string? Priority)[] waiting =
        [
            ("batch", Interactive, "batch"),
            ("default", Interactive, "default"),
            ("not-raised", GatewayHost.Key, "interactive"),
            ("key-of-a-person", Interactive, null),
            ("interactive", Interactive, "interactive"),
        ];
        foreach (var (model, key, priority) in waiting)
        {
            calls.Add(AskAsync(gateway, model, key, ("x-gatehouse-priority", priority)));
            await WaitingAsync(gateway, calls.Count - 1);
        }

        var page = await PageAsync(gateway);
        Assert.Equal(
            [("interactive", 2), ("default", 2), ("batch", 1)],
            page.Samples("gatehouse_admission_waiting").Select(sample => (sample.Labels["class"], sample.Value)));

        upstream.Release(calls.Count);
        Assert.All(await Task.WhenAll(calls), response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));

        // Of one class the key that was served longer ago is first.
        Assert.Equal(["first", "key-of-a-person", "interactive", "not-raised", "default", "batch"], upstream.Models);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3_000_000)]
    public async Task A_client_that_leaves_while_it_waits_gives_its_place_back(int length)
    {
        await using var upstream = new HeldUpstream();
        await using var gateway = await StartAsync(upstream, "concurrency: 1, queue: 1");
        var running = AskAsync(gateway, "a");
        await RunningAsync(gateway, 1);
        await using var leaving = await RawClient.ConnectAsync(gateway);
        var body = Chat("left", new string('a', length));
        await leaving.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {GatewayHost.Key}\r\ncontent-type: application/json\r\ncontent-length: {body.Length}\r\n\r\n{body}");
        await WaitingAsync(gateway, 1);

        leaving.Reset();

        await WaitingAsync(gateway, 0);
        var row = await gateway.ExchangeAsync(row => row.GetProperty("model").GetString() == "mock/left");
        Assert.Equal("cancelled", row.Outcome());
        var next = AskAsync(gateway, "b");
        await WaitingAsync(gateway, 1);
        upstream.Release(2);
        Assert.Equal(HttpStatusCode.OK, (await running).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await next).StatusCode);
        Assert.Equal(["a", "b"], upstream.Models);
        await RunningAsync(gateway, 0);
    }

    [Theory]
    [InlineData("x-gatehouse-priority", "urgent")]
    [InlineData("x-gatehouse-priority", "batch, interactive")]
    [InlineData("x-gatehouse-priority", "0")]
    [InlineData("x-gatehouse-deadline", "soon")]
    [InlineData("x-gatehouse-deadline", "-1")]
    [InlineData("x-gatehouse-deadline", "1.5")]
    [InlineData("x-gatehouse-deadline", "99999999999999999999")]
    public async Task A_header_without_a_meaning_is_refused_with_and_without_a_limit(string name, string value)
    {
        await using var upstream = new HeldUpstream();
        await using var limited = await StartAsync(upstream, "concurrency: 1");
        await using var unlimited = await StartAsync(upstream, "queue: 5");
        foreach (var gateway in new[] { limited, unlimited })
        {
            using var response = await AskAsync(gateway, "m", headers: (name, value));
            var error = await response.ShouldFailAsync(HttpStatusCode.BadRequest, "invalid_request");
            Assert.Equal(name, error.GetProperty("param").GetString());
            Assert.Equal("refused", (await gateway.ExchangeAsync(response)).Outcome());
        }

        Assert.Empty(upstream.Models);
    }

    [Fact]
    public async Task Who_waited_to_its_deadline_is_told_and_the_wait_is_not_the_gateways_own()
    {
        var time = new ManualTime();
        await using var upstream = new HeldUpstream();
        await using var gateway = await StartAsync(upstream, "concurrency: 1, max_wait: 5s", time);
        var running = AskAsync(gateway, "a");
        await RunningAsync(gateway, 1);
        var patient = AskAsync(gateway, "patient");
        await WaitingAsync(gateway, 1);
        var hurried = AskAsync(gateway, "hurried", headers: ("x-gatehouse-deadline", "2000"));
        await WaitingAsync(gateway, 2);

        time.Advance(TimeSpan.FromSeconds(2));
        using var expired = await hurried;
        _ = await expired.ShouldFailAsync(HttpStatusCode.ServiceUnavailable, "overloaded");
        Assert.NotNull(expired.Headers.RetryAfter);
        Assert.Equal(1, (await PageAsync(gateway)).Value("gatehouse_admission_shed_total", ("class", "default"), ("reason", "expired")));

        upstream.Release(2);
        Assert.Equal(HttpStatusCode.OK, (await running).StatusCode);
        using var answered = await patient;
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        var timings = (await gateway.ExchangeAsync(answered)).GetProperty("timings");
        Assert.Equal(2000, timings.GetProperty("total_ms").GetDouble());
        Assert.Equal(0, timings.GetProperty("upstream_ms").GetDouble());
        Assert.Equal(0, timings.GetProperty("overhead_us").GetInt64());
    }

    [Fact]
    public async Task A_stream_holds_its_slot_to_its_end()
    {
        await using var upstream = new HeldUpstream();
        await using var gateway = await StartAsync(upstream, "concurrency: 1");
        await using var stream = await StreamClient.OpenAsync(gateway, """{"model":"mock/stream","stream":true,"messages":[{"role":"user","content":"hi"}]}""");
        Assert.NotNull(await stream.NextAsync());
        var next = AskAsync(gateway, "next");
        await WaitingAsync(gateway, 1);
        Assert.Equal(["stream"], upstream.Models);

        upstream.Release(2);
        while (await stream.NextAsync() is not null)
        {
        }

        Assert.Equal(HttpStatusCode.OK, (await next).StatusCode);
    }

    [Fact]
    public async Task However_an_exchange_ends_its_slot_is_free_again()
    {
        await using var upstream = new HeldUpstream();
        await using var gateway = await StartAsync(upstream, "concurrency: 1, queue: 0");

        using (var broken = await AskAsync(gateway, "reset"))
        {
            Assert.Equal(HttpStatusCode.BadGateway, broken.StatusCode);
        }

        await RunningAsync(gateway, 0);
        using (var unknown = await AskAsync(gateway, "m", headers: ("x-gatehouse-provider", "nobody")))
        {
            Assert.NotEqual(HttpStatusCode.OK, unknown.StatusCode);
        }

        await using (var stream = await StreamClient.OpenAsync(gateway, """{"model":"mock/stream","stream":true,"messages":[{"role":"user","content":"hi"}]}"""))
        {
            Assert.NotNull(await stream.NextAsync());
            Assert.Equal(1, await GaugeAsync(gateway, "running"));
        }

        await RunningAsync(gateway, 0);
        upstream.Release(2);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(gateway, "a")).StatusCode);
    }

    [Fact]
    public async Task A_changed_limit_is_in_force_for_those_that_wait_already()
    {
        await using var upstream = new HeldUpstream();
        await using var gateway = await StartAsync(upstream, "concurrency: 1");
        var calls = Enumerable.Range(0, 3).Select(i => AskAsync(gateway, $"{i}")).ToArray();
        await WaitingAsync(gateway, 2);

        await File.WriteAllTextAsync(
            gateway.ConfigurationFile,
            (await File.ReadAllTextAsync(gateway.ConfigurationFile, TestContext.Current.CancellationToken)).Replace("concurrency: 1", "concurrency: 3", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        Assert.True(gateway.Application.Snapshots.Load("test"));

        await Eventually.TrueAsync(() => upstream.Models.Count == 3, "all three to run");
        upstream.Release(3);
        Assert.All(await Task.WhenAll(calls), response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
    }

    [Fact]
    public async Task Probes_and_model_lists_do_not_wait()
    {
        await using var upstream = new HeldUpstream();
        await using var gateway = await StartAsync(upstream, "concurrency: 1, queue: 0");
        var running = AskAsync(gateway, "a");
        await RunningAsync(gateway, 1);

        foreach (var path in new[] { "/healthz", "/readyz", "/v1/models" })
        {
            using var response = await gateway.Client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        upstream.Release(1);
        Assert.Equal(HttpStatusCode.OK, (await running).StatusCode);
    }

    [Theory]
    [InlineData("admission: { concurrency: 0 }", "must be at least 1 (admission.concurrency")]
    [InlineData("admission: { concurrency: 1000001 }", "must be at most 1000000 (admission.concurrency")]
    [InlineData("admission: { queue: -1 }", "must be at least 0 (admission.queue")]
    [InlineData("admission: { queue: 100001 }", "must be at most 100000 (admission.queue")]
    [InlineData("admission: { max_wait: 0s }", "must be longer than zero (admission.max_wait")]
    [InlineData("keys: [{ name: a, secret: b, priority: urgent }]", "one of interactive, default, batch (keys[0].priority")]
    public async Task Limits_that_make_no_sense_are_mistakes_of_the_file(string yaml, string message)
    {
        var exception = await Assert.ThrowsAsync<ConfigurationException>(() => GatewayHost.StartAsync($"providers: {{ sandbox: {{}} }}\n{yaml}\n"));

        Assert.Contains(message, Assert.Single(exception.Errors), StringComparison.Ordinal);
    }

    private static Task<GatewayHost> StartAsync(HeldUpstream upstream, string admission, TimeProvider? time = null) =>
        GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, $"admission: {{ {admission} }}\n{Keys}"), time);

    private static string Chat(string model, string text = "hi") => $$"""{"model":"mock/{{model}}","messages":[{"role":"user","content":"{{text}}"}]}""";

    private static Task<HttpResponseMessage> AskAsync(GatewayHost gateway, string model, string? key = null, params (string Name, string? Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Chat(model), Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Bearer", key ?? GatewayHost.Key);
        foreach (var (name, value) in headers)
        {
            if (value is not null)
            {
                request.Headers.Add(name, value);
            }
        }

        return gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static async Task RunningAsync(GatewayHost gateway, int count) =>
        _ = await Eventually.GetAsync(async () => await GaugeAsync(gateway, "running") == count ? (bool?)true : null, $"{count} to run");

    private static async Task WaitingAsync(GatewayHost gateway, int count) =>
        _ = await Eventually.GetAsync(async () => await GaugeAsync(gateway, "waiting") == count ? (bool?)true : null, $"{count} to wait");

    private static async Task<double> GaugeAsync(GatewayHost gateway, string name) =>
        (await PageAsync(gateway)).Samples($"gatehouse_admission_{name}").Sum(sample => sample.Value);

    private static async Task<PrometheusPage> PageAsync(GatewayHost gateway) =>
        new(await gateway.Admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken));

    /// <summary>A provider that answers when it is told to. Model "reset" gets a reset, "stream" a stream whose end is held.</summary>
    private sealed class HeldUpstream : IAsyncDisposable
    {
        private readonly SemaphoreSlim _answers = new(0);
        private readonly ScriptedUpstream _upstream;

        public HeldUpstream() => _upstream = new ScriptedUpstream(async (request, connection) =>
        {
            switch (ModelOf(request))
            {
                case "reset":
                    connection.Reset();
                    break;
                case "stream":
                    await connection.StartChunkedAsync(200, "text/event-stream");
                    await connection.ChunkAsync("data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n");
                    await _answers.WaitAsync(connection.Stop);
                    await connection.ChunkAsync("data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
                    await connection.EndChunksAsync();
                    break;
                default:
                    await _answers.WaitAsync(connection.Stop);
                    await connection.RespondAsync(200, "application/json", Answer);
                    break;
            }
        });

        public Uri Address => _upstream.Address;

        /// <summary>Of all requests, in their order.</summary>
        public IReadOnlyList<string> Models => [.. _upstream.Requests.Select(ModelOf)];

        public void Release(int count) => _answers.Release(count);

        public async ValueTask DisposeAsync()
        {
            await _upstream.DisposeAsync();
            _answers.Dispose();
        }

        private static string ModelOf(SeenRequest request) => JsonElement.Parse(request.Text).GetProperty("model").GetString()!;
    }
}
