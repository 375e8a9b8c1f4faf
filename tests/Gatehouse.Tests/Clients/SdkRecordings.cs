using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Clients;

/// <summary>One recorded answer, to be played.</summary>
internal sealed record SdkRecording(int Status, string ContentType, byte[] Body, string? AwsErrorType);

/// <summary>The recorded answers that the .NET SDKs get, by provider and kind: text, tools, error; and streamed: text-stream, tools-stream.</summary>
internal static class SdkRecordings
{
    private const string Archive = "wire.tar.gz";

    private static readonly Dictionary<string, string> Ids = new(StringComparer.Ordinal)
    {
        ["chat/text"] = "openai/chat-completions-openai-client-async-comparison-0",
        ["chat/text-stream"] = "openai/chat-completions-stream-prompt-caching-chat-completions-streaming-probe-0",
        ["chat/tools"] = "openai/chat-completions-completion-tool-call-0",
        ["chat/tools-stream"] = "openai/chat-completions-stream-openai-gpt-4o-mini-multi-tool-streaming-0",
        ["chat/error"] = "openai/chat-completions-unknown-model-0",
        ["responses/text"] = "openai/responses-with-params-openai-gpt-5-nano-supports-response-format-param-0",
        ["responses/text-stream"] = "openai/responses-stream-responses-basic-streaming-0",
        ["responses/tools"] = "openai/responses-responses-tool-use-0",
        ["responses/tools-stream"] = "openai/responses-stream-response-function-call-streamed-0",
        ["responses/error"] = "openai/responses-response-create-error-0",
        ["anthropic/text"] = "anthropic/messages-testtokencounts-test-anthropic-0-v2",
        ["anthropic/text-stream"] = "anthropic/messages-stream-async-anthropic-thinking-streaming-legacy-0",
        ["anthropic/tools"] = "anthropic/messages-anthropic-tool-execution-with-available-functions-0",
        ["anthropic/tools-stream"] = "anthropic/messages-stream-claude-sonnet-4-multi-tool-streaming-0",
        ["anthropic/error"] = "anthropic/messages-anthropic-client-error-0",
        ["gemini/text"] = "gemini/generateContent-generate-content-0",
        ["gemini/text-stream"] = "gemini/streamGenerateContent-gemini-3-pro-preview-thinking-streaming-1",
        ["gemini/tools"] = "gemini/generateContent-gemini-3-pro-preview-multi-tool-0",
        ["gemini/tools-stream"] = "gemini/streamGenerateContent-toolcallstreaming-test-gemini-streaming-multiple-tool-calls-unique-ids-0",
        ["gemini/error"] = "gemini/generateContent-error-handling-0",
        ["bedrock/text"] = "bedrock/converse-aws-bedrock-thinking-0",
        ["bedrock/text-stream"] = "bedrock/converse-stream-bedrock-test-bedrock-model-iter-stream-1",
        ["bedrock/tools"] = "bedrock/converse-olcalling-test-bedrock-parallel-native-tool-calling-test-agent-kickoff-0",
        ["bedrock/tools-stream"] = "bedrock/converse-stream-bedrock-test-bedrock-model-iter-stream-0",
        ["bedrock/error"] = "bedrock/converse-bedrock-converse-error-0",
        ["cohere/text"] = "cohere/v2-chat-ning-08-2025-preserves-thinking-signatures-between-turns-when-provided-0",
        ["cohere/text-stream"] = "cohere/v2-chat-stream-astream-with-events-with-content-0",
        ["cohere/tools"] = "cohere/v2-chat-tools-strict-required-tool-choice-is-accepted-0",
        ["cohere/tools-stream"] = "cohere/v2-chat-stream-cohere-v2-chat-legacy-with-tool-calls-and-streaming-async-0",
        ["cohere/error"] = "cohere/v2-chat-errors-completion-error-preserves-status-and-body-0",
        ["ollama/text"] = "ollama/api-chat-async-chat-0",
        ["ollama/text-stream"] = "ollama/api-chat-stream-testwithpullmodel-1",
        ["ollama/tools"] = "ollama/api-chat-chat-with-tool-call-0",
        ["ollama/tools-stream"] = "ollama/api-chat-stream-agentic-streaming-structured-output-with-tools-1",
        ["ollama/error"] = "ollama/api-chat-chat-error-records-model-name-0",
        ["mistral/text"] = "mistral/chat-completions-mistral-reasoning-0",
        ["mistral/text-stream"] = "mistral/chat-completions-stream-mistral-hybrid-reasoning-streams-thinking-separately-from-content-0",
        ["mistral/tools"] = "mistral/chat-completions-lls-control-mistral-mistral-small-latest-respects-specific-tool-choice-0",
        ["mistral/tools-stream"] = "mistral/chat-completions-stream-ng-chat-completions-with-tool-call-response-emits-expected-spans-false-0",
        ["mistral/error"] = "mistral/chat-completions-response-identity-edge-blocking-error-carries-the-correlation-id-0",
    };

    private static readonly Lazy<Dictionary<string, SdkRecording>> Loaded = new(Load);

    public static readonly string[] Providers = ["chat", "responses", "anthropic", "gemini", "bedrock", "cohere", "ollama", "mistral"];

    public static SdkRecording Of(string provider, string kind) => Loaded.Value[$"{provider}/{kind}"];

    private static Dictionary<string, SdkRecording> Load()
    {
        var files = SharedData.Read(Archive);
        using var index = JsonDocument.Parse(files["wire/index.json"]);
        var entries = index.RootElement.GetProperty("entries").EnumerateArray().ToDictionary(entry => entry.GetProperty("id").GetString()!, StringComparer.Ordinal);
        return Ids.ToDictionary(pair => pair.Key, pair => Read(entries[pair.Value], files), StringComparer.Ordinal);
    }

    private static SdkRecording Read(JsonElement entry, Dictionary<string, byte[]> files)
    {
        var headers = entry.GetProperty("response_headers");
        var contentType = headers.TryGetProperty("content-type", out var type) ? type.GetString()! : entry.GetProperty("response_kind").GetString() switch
        {
            "sse" => "text/event-stream",
            "ndjson" => "application/x-ndjson",
            "eventstream" => "application/vnd.amazon.eventstream",
            _ => "application/json",
        };
        var errorType = headers.TryGetProperty("x-amzn-errortype", out var aws) ? aws.GetString() : null;
        return new SdkRecording(entry.GetProperty("status").GetInt32(), contentType, files[$"wire/{entry.GetProperty("response").GetString()}"], errorType);
    }
}
