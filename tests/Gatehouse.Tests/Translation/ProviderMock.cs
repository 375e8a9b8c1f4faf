using System.Buffers;
using System.Text;
using Gatehouse.Protocols.EventStream;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Translation;

/// <summary>
/// One upstream that is every provider: it tells by the path which dialect is spoken to it, and says "Hello" in it, with 7 tokens in and 3
/// out. What a test wants otherwise, its script does.
/// </summary>
internal sealed class ProviderMock : IAsyncDisposable
{
    public const string Chat =
        """{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}""";

    public const string Anthropic =
        """{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":3}}""";

    public const string Gemini =
        """{"candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":3,"totalTokenCount":10},"modelVersion":"m","responseId":"r1"}""";

    public const string Bedrock =
        """{"output":{"message":{"role":"assistant","content":[{"text":"Hello"}]}},"stopReason":"end_turn","usage":{"inputTokens":7,"outputTokens":3,"totalTokens":10},"metrics":{"latencyMs":1}}""";

    public const string Cohere =
        """{"id":"c1","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"Hello"}]},"usage":{"billed_units":{"input_tokens":7,"output_tokens":3},"tokens":{"input_tokens":7,"output_tokens":3}}}""";

    public const string Ollama =
        """{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"Hello"},"done":true,"done_reason":"stop","prompt_eval_count":7,"eval_count":3}""";

    public const string Responses =
        """{"id":"resp_native","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[]}]}],"usage":{"input_tokens":7,"output_tokens":3,"total_tokens":10}}""";

    public static readonly string[] ChatFrames =
    [
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"},\"finish_reason\":null}]}\n\n",
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":null}]}\n\n",
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10}}\n\n",
        "data: [DONE]\n\n",
    ];

    public static readonly string[] AnthropicFrames =
    [
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hel\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"lo\"}}\n\n",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":3}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ];

    public static readonly string[] GeminiFrames =
    [
        "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hel\"}]},\"index\":0}],\"modelVersion\":\"m\",\"responseId\":\"r1\"}\r\n\r\n",
        "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"lo\"}]},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":7,\"candidatesTokenCount\":3,\"totalTokenCount\":10},\"modelVersion\":\"m\",\"responseId\":\"r1\"}\r\n\r\n",
    ];

    public static readonly string[] CohereFrames =
    [
        "event: message-start\ndata: {\"type\":\"message-start\",\"id\":\"c1\",\"delta\":{\"message\":{\"role\":\"assistant\"}}}\n\n",
        "event: content-start\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\n",
        "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"Hello\"}}}}\n\n",
        "event: content-end\ndata: {\"type\":\"content-end\",\"index\":0}\n\n",
        "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\",\"usage\":{\"billed_units\":{\"input_tokens\":7,\"output_tokens\":3},\"tokens\":{\"input_tokens\":7,\"output_tokens\":3}}}}\n\n",
    ];

    public static readonly string[] OllamaLines =
    [
        "{\"model\":\"m\",\"created_at\":\"2026-01-01T00:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"Hel\"},\"done\":false}\n",
        "{\"model\":\"m\",\"created_at\":\"2026-01-01T00:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"lo\"},\"done\":false}\n",
        "{\"model\":\"m\",\"created_at\":\"2026-01-01T00:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":7,\"eval_count\":3}\n",
    ];

    private readonly ScriptedUpstream _upstream;

    /// <param name="script">Returns true when it has answered; null for a provider that always answers well.</param>
    public ProviderMock(Func<SeenRequest, UpstreamConnection, Task<bool>>? script = null) => _upstream = new ScriptedUpstream(async (request, connection) =>
    {
        if (script is null || !await script(request, connection))
        {
            await AnswerAsync(request, connection);
        }
    });

    public Uri Address => _upstream.Address;

    public IReadOnlyList<SeenRequest> Requests => [.. _upstream.Requests];

    public SeenRequest Last => _upstream.Requests.Last();

    public ScriptedUpstream Upstream => _upstream;

    /// <summary>All dialects under their names, all at this upstream: chat, openai, claude, gemini, vertex, bedrock, cohere, ollama, mistral.</summary>
    public string Providers => ProvidersAt(Address);

    public static string ProvidersAt(Uri address)
    {
        var host = address.ToString().TrimEnd('/');
        return $$"""
            admin: { token: {{GatewayHost.AdminToken}} }
            providers:
              chat: { kind: openai-compatible, base_url: "{{host}}/v1", api_key: upstream-secret }
              openai: { kind: openai, base_url: "{{host}}/v1", api_key: upstream-secret }
              claude: { kind: anthropic, base_url: "{{host}}", api_key: upstream-secret }
              gemini: { kind: gemini, base_url: "{{host}}", api_key: upstream-secret }
              vertex: { kind: vertex, base_url: "{{host}}", project: p, location: us-east5, access_token: upstream-secret }
              bedrock: { kind: bedrock, base_url: "{{host}}", region: us-east-1, api_key: upstream-secret }
              cohere: { kind: cohere, base_url: "{{host}}", api_key: upstream-secret }
              ollama: { kind: ollama, base_url: "{{host}}" }
              mistral: { kind: mistral, base_url: "{{host}}/v1", api_key: upstream-secret }
              voyage: { kind: voyage, base_url: "{{host}}/v1", api_key: upstream-secret }
              jina: { kind: jina, base_url: "{{host}}/v1", api_key: upstream-secret }

            """;
    }

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    /// <summary>"Hello" in the dialect of a path.</summary>
    public static Task AnswerAsync(SeenRequest request, UpstreamConnection connection)
    {
        var path = request.Target.Split('?')[0];
        var isStream = request.Text.Contains("\"stream\":true", StringComparison.Ordinal);
        return path switch
        {
            "/v1/chat/completions" => isStream ? StreamAsync(connection, "text/event-stream", ChatFrames) : connection.RespondAsync(200, "application/json", Chat),
            "/v1/responses" => connection.RespondAsync(200, "application/json", Responses),
            "/v1/messages" => isStream ? StreamAsync(connection, "text/event-stream", AnthropicFrames) : connection.RespondAsync(200, "application/json", Anthropic),
            "/v2/chat" => isStream ? StreamAsync(connection, "text/event-stream", CohereFrames) : connection.RespondAsync(200, "application/json", Cohere),
            "/api/chat" => isStream ? StreamAsync(connection, "application/x-ndjson", OllamaLines) : connection.RespondAsync(200, "application/json", Ollama),
            _ when path.EndsWith(":generateContent", StringComparison.Ordinal) => connection.RespondAsync(200, "application/json", Gemini),
            _ when path.EndsWith(":streamGenerateContent", StringComparison.Ordinal) => StreamAsync(connection, "text/event-stream", GeminiFrames),
            _ when path.EndsWith(":rawPredict", StringComparison.Ordinal) => connection.RespondAsync(200, "application/json", Anthropic),
            _ when path.EndsWith(":streamRawPredict", StringComparison.Ordinal) => StreamAsync(connection, "text/event-stream", AnthropicFrames),
            _ when path.EndsWith("/converse", StringComparison.Ordinal) => connection.RespondAsync(200, "application/json", Bedrock),
            _ when path.EndsWith("/converse-stream", StringComparison.Ordinal) => StreamBedrockAsync(connection),
            _ => connection.RespondAsync(404, "application/json", "{\"error\":{\"message\":\"no such path\"}}"),
        };
    }

    public static async Task StreamAsync(UpstreamConnection connection, string type, IEnumerable<string> frames)
    {
        await connection.StartChunkedAsync(200, type);
        foreach (var frame in frames)
        {
            await connection.ChunkAsync(frame);
        }

        await connection.EndChunksAsync();
    }

    private static async Task StreamBedrockAsync(UpstreamConnection connection)
    {
        await connection.StartChunkedAsync(200, "application/vnd.amazon.eventstream");
        foreach (var (type, json) in new[]
        {
            ("messageStart", """{"role":"assistant"}"""),
            ("contentBlockDelta", """{"contentBlockIndex":0,"delta":{"text":"Hel"}}"""),
            ("contentBlockDelta", """{"contentBlockIndex":0,"delta":{"text":"lo"}}"""),
            ("contentBlockStop", """{"contentBlockIndex":0}"""),
            ("messageStop", """{"stopReason":"end_turn"}"""),
            ("metadata", """{"usage":{"inputTokens":7,"outputTokens":3,"totalTokens":10},"metrics":{"latencyMs":1}}"""),
        })
        {
            await connection.ChunkAsync(Message(type, json));
        }

        await connection.EndChunksAsync();
    }

    private static byte[] Message(string type, string json)
    {
        var output = new ArrayBufferWriter<byte>();
        EventStreamWriter.WriteEvent(output, type, Encoding.UTF8.GetBytes(json));
        return output.WrittenSpan.ToArray();
    }
}
