using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;
using static Gatehouse.Tests.Compatibility.Shape;

namespace Gatehouse.Tests.Compatibility.Providers;

/// <summary>OpenAI's Chat Completions (<c>CreateChatCompletionRequest</c> of openai-openapi 2.3.0), at a provider that has nothing else.</summary>
internal class OpenAiChatProvider : Provider
{
    private const string Head = "\"id\":\"chatcmpl-B9MHD\",\"created\":1741569952,\"model\":\"gpt-4.1-mini-2025-04-14\",\"service_tier\":\"default\"";

    public override string Name => "OpenAI Chat";

    public override string Key => "openai";

    public override string Model => "gpt-4.1-mini";

    public override string? Same => "OpenAI Chat";

    protected virtual string Target => "/v1/chat/completions";

    protected virtual string Members => "model! messages! tools tool_choice parallel_tool_calls response_format max_tokens max_completion_tokens stream stream_options reasoning_effort temperature top_p stop store";

    protected virtual string AssistantMembers => "role! content tool_calls refusal";

    protected virtual string ContentTypes => "text image_url";

    public override string Settings(string address) => $"kind: openai-compatible, api_key: secret, base_url: \"{address}/v1\"";

    public override SeenPrompt ReadRequest(SeenRequest request)
    {
        Posts(request, Target);
        CheckKey(request);
        var body = Object(Body(request), "a request", Members);
        Assert.Equal(Model, body["model"].Text());
        var prompt = new SeenPrompt
        {
            MaxTokens = (long?)body["max_completion_tokens"] ?? (long?)body["max_tokens"],
            IsStream = (bool?)body["stream"] ?? false,
            Schema = body["response_format"] is { } format ? SchemaOf(format) : null,
        };
        if (AsksForUsage is { } asks)
        {
            Assert.Equal(prompt.IsStream && asks, (bool?)body["stream_options"]?["include_usage"] ?? false);
        }

        Assert.True(prompt.IsStream || body["stream_options"] is null, "stream_options is only allowed when stream is set");
        foreach (var message in body["messages"].Items())
        {
            ReadMessage(prompt, message!);
        }

        foreach (var tool in body["tools"] as JsonArray ?? [])
        {
            Assert.Equal("function", Object(tool, "a tool", "type! function!")["type"].Text());
            var function = Object(tool!["function"], "a function", "name! description parameters strict");
            prompt.AddTool(function["name"].Text(), function["parameters"]);
        }

        Assert.True(body["tool_choice"] is null || prompt.Tools.Count > 0, "tool_choice is only allowed when tools are specified");
        return prompt;
    }

    /// <summary>It tells the usage of a stream only when asked to; null where it does not matter.</summary>
    protected virtual bool? AsksForUsage => true;

    protected virtual void CheckKey(SeenRequest request) => Assert.Equal("Bearer secret", request.Headers["authorization"]);

    protected virtual void ReadThought(SeenPrompt prompt, JsonObject message)
    {
    }

    private static JsonNode? SchemaOf(JsonNode format)
    {
        Assert.Equal("json_schema", Object(format, "a format", "type! json_schema!")["type"].Text());
        return Object(format["json_schema"], "a schema", "name! schema strict description")["schema"];
    }

    private void ReadMessage(SeenPrompt prompt, JsonNode message)
    {
        var role = message["role"].Text();
        switch (role)
        {
            case "system" or "developer":
                _ = Object(message, "a system message", "role! content! name");
                ReadContent(prompt, role, message["content"], "text");
                break;
            case "user":
                _ = Object(message, "a user message", "role! content! name");
                ReadContent(prompt, role, message["content"], ContentTypes);
                break;
            case "assistant":
                var assistant = Object(message, "an assistant message", AssistantMembers);
                ReadThought(prompt, assistant);
                Assert.True(assistant["content"] is not null || assistant["tool_calls"] is not null, "content is required unless there are tool calls");
                if (assistant["content"] is { } content)
                {
                    ReadContent(prompt, role, content, "text");
                }

                foreach (var call in assistant["tool_calls"] as JsonArray ?? [])
                {
                    Assert.True(call!["type"] is null || call["type"].Text() == "function");
                    prompt.AddCall(call["id"].Text(), call["function"]!["name"].Text(), JsonNode.Parse(call["function"]!["arguments"].Text()));
                }

                break;
            default:
                Assert.Equal("tool", Object(message, "a tool message", "role! content! tool_call_id! name")["role"].Text());
                prompt.AddResult(message["tool_call_id"].Text(), null, message["content"] is JsonArray parts ? Assert.Single(parts)!["text"].Text() : message["content"].Text());
                break;
        }
    }

    private static void ReadContent(SeenPrompt prompt, string role, JsonNode? content, string types)
    {
        if (content is not JsonArray parts)
        {
            prompt.AddText(role, content.Text());
            return;
        }

        Assert.NotEmpty(parts);
        foreach (var part in parts)
        {
            var type = part!["type"].Text();
            Assert.Contains(type, types.Split(' '), StringComparer.Ordinal);
            if (type == "text")
            {
                prompt.AddText(role, part["text"].Text());
            }
            else
            {
                prompt.AddImage(part["image_url"] is JsonValue url ? url.Text() : Object(part["image_url"], "an image", "url! detail")["url"].Text());
            }
        }
    }

    protected virtual string UsageJson => """{"prompt_tokens":150,"completion_tokens":20,"total_tokens":170,"prompt_tokens_details":{"cached_tokens":40,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}}""";

    private static string ReasonOf(Answer answer) => answer.Ending switch
    {
        Ending.Length => "length",
        Ending.ToolUse => "tool_calls",
        _ => "stop",
    };

    public override string Json(Answer answer)
    {
        var calls = string.Join(",", answer.Calls.Select((call, i) =>
            $$"""{"id":"{{CallId(i)}}","type":"function","function":{"name":"{{call.Name}}","arguments":{{Quote(call.Arguments)}}} }"""));
        var isRefusal = answer.Ending == Ending.Refused;
        var text = answer.Text is null ? "null" : Quote(answer.Text);
        return $$"""
            { {{Head}},"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":{{(isRefusal ? "null" : text)}},
              "refusal":{{(isRefusal ? text : "null")}}{{(answer.Thought is null ? "" : ",\"reasoning_content\":" + Quote(answer.Thought))}}{{(calls.Length == 0 ? "" : $",\"tool_calls\":[{calls}]")}} },
              "logprobs":null,"finish_reason":"{{ReasonOf(answer)}}"}],"usage":{{UsageJson}} }
            """;
    }

    public override IEnumerable<byte[]> Frames(Answer answer)
    {
        yield return Delta("""{"role":"assistant","content":""}""");
        foreach (var piece in Pieces(answer.Thought ?? "").Where(piece => piece.Length > 0))
        {
            yield return Delta($$"""{"reasoning_content":{{Quote(piece)}}}""");
        }

        foreach (var piece in Pieces(answer.Text ?? "").Where(piece => piece.Length > 0))
        {
            yield return Delta($$"""{"{{(answer.Ending == Ending.Refused ? "refusal" : "content")}}":{{Quote(piece)}}}""");
        }

        for (var i = 0; i < answer.Calls.Count; i++)
        {
            yield return Delta($$"""{"tool_calls":[{"index":{{i}},"id":"{{CallId(i)}}","type":"function","function":{"name":"{{answer.Calls[i].Name}}","arguments":""} }]}""");
            foreach (var piece in Pieces(answer.Calls[i].Arguments))
            {
                yield return Delta($$"""{"tool_calls":[{"index":{{i}},"function":{"arguments":{{Quote(piece)}}} }]}""");
            }
        }

        yield return Delta("{}", $"\"{ReasonOf(answer)}\"");
        yield return Event($$"""{ {{Head}},"object":"chat.completion.chunk","choices":[],"usage":{{UsageJson}}}""");
        yield return Event("[DONE]");
    }

    public override IEnumerable<byte[]> FailingFrames(string message) =>
        [.. Beginning(), Event($$$"""{"error":{"message":{{{Quote(message)}}},"type":"server_error","param":null,"code":null}}""")];

    public override string Error(int status, string message) =>
        $$$"""{"error":{"message":{{{Quote(message)}}},"type":"{{{(status == 429 ? "rate_limit_error" : status >= 500 ? "server_error" : status == 401 ? "authentication_error" : "invalid_request_error")}}}","param":null,"code":null}}""";

    public override IEnumerable<string> ErrorHeaders(int status) => status == 429
        ? ["x-ratelimit-limit-requests: 500", "x-ratelimit-remaining-requests: 7", "x-ratelimit-reset-requests: 1m30s", "retry-after: 13", "x-request-id: req_upstream"]
        : ["x-request-id: req_upstream"];

    private static byte[] Delta(string delta, string finish = "null") =>
        Event($$"""{ {{Head}},"object":"chat.completion.chunk","choices":[{"index":0,"delta":{{delta}},"logprobs":null,"finish_reason":{{finish}}}],"usage":null}""");
}

/// <summary>The same format under Azure's paths and key.</summary>
internal sealed class AzureProvider : OpenAiChatProvider
{
    public override string Name => "Azure OpenAI";

    public override string Key => "azure";

    /// <summary>One that thinks: gpt-4.1 would be told nothing about thinking.</summary>
    public override string Model => "gpt-5-mini";

    protected override string Target => "/openai/v1/chat/completions";

    public override string Settings(string address) => $"kind: azure-openai, api_key: secret, base_url: \"{address}\"";

    protected override void CheckKey(SeenRequest request)
    {
        Assert.Equal("secret", request.Headers["api-key"]);
        Assert.False(request.Headers.ContainsKey("authorization"));
    }

    /// <summary>Azure's codes are the status, as a text.</summary>
    public override string Error(int status, string message) => $$$"""{"error":{"code":"{{{status}}}","message":{{{Quote(message)}}}}}""";
}

/// <summary>The same format; thoughts are plain text beside the content, and are taken back there.</summary>
internal sealed class DeepSeekProvider : OpenAiChatProvider
{
    public override string Name => "DeepSeek";

    public override string Key => "deepseek";

    public override string Model => "deepseek-reasoner";

    public override bool TakesThoughts => true;

    protected override bool? AsksForUsage => null;

    protected override string AssistantMembers => "role! content tool_calls refusal reasoning_content prefix";

    protected override string UsageJson => """{"prompt_tokens":150,"completion_tokens":20,"total_tokens":170,"prompt_cache_hit_tokens":40,"prompt_cache_miss_tokens":110,"prompt_tokens_details":{"cached_tokens":40}}""";

    public override string Settings(string address) => $"kind: deepseek, api_key: secret, base_url: \"{address}/v1\"";

    protected override void ReadThought(SeenPrompt prompt, JsonObject message)
    {
        if (message["reasoning_content"] is { } thought)
        {
            prompt.Thoughts.Add(thought.Text());
        }
    }
}

/// <summary>
/// Mistral's deviations: <c>max_tokens</c> alone, its own finish reasons, ids of calls of nine letters and digits (mistral-openapi,
/// ChatCompletionRequest).
/// </summary>
internal sealed class MistralProvider : OpenAiChatProvider
{
    public override string Name => "Mistral";

    public override string Key => "mistral";

    public override string Model => "mistral-small-latest";

    protected override string Members => "model! messages! tools tool_choice parallel_tool_calls response_format max_tokens stream temperature top_p stop random_seed reasoning_effort prompt_mode";

    protected override string AssistantMembers => "role! content tool_calls prefix";

    protected override bool? AsksForUsage => false;

    public override string? CallId(int index) => $"D681Pev{index}X";

    public override string Settings(string address) => $"kind: mistral, api_key: secret, base_url: \"{address}/v1\"";

    public override string Error(int status, string message) =>
        $$"""{"object":"error","message":{{Quote(message)}},"type":"invalid_request_error","param":null,"code":null,"raw_status_code":{{status}}}""";
}
