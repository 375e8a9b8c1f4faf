using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;
using static Gatehouse.Tests.Compatibility.Shape;

namespace Gatehouse.Tests.Compatibility.Providers;

/// <summary>Anthropic's Messages (anthropic-openapi 2026-08, <c>CreateMessageParams</c>).</summary>
internal class AnthropicProvider : Provider
{
    public override string Name => "Anthropic";

    public override string Key => "anthropic";

    public override string Model => "claude-haiku-4-5";

    public override string? Same => "Anthropic";

    public override bool SealsThoughts => true;

    public override string? CallId(int index) => $"toolu_01{"AbC"[index]}";

    public override string Settings(string address) => $"kind: anthropic, api_key: secret, base_url: \"{address}\"";

    protected virtual string Members => "model! messages! max_tokens! system tools tool_choice thinking output_config stream temperature top_p top_k stop_sequences metadata cache_control";

    protected virtual bool CheckHead(SeenRequest request, JsonObject body)
    {
        Posts(request, "/v1/messages");
        Assert.Equal("secret", request.Headers["x-api-key"]);
        Assert.Equal("2023-06-01", request.Headers["anthropic-version"]);
        Assert.Equal(Model, body["model"].Text());
        return (bool?)body["stream"] ?? false;
    }

    public override SeenPrompt ReadRequest(SeenRequest request)
    {
        var body = Object(Body(request), "a request", Members);
        var prompt = new SeenPrompt { IsStream = CheckHead(request, body), MaxTokens = body["max_tokens"].Number(), Schema = body["output_config"]?["format"]?["schema"] };
        if (prompt.Schema is not null)
        {
            Assert.Equal("json_schema", Object(body["output_config"]!["format"], "a format", "type! schema!")["type"].Text());
        }

        if (body["thinking"] is { } thinking && thinking["type"].Text() == "enabled")
        {
            Assert.InRange(thinking["budget_tokens"].Number(), 1024, prompt.MaxTokens!.Value - 1);
        }

        foreach (var block in body["system"] is JsonValue text ? [new JsonObject { ["text"] = text.Text() }] : body["system"] as JsonArray ?? [])
        {
            prompt.System.Add(block!["text"].Text());
        }

        foreach (var tool in body["tools"] as JsonArray ?? [])
        {
            _ = Object(tool, "a tool", "name! description input_schema! strict cache_control type");
            prompt.AddTool(tool!["name"].Text(), tool["input_schema"]);
        }

        Assert.True(body["tool_choice"] is null || prompt.Tools.Count > 0, "tool_choice may only be specified while providing tools");
        ReadMessages(prompt, body["messages"].Items());
        return prompt;
    }

    private static void ReadMessages(SeenPrompt prompt, JsonArray messages)
    {
        Assert.Equal("user", messages[0]!["role"].Text());
        var (lastRole, unanswered) = ("", 0);
        foreach (var message in messages)
        {
            var role = Object(message, "a message", "role! content!")["role"].Text();
            Assert.NotEqual(lastRole, role, StringComparer.Ordinal);
            lastRole = role;
            var blocks = message!["content"] is JsonValue text ? [new JsonObject { ["type"] = "text", ["text"] = text.Text() }] : message["content"].Items();
            Assert.NotEmpty(blocks);
            var types = blocks.Select(block => block!["type"].Text()).ToList();
            Assert.Equal(unanswered, types.Count(type => type == "tool_result"));
            Assert.All(types.Take(unanswered), type => Assert.Equal("tool_result", type));
            unanswered = types.Count(type => type == "tool_use");
            foreach (var block in blocks)
            {
                ReadBlock(prompt, role, block!, block!["type"].Text());
            }
        }

        Assert.Equal(0, unanswered);
    }

    private static void ReadBlock(SeenPrompt prompt, string role, JsonNode block, string type)
    {
        switch (type)
        {
            case "text":
                _ = Object(block, "a text", "type! text! cache_control");
                Assert.NotEmpty(block["text"].Text().Trim());
                prompt.AddText(role, block["text"].Text());
                break;
            case "image":
                _ = Object(block, "an image", "type! source! cache_control");
                Assert.Equal("base64", Object(block["source"], "a source", "type! media_type! data!")["type"].Text());
                prompt.AddImage(block["source"]!["media_type"].Text(), block["source"]!["data"].Text());
                break;
            case "tool_use":
                Assert.Equal("assistant", role);
                _ = Object(block, "a call", "type! id! name! input! cache_control");
                Assert.Matches("^[a-zA-Z0-9_-]+$", block["id"].Text());
                prompt.AddCall(block["id"].Text(), block["name"].Text(), block["input"]);
                break;
            case "tool_result":
                Assert.Equal("user", role);
                _ = Object(block, "a result", "type! tool_use_id! content is_error cache_control");
                prompt.AddResult(block["tool_use_id"].Text(), null, block["content"] is JsonArray parts ? Assert.Single(parts)!["text"].Text() : block["content"].Text());
                break;
            default:
                Assert.Equal("thinking", Object(block, "a thought", "type! thinking! signature!")["type"].Text());
                Assert.Equal("assistant", role);
                prompt.Thoughts.Add(block["thinking"].Text());
                prompt.Seals.Add(block["signature"].Text());
                break;
        }
    }

    private static string ReasonOf(Answer answer) => answer.Ending switch
    {
        Ending.Length => "max_tokens",
        Ending.ToolUse => "tool_use",
        Ending.Refused => "refusal",
        _ => "end_turn",
    };

    public override string Json(Answer answer)
    {
        var blocks = new List<string>();
        if (answer.Thought is { } thought)
        {
            blocks.Add($$"""{"type":"thinking","thinking":{{Quote(thought)}},"signature":{{Quote(Seal)}}}""");
        }

        if (answer.Text is { } text)
        {
            blocks.Add($$"""{"type":"text","text":{{Quote(text)}}}""");
        }

        blocks.AddRange(answer.Calls.Select((call, i) => $$"""{"type":"tool_use","id":"{{CallId(i)}}","name":"{{call.Name}}","input":{{call.Arguments}}}"""));
        return $$"""
            {"id":"msg_01X","type":"message","role":"assistant","model":"claude-haiku-4-5-20251001","content":[{{string.Join(",", blocks)}}],"stop_reason":"{{ReasonOf(answer)}}","stop_sequence":null,
             "usage":{"input_tokens":100,"cache_creation_input_tokens":10,"cache_read_input_tokens":40,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":0},"output_tokens":20,"service_tier":"standard"} }
            """;
    }

    public override IEnumerable<byte[]> Frames(Answer answer)
    {
        yield return Event("message_start", """{"type":"message_start","message":{"id":"msg_01X","type":"message","role":"assistant","model":"claude-haiku-4-5-20251001","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":100,"cache_creation_input_tokens":10,"cache_read_input_tokens":40,"output_tokens":1}}}""");
        var index = 0;
        if (answer.Thought is { } thought)
        {
            yield return Start("""{"type":"thinking","thinking":"","signature":""}""");
            foreach (var piece in Pieces(thought))
            {
                yield return Delta($$"""{"type":"thinking_delta","thinking":{{Quote(piece)}}}""");
            }

            yield return Delta($$"""{"type":"signature_delta","signature":{{Quote(Seal)}}}""");
            yield return Stop();
        }

        if (answer.Text is { } text)
        {
            yield return Start("""{"type":"text","text":""}""");
            yield return Event("ping", """{"type": "ping"}""");
            foreach (var piece in Pieces(text))
            {
                yield return Delta($$"""{"type":"text_delta","text":{{Quote(piece)}}}""");
            }

            yield return Stop();
        }

        for (var i = 0; i < answer.Calls.Count; i++)
        {
            yield return Start($$"""{"type":"tool_use","id":"{{CallId(i)}}","name":"{{answer.Calls[i].Name}}","input":{} }""");
            yield return Delta("""{"type":"input_json_delta","partial_json":""}""");
            foreach (var piece in answer.Calls[i].Arguments == "{}" ? [] : Pieces(answer.Calls[i].Arguments))
            {
                yield return Delta($$"""{"type":"input_json_delta","partial_json":{{Quote(piece)}}}""");
            }

            yield return Stop();
        }

        yield return Event("message_delta", $$$"""{"type":"message_delta","delta":{"stop_reason":"{{{ReasonOf(answer)}}}","stop_sequence":null},"usage":{"output_tokens":20}}""");
        yield return Event("message_stop", """{"type":"message_stop"}""");

        byte[] Start(string block) => Event("content_block_start", $$"""{"type":"content_block_start","index":{{index}},"content_block":{{block}}}""");
        byte[] Delta(string delta) => Event("content_block_delta", $$"""{"type":"content_block_delta","index":{{index}},"delta":{{delta}}}""");
        byte[] Stop() => Event("content_block_stop", $$"""{"type":"content_block_stop","index":{{index++}}}""");
    }

    public override IEnumerable<byte[]> FailingFrames(string message) =>
        [.. Beginning(), Event("error", $$$"""{"type":"error","error":{"type":"overloaded_error","message":{{{Quote(message)}}}}}""")];

    public override string Error(int status, string message) =>
        $$$"""{"type":"error","error":{"type":"{{{status switch { 401 => "authentication_error", 429 => "rate_limit_error", 529 => "overloaded_error", >= 500 => "api_error", _ => "invalid_request_error" }}}}","message":{{{Quote(message)}}}},"request_id":"req_011C"}""";

    public override IEnumerable<string> ErrorHeaders(int status) => status == 429
        ? ["anthropic-ratelimit-requests-limit: 50", "anthropic-ratelimit-requests-remaining: 7", "anthropic-ratelimit-requests-reset: 2126-11-21T10:00:00Z", "retry-after: 13", "request-id: req_upstream"]
        : ["request-id: req_upstream"];
}

/// <summary>Claude on Vertex: the model in the path, the version in the body.</summary>
internal sealed class VertexAnthropicProvider : AnthropicProvider
{
    public override string Name => "Vertex (Claude)";

    public override string Key => "vertexclaude";

    public override string Model => "claude-haiku-4-5@20251001";

    public override string Settings(string address) => $"kind: vertex, access_token: token, project: p, location: us-east5, base_url: \"{address}\"";

    protected override string Members => base.Members.Replace("model! ", "anthropic_version! anthropic_beta ", StringComparison.Ordinal);

    protected override bool CheckHead(SeenRequest request, JsonObject body)
    {
        var isStream = (bool?)body["stream"] ?? false;
        Posts(request, $"/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-haiku-4-5@20251001:{(isStream ? "streamRawPredict" : "rawPredict")}");
        Assert.Equal("Bearer token", request.Headers["authorization"]);
        Assert.Equal("vertex-2023-10-16", body["anthropic_version"].Text());
        return isStream;
    }
}
