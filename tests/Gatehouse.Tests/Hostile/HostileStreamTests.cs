using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Gatehouse.Tests.Harness;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Tests.Hostile;

/// <summary>Streams and errors that do not end, and frames with anything in them.</summary>
public sealed class HostileStreamTests
{
    private const string Question = """{"model":"MODEL","stream":true,"max_tokens":5,"messages":[{"role":"user","content":"x"}]}""";
    private const string Input = """{"model":"MODEL","stream":true,"input":"x"}""";

    private static readonly (string Target, string[] Frames)[] Streams =
    [
        ("chat/m", [
            """data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":"r"}}]}""",
            """data: {"id":"c","choices":[{"index":0,"delta":{"content":"hello"},"logprobs":{"content":[{"token":"h","logprob":-1}]}}]}""",
            """data: {"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\""}}]}}]}""",
            """data: {"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}""",
            "data: [DONE]"]),
        ("claude/m", [
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}",
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"s\"}}",
            "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}",
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":1}\"}}",
            "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}",
            "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":5}}",
            "event: message_stop\ndata: {\"type\":\"message_stop\"}"]),
        ("gem/m", [
            """data: {"candidates":[{"content":{"role":"model","parts":[{"text":"t","thought":true}]},"index":0}],"responseId":"r"}""",
            """data: {"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"s"}]},"index":0}]}""",
            """data: {"candidates":[{"content":{"role":"model","parts":[{"text":"x"}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3}}"""]),
        ("co/m", [
            """data: {"type":"message-start","id":"x","delta":{"message":{"role":"assistant","content":[]}}}""",
            """data: {"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}""",
            """data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"hello"}}}}""",
            """data: {"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":0,"end":1,"text":"h","sources":[{"type":"document","id":"d"}]}}}}""",
            """data: {"type":"content-end","index":0}""",
            """data: {"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"t","type":"function","function":{"name":"f","arguments":""}}}}}""",
            """data: {"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":1,"output_tokens":2}}}}"""]),
        ("oll/m", [
            """{"model":"m","created_at":"2025-01-01T00:00:00Z","message":{"role":"assistant","content":"h","thinking":"t"},"done":false}""",
            """{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"done":false}""",
            """{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":1,"eval_count":2}"""]),
        ("oai/gpt-5-pro", [
            """data: {"type":"response.created","response":{"id":"r","model":"m","status":"in_progress","output":[]}}""",
            """data: {"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"m","role":"assistant","content":[]}}""",
            """data: {"type":"response.content_part.added","output_index":0,"content_index":0,"item_id":"m","part":{"type":"output_text","text":"","annotations":[]}}""",
            """data: {"type":"response.output_text.delta","output_index":0,"content_index":0,"item_id":"m","delta":"hello"}""",
            """data: {"type":"response.output_item.done","output_index":0,"item":{"type":"message","id":"m","role":"assistant","content":[{"type":"output_text","text":"hello","annotations":[]}]}}""",
            """data: {"type":"response.completed","response":{"id":"r","status":"completed","output":[],"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}}"""]),
    ];

    private static readonly (string Path, string Body)[] Callers =
        [("/v1/chat/completions", Question), ("/v1/messages", Question), ("/v1/responses", Input), ("/v1beta/models/MODEL:streamGenerateContent", """{"contents":[{"parts":[{"text":"x"}]}]}""")];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task No_frame_makes_a_translation_fail(int seed)
    {
        var random = new Random(seed);
        var frames = Streams[0].Frames;
        var isLines = false;
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, isLines ? "application/x-ndjson" : "text/event-stream");
            foreach (var frame in frames)
            {
                var split = frame.IndexOf('{', StringComparison.Ordinal);
                var bytes = split < 0 || random.Next(3) > 0 ? Encoding.UTF8.GetBytes(frame)
                    : [.. Encoding.UTF8.GetBytes(frame[..split]), .. HostileBodies.Mutate(frame[split..], random)];
                for (var copies = random.Next(10) switch { 0 => 0, 1 => 2, _ => 1 }; copies > 0; copies--)
                {
                    await connection.ChunkAsync((byte[])[.. bytes, .. isLines ? "\n"u8 : "\n\n"u8]);
                }
            }

            await connection.EndChunksAsync();
        });
        await using var gateway = await GatewayHost.StartAsync(HostileProviders.Configuration(upstream.Address));
        for (var i = 0; i < Rounds; i++)
        {
            var (target, stream) = Streams[random.Next(Streams.Length)];
            (frames, isLines) = (stream, target.StartsWith("oll", StringComparison.Ordinal));
            var (path, body) = Callers[random.Next(Callers.Length)];
            using var response = await PostAsync(gateway, path, body, target);
            var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

            Assert.False(
                answer.Contains("internal_error", StringComparison.Ordinal) || gateway.Logs.Entries.Any(entry => entry.Level >= LogLevel.Error),
                $"{path} {target}\n{answer}\n{string.Join('\n', gateway.Logs.Entries.Where(entry => entry.Level >= LogLevel.Error))}");
        }
    }

    [Theory]
    [InlineData("/v1/responses", Input)]
    [InlineData("/v1/messages", Question)]
    public async Task A_stream_that_never_ends_is_broken_off(string path, string body)
    {
        var text = new string('x', 1 << 20);
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            var frame = Encoding.UTF8.GetBytes($$$"""data: {"id":"c","choices":[{"index":0,"delta":{"content":"{{{text}}}"}}]}""" + "\n\n");
            while (true)
            {
                await connection.ChunkAsync(frame);
            }
        });
        await using var gateway = await GatewayHost.StartAsync(HostileProviders.Configuration(upstream.Address));

        using var response = await PostAsync(gateway, path, body, "chat/m");

        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var buffer = new byte[1 << 20];
        long total = 0;
        int count;
        while ((count = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0)
        {
            total += count;
        }

        Assert.InRange(total, 100L << 20, 600L << 20);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal(("truncated", "upstream_invalid_response"), (row.GetProperty("outcome").GetString(), row.GetProperty("error").GetProperty("code").GetString()));
    }

    [Fact]
    public async Task An_error_that_never_ends_is_told_by_its_beginning()
    {
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(400, "application/json");
            var piece = Encoding.UTF8.GetBytes("{\"error\":{\"message\":\"" + new string('x', 64 * 1024));
            while (true)
            {
                await connection.ChunkAsync(piece);
            }
        });
        await using var gateway = await GatewayHost.StartAsync(HostileProviders.Configuration(upstream.Address));

        using var response = await PostAsync(gateway, "/v1/messages", Question, "chat/m");
        var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.InRange(answer.Length, 100, 2000);
    }

    [Fact]
    public async Task What_a_target_said_of_its_usage_is_not_charged_to_the_next()
    {
        await using var upstream = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/event-stream");
            await connection.ChunkAsync("data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":7,\"total_tokens\":14}}\n\n"u8.ToArray());
            await connection.ChunkAsync("data: nonsense\n\n"u8.ToArray());
        });
        await using var gateway = await GatewayHost.StartAsync(
            HostileProviders.Configuration(upstream.Address) + "routes:\n  both: { targets: [chat/m, gone/m], retry: { attempts: 2 } }\n");

        using var response = await PostAsync(gateway, "/v1/messages", Question.Replace("\"stream\":true", "\"stream\":false", StringComparison.Ordinal), "both");

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        var row = await gateway.ExchangeAsync(response);
        Assert.Equal("gone/m", row.GetProperty("target").GetString());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, row.GetProperty("usage").ValueKind);
    }

    private static int Rounds => int.TryParse(Environment.GetEnvironmentVariable("HOSTILE_ROUNDS"), out var rounds) ? rounds : 300;

    private static Task<HttpResponseMessage> PostAsync(GatewayHost gateway, string path, string body, string target)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path.Replace("MODEL", Uri.EscapeDataString(target), StringComparison.Ordinal))
        {
            Content = new StringContent(body.Replace("MODEL", target, StringComparison.Ordinal), Encoding.UTF8, MediaTypeHeaderValue.Parse("application/json")),
        };
        return gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }
}
