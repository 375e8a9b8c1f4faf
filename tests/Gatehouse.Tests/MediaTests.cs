using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>Moderations, images and audio by the name of the model, as chat is.</summary>
public sealed class MediaTests
{
    private const string Limited = "gh_test_key_that_may_use_one_model";
    private const string Routes = """

        routes:
          media: { targets: [mock/first, mock/second] }
        keys:
          - { name: test, secret: gh_test_key_that_may_use_everything, models: ["*"] }
          - { name: limited, secret: gh_test_key_that_may_use_one_model, models: ["mock/allowed"] }
        """;

    public static readonly byte[] Sound = [.. "RIFF\r\n--\r\n\0"u8, .. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 31))];

    [Theory]
    [InlineData("/v1/moderations", "moderation")]
    [InlineData("/v1/images/generations", "image_generation")]
    [InlineData("/v1/images/edits", "image_edit")]
    [InlineData("/v1/audio/speech", "speech")]
    public async Task A_JSON_call_goes_where_its_model_leads(string path, string operation)
    {
        await using var upstream = ScriptedUpstream.Json("""{"created":1,"data":[]}""");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Routes));

        using var response = await gateway.PostAsync(path, """{ "input":"x", "model":"mock/omni", "stream_format": "sse" }""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var seen = Assert.Single(upstream.Requests);
        Assert.Equal((path, """{ "input":"x", "model":"omni", "stream_format": "sse" }"""), (seen.Target, seen.Text));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal((operation, "mock/omni", "completed"), (row.GetProperty("operation").GetString(), row.GetProperty("target").GetString(), row.Outcome()));
    }

    [Theory]
    [InlineData("/v1/images/edits", "image_edit")]
    [InlineData("/v1/images/variations", "image_variation")]
    [InlineData("/v1/audio/transcriptions", "transcription")]
    [InlineData("/v1/audio/translations", "translation")]
    public async Task A_form_goes_where_its_model_leads_with_all_else_untouched(string path, string operation)
    {
        await using var upstream = ScriptedUpstream.Json("""{"text":"hello","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,"audio_tokens":10},"output_tokens":3}}""");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Routes));
        using var form = Form("mock/whisper-1");
        var sent = await form.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

        using var response = await gateway.Client.PostAsync(new Uri(path, UriKind.Relative), form, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var seen = Assert.Single(upstream.Requests);
        Assert.Equal(path, seen.Target);
        Assert.Equal(form.Headers.ContentType!.ToString(), seen.Headers["content-type"]);
        Assert.Equal(Encoding.Latin1.GetString(sent).Replace("mock/whisper-1", "whisper-1", StringComparison.Ordinal), Encoding.Latin1.GetString(seen.Body));
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal((operation, "mock/whisper-1"), (row.GetProperty("operation").GetString(), row.GetProperty("target").GetString()));
        Assert.Equal((14L, 10L, 3L), (row.Tokens("input_tokens"), row.Tokens("audio_input_tokens"), row.Tokens("output_tokens")));
    }

    [Fact]
    public async Task A_form_fails_over_along_its_route()
    {
        await using var upstream = new ScriptedUpstream((request, connection) => request.Text.Contains("\r\n\r\nfirst\r\n", StringComparison.Ordinal)
            ? connection.RespondAsync(503, "application/json", """{"error":{"message":"busy"}}""")
            : connection.RespondAsync(200, "text/plain; charset=utf-8", "1\n00:00:00,000 --> 00:00:01,000\nhello\n"));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Routes));
        using var form = Form("media");

        using var response = await gateway.Client.PostAsync(new Uri("/v1/audio/transcriptions", UriKind.Relative), form, TestContext.Current.CancellationToken);

        Assert.Equal("1\n00:00:00,000 --> 00:00:01,000\nhello\n", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(("mock/second", "2"), (response.Header("x-gatehouse-target"), response.Header("x-gatehouse-attempts")));
        Assert.Equal(2, upstream.Requests.Count);
        Assert.All(upstream.Requests, request => Assert.Contains("RIFF", request.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Speech_passes_as_it_is()
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(200, "audio/mpeg", Sound));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Routes));

        using var response = await gateway.PostAsync("/v1/audio/speech", """{"model":"mock/tts","input":"hello","voice":"alloy"}""");

        Assert.Equal("audio/mpeg", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(Sound, await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(Sound.Length, (await gateway.ExchangeAsync(response)).GetProperty("delivered").GetProperty("bytes").GetInt64());
    }

    [Fact]
    public async Task A_failure_that_is_no_envelope_becomes_one_though_a_success_may_be_anything()
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(403, "text/html", "<h1>no</h1>"));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Routes));

        using var response = await gateway.PostAsync("/v1/audio/speech", """{"model":"mock/tts","input":"hello","voice":"alloy"}""");

        var error = await response.ShouldFailAsync(HttpStatusCode.Forbidden, "upstream_error");
        Assert.Contains("<h1>no</h1>", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/audio/speech", """{"type":"speech.audio.delta","audio":"AAAA"}""", """{"type":"speech.audio.done","usage":{"input_tokens":10,"output_tokens":93,"total_tokens":103}}""", 10, 93)]
    [InlineData("/v1/images/generations", """{"type":"image_generation.partial_image","b64_json":"AAAA"}""", """{"type":"image_generation.completed","b64_json":"AAAA","usage":{"input_tokens":50,"output_tokens":4096,"total_tokens":4146}}""", 50, 4096)]
    public async Task A_stream_is_whole_with_its_own_last_event_and_broken_without_it(string path, string partial, string done, long input, long output)
    {
        string[] frames = [$"data: {partial}\n\n", $"data: {done}\n\n"];
        var isCut = false;
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync(isCut ? frames[0] : frames[0] + frames[1]);
            await connection.EndChunksAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Routes));

        using var whole = await gateway.PostAsync(path, """{"model":"mock/m","stream":true,"prompt":"x"}""");
        Assert.Equal(frames[0] + frames[1], await whole.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var row = await gateway.ExchangeAsync(whole);
        Assert.Equal(("completed", input, output), (row.Outcome(), row.Tokens("input_tokens"), row.Tokens("output_tokens")));
        Assert.DoesNotContain("stream_options", upstream.Requests.First().Text, StringComparison.Ordinal);

        isCut = true;
        using var cut = await gateway.PostAsync(path, """{"model":"mock/m","stream":true,"prompt":"x"}""");
        Assert.Contains("upstream_error", await cut.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("truncated", (await gateway.ExchangeAsync(cut)).Outcome());
    }

    [Theory]
    [InlineData("mock/allowed", HttpStatusCode.OK)]
    [InlineData("mock/other", HttpStatusCode.Forbidden)]
    [InlineData("media", HttpStatusCode.Forbidden)]
    public async Task A_key_may_use_the_models_that_it_names(string model, HttpStatusCode status)
    {
        await using var upstream = ScriptedUpstream.Json("""{"text":"hello"}""");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Routes));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/audio/transcriptions") { Content = Form(model) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Limited);

        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, response.StatusCode);
        Assert.Equal(status == HttpStatusCode.OK ? 1 : 0, upstream.Requests.Count);
    }

    [Theory]
    [InlineData("multipart/form-data", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("multipart/form-data; boundary=a; boundary=b", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("multipart/form-data; boundary=other", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("text/plain", HttpStatusCode.UnsupportedMediaType, "unsupported_media_type")]
    public async Task A_body_that_is_no_form_is_refused(string contentType, HttpStatusCode status, string code)
    {
        await using var upstream = ScriptedUpstream.Json("{}");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, Routes));
        using var content = new ByteArrayContent("--a\r\ncontent-disposition: form-data; name=model\r\n\r\nmock/x\r\n--a--"u8.ToArray());
        _ = content.Headers.TryAddWithoutValidation("content-type", contentType);

        using var response = await gateway.Client.PostAsync(new Uri("/v1/audio/transcriptions", UriKind.Relative), content, TestContext.Current.CancellationToken);

        _ = await response.ShouldFailAsync(status, code);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task A_form_larger_than_the_limit_is_refused()
    {
        await using var upstream = ScriptedUpstream.Json("{}");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address, "\nserver: { max_request_body: 64KiB }"));
        using var form = Form("mock/whisper-1");

        using var response = await gateway.Client.PostAsync(new Uri("/v1/audio/transcriptions", UriKind.Relative), form, TestContext.Current.CancellationToken);

        _ = await response.ShouldFailAsync(HttpStatusCode.RequestEntityTooLarge, "request_too_large");
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Recorded_forms_and_their_answers_pass()
    {
        var files = SharedData.Read("wire.tar.gz");
        var recorded = JsonNode.Parse(files["wire/index.json"])!["entries"]!.AsArray()
            .Where(entry => (string?)entry!["url"] == "https://api.openai.com/v1/audio/transcriptions").ToArray();
        Assert.True(recorded.Length >= 6);
        var playing = recorded[0]!;
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(
            (int)playing["status"]!, (string)playing["response_headers"]!["content-type"]!, files[$"wire/{playing["response"]}"]));
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        foreach (var entry in recorded)
        {
            playing = entry!;
            var body = files[$"wire/{entry!["request"]}"];
            using var content = new ByteArrayContent(body);
            _ = content.Headers.TryAddWithoutValidation("content-type", (string?)entry["request_headers"]!["content-type"]
                ?? $"multipart/form-data; boundary={Encoding.Latin1.GetString(body).Split("\r\n")[0][2..]}");

            using var response = await gateway.Client.PostAsync(new Uri("/v1/audio/transcriptions", UriKind.Relative), content, TestContext.Current.CancellationToken);

            Assert.Equal((int)playing["status"]!, (int)response.StatusCode);
            Assert.Equal(files[$"wire/{entry["response"]}"], await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
            Assert.True(body.AsSpan().SequenceEqual(upstream.Requests.Last().Body), (string?)entry["id"]);
        }
    }

    private static MultipartFormDataContent Form(string model)
    {
        var file = new ByteArrayContent(Sound);
        file.Headers.ContentType = new MediaTypeHeaderValue("audio/wav");
        return new MultipartFormDataContent("x-boundary-x") { { file, "file", "speech.wav" }, { new StringContent(model), "model" }, { new StringContent("json"), "response_format" } };
    }
}
