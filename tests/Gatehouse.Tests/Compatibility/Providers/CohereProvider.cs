using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;
using static Gatehouse.Tests.Compatibility.Shape;

namespace Gatehouse.Tests.Compatibility.Providers;

/// <summary>Cohere's v2 chat, as recorded.</summary>
internal sealed class CohereProvider : Provider
{
    private const string UsageJson = """{"billed_units":{"input_tokens":69,"output_tokens":22},"tokens":{"input_tokens":150,"output_tokens":20},"cached_tokens":40}""";

    public override string Name => "Cohere v2";

    public override string Key => "cohere";

    public override string Model => "command-a-reasoning-08-2025";

    /// <summary>What it charges: "billed_units".</summary>
    public override Tokens Tokens => new(Input: 69, CacheRead: 0, Output: 22);

    public override string? CallId(int index) => $"get_{"AbC"[index]}x9cnzmemn5h2";

    public override string Settings(string address) => $"kind: cohere, api_key: secret, base_url: \"{address}\"";

    public override SeenPrompt ReadRequest(SeenRequest request)
    {
        Posts(request, "/v2/chat");
        Assert.Equal("Bearer secret", request.Headers["authorization"]);
        var body = Object(Body(request), "a request", "model! messages! stream! tools tool_choice strict_tools response_format max_tokens temperature p k seed stop_sequences thinking");
        Assert.Equal(Model, body["model"].Text());
        var prompt = new SeenPrompt { IsStream = (bool)body["stream"]!, MaxTokens = (long?)body["max_tokens"] };
        if (body["response_format"] is { } format)
        {
            Assert.Equal("json_object", Object(format, "a format", "type! json_schema!")["type"].Text());
            prompt.Schema = format["json_schema"];
        }

        Assert.True(body["tool_choice"] is null || body["tool_choice"].Text() is "REQUIRED" or "NONE");
        foreach (var tool in body["tools"] as JsonArray ?? [])
        {
            Assert.Equal("function", Object(tool, "a tool", "type! function!")["type"].Text());
            var function = Object(tool!["function"], "a function", "name! description parameters");
            prompt.AddTool(function["name"].Text(), function["parameters"]);
        }

        foreach (var message in body["messages"].Items())
        {
            ReadMessage(prompt, message!);
        }

        return prompt;
    }

    private static void ReadMessage(SeenPrompt prompt, JsonNode message)
    {
        var role = message["role"].Text();
        if (role == "tool")
        {
            _ = Object(message, "a tool message", "role! tool_call_id! content!");
            var text = message["content"] is JsonArray results ? ResultOf(Assert.Single(results)!) : message["content"].Text();
            prompt.AddResult(message["tool_call_id"].Text(), null, text);
            return;
        }

        Assert.Contains(role, ["system", "user", "assistant"], StringComparer.Ordinal);
        _ = Object(message, "a message", role == "assistant" ? "role! content tool_calls tool_plan" : "role! content!");
        if (message["content"] is JsonValue plain)
        {
            prompt.AddText(role, plain.Text());
        }

        foreach (var part in message["content"] as JsonArray ?? [])
        {
            switch (part!["type"].Text())
            {
                case "text":
                    prompt.AddText(role, part["text"].Text());
                    break;
                case "image_url":
                    prompt.AddImage(Object(part["image_url"], "an image", "url! detail")["url"].Text());
                    break;
                default:
                    Assert.Equal("thinking", part["type"].Text());
                    prompt.Thoughts.Add(part["thinking"].Text());
                    break;
            }
        }

        foreach (var call in message["tool_calls"] as JsonArray ?? [])
        {
            prompt.AddCall(call!["id"].Text(), call["function"]!["name"].Text(), JsonNode.Parse(call["function"]!["arguments"].Text()));
        }
    }

    private static string ResultOf(JsonNode part) => part["type"].Text() == "text" ? part["text"].Text() : part["document"]!["data"] is JsonValue text ? text.Text() : part["document"]!["data"].Text();

    private static string ReasonOf(Answer answer) => answer.Ending switch
    {
        Ending.Length => "MAX_TOKENS",
        Ending.ToolUse => "TOOL_CALL",
        _ => "COMPLETE",
    };

    public override string Json(Answer answer)
    {
        var content = new List<string>();
        if (answer.Thought is { } thought)
        {
            content.Add($$"""{"type":"thinking","thinking":{{Quote(thought)}}}""");
        }

        if (answer.Text is { } text && answer.Calls.Count == 0)
        {
            content.Add($$"""{"type":"text","text":{{Quote(text)}}}""");
        }

        var calls = string.Join(",", answer.Calls.Select((call, i) =>
            $$$"""{"id":"{{{CallId(i)}}}","type":"function","function":{"name":"{{{call.Name}}}","arguments":{{{Quote(call.Arguments)}}}}}"""));
        var plan = answer.Text is { } planned && answer.Calls.Count > 0 ? $",\"tool_plan\":{Quote(planned)}" : "";
        return $$"""
            {"id":"159171ca","message":{"role":"assistant"{{(content.Count == 0 ? "" : $",\"content\":[{string.Join(",", content)}]")}}{{plan}}{{(calls.Length == 0 ? "" : $",\"tool_calls\":[{calls}]")}}},"finish_reason":"{{ReasonOf(answer)}}","usage":{{UsageJson}}}
            """;
    }

    public override IEnumerable<byte[]> Frames(Answer answer)
    {
        yield return Event("message-start", """{"delta":{"message":{"citations":[],"content":[],"role":"assistant","tool_calls":[],"tool_plan":""}},"id":"65c1c25d","type":"message-start"}""");
        var index = 0;
        if (answer.Thought is { } thought)
        {
            foreach (var frame in Content("thinking", thought))
            {
                yield return frame;
            }
        }

        if (answer.Text is { } text)
        {
            foreach (var frame in answer.Calls.Count > 0 ? Pieces(text).Select(Plan) : Content("text", text))
            {
                yield return frame;
            }
        }

        for (var i = 0; i < answer.Calls.Count; i++)
        {
            yield return Event("tool-call-start", $$$$"""{"delta":{"message":{"tool_calls":{"function":{"arguments":"","name":"{{{{answer.Calls[i].Name}}}}"},"id":"{{{{CallId(i)}}}}","type":"function"}}},"index":{{{{i}}}},"type":"tool-call-start"}""");
            foreach (var piece in Pieces(answer.Calls[i].Arguments))
            {
                yield return Event("tool-call-delta", $$$$$"""{"delta":{"message":{"tool_calls":{"function":{"arguments":{{{{{Quote(piece)}}}}}}}}},"index":{{{{{i}}}}},"type":"tool-call-delta"}""");
            }

            yield return Event("tool-call-end", $$"""{"index":{{i}},"type":"tool-call-end"}""");
        }

        yield return Event("message-end", $$$"""{"delta":{"finish_reason":"{{{ReasonOf(answer)}}}","usage":{{{UsageJson}}}},"type":"message-end"}""");

        IEnumerable<byte[]> Content(string kind, string value)
        {
            yield return Event("content-start", $$$$"""{"delta":{"message":{"content":{"{{{{kind}}}}":"","type":"{{{{kind}}}}"}}},"index":{{{{index}}}},"type":"content-start"}""");
            foreach (var piece in Pieces(value))
            {
                yield return Event("content-delta", $$$$"""{"delta":{"message":{"content":{"{{{{kind}}}}":{{{{Quote(piece)}}}}}}},"index":{{{{index}}}},"type":"content-delta"}""");
            }

            yield return Event("content-end", $$"""{"index":{{index++}},"type":"content-end"}""");
        }
    }

    private static byte[] Plan(string piece) => Event("tool-plan-delta", $$$"""{"delta":{"message":{"tool_plan":{{{Quote(piece)}}}}},"type":"tool-plan-delta"}""");

    public override byte[] Garbage => Event("content-delta", "{\"delta\": [{]}");

    /// <summary>A stream that fails says so in its last event; what went wrong is told in the error member where there is one.</summary>
    public override IEnumerable<byte[]> FailingFrames(string message) =>
        [.. Beginning(), Event("message-end", $$$"""{"delta":{"error":{{{Quote(message)}}},"finish_reason":"ERROR"},"type":"message-end"}""")];

    public override string Error(int status, string message) => $$"""{"id":"2da0d1db","message":{{Quote(message)}}}""";

    public override IEnumerable<string> ErrorHeaders(int status) => status == 429 ? ["retry-after: 13"] : [];
}
